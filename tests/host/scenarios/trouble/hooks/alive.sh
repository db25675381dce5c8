#!/bin/sh
# Says whether the guest runs a second after the hook began.
sleep 1
if [ -s "/var/run/hivewright/$HIVE_VM/pid" ]; then
	echo running > /tmp/alive
else
	echo gone > /tmp/alive
fi
