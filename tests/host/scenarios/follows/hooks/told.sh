#!/bin/sh
echo "$HIVE_VM $HIVE_MOMENT $HIVE_TOLD" >>/tmp/told
[ ! -e /tmp/hang ] || sleep 500
