#!/bin/sh
# Refuses to start the database when its pool has less than 20 GiB left.
set -u
free=$(zfs list -Hp -o available zroot/vms) || exit 1
if [ "$free" -lt 21474836480 ]; then
	printf '%s: only %s bytes are free in zroot/vms\n' "$HIVE_VM" "$free" >&2
	exit 1
fi
