#!/bin/sh
# Takes a while.
sleep 10
