#!/bin/sh
# Fails always.
echo "$HIVE_MOMENT fails" >>/tmp/moments
exit 4
