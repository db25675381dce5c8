#!/bin/sh
echo "begins after $HIVE_REASON"
sleep 25
echo 'is done'
