#!/bin/sh
# Tells the administrators that a guest ended abnormally, and why.
set -u
printf '%s on %s: %s (status %s)\n' "$HIVE_VM" "$HIVE_HOST" "$HIVE_REASON" "$HIVE_STATUS" |
	mail -s "guest $HIVE_VM crashed" root
