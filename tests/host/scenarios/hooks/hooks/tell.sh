#!/bin/sh
# Notes all that a hook is told.
echo "== $HIVE_MOMENT" >>/tmp/told
env | sort | grep -v -e '^PWD=' -e '^OLDPWD=' -e '^SHLVL=' -e '^_=' >>/tmp/told
