#!/bin/sh
# Never comes to its end by itself.
echo "$HIVE_MOMENT slow" >>/tmp/moments
exec sleep 1000
