#!/bin/sh
# Ready where /tmp/primary is; where /tmp/hang is, it never ends, and a helper outlives it.
echo "$HIVE_VM $HIVE_MOMENT" >>/tmp/asked
if [ -e /tmp/hang ]; then
	sleep 500 &
	sleep 500
fi
echo looking
[ -e /tmp/primary ] || { echo "no primary yet"; exit 3; }
