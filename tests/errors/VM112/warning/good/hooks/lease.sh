#!/bin/sh
local_lease() {
	local lease
	read -r -t 5 lease
	echo -n "$lease"
}
cd /srv/leases || exit 1
rm "$HIVE_VM"
local_lease
