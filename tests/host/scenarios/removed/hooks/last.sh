#!/bin/sh
[ ! -e /tmp/refuse ] && echo "$HIVE_VM $HIVE_MOMENT" >>/tmp/removed
