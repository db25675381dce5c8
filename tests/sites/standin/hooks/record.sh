#!/bin/sh
# Leaves its whole environment where the scenario finds it.
echo "== $HIVE_MOMENT" >> /tmp/hooks
env | sort | grep -v -e '^HIVE_PID=' -e '^PWD=' -e '^OLDPWD=' -e '^SHLVL=' -e '^_=' >> /tmp/hooks
