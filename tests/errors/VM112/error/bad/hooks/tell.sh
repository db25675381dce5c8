#!/bin/sh
if [ "$HIVE_STATUS" = unknown ]; then
	echo "$HIVE_VM crashed"
