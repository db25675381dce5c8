#!/bin/sh
hivectl agent "$HIVE_VM" ping
