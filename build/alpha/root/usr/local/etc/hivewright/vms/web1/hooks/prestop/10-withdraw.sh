#!/bin/sh
# Takes the guest out of the load balancer before it is stopped.
set -u
rm -f "/var/db/balancer/$HIVE_VM"
