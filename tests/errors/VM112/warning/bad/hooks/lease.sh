#!/bin/sh
local_lease() {
	local lease
	read -r -t 5 lease
	echo -n "$lease"
}
cd /srv/leases
rm "$HIVE_VM"
