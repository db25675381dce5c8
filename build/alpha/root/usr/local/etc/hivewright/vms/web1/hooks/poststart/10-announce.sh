#!/bin/sh
# Tells the load balancer's file that this guest takes requests.
set -u
mkdir -p /var/db/balancer || exit 1
printf '%s\n' "$HIVE_HOST" >"/var/db/balancer/$HIVE_VM"
