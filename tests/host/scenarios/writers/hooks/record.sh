#!/bin/sh
: >/srv/hook.ran
