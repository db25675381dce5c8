#!/bin/sh
# Whether the guest has had its first boot: its agent finds what that leaves at its end.
mark=/var/lib/cloud/instance/boot-finished
ask() { hivectl agent --timeout 3 "$HIVE_VM" "$@" 2>&1; }
handle=$(ask guest-file-open "{\"path\":\"$mark\"}") || { echo "its first boot goes on: $handle"; exit 1; }
ask guest-file-close "{\"handle\":$handle}" || :
