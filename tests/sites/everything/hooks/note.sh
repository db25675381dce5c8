#!/bin/sh
printf "%s %s\n" "$HIVE_MOMENT" "$HIVE_VM" >>/var/log/moments
