#!/bin/sh
# Notes the moment, and what there is to say of it.
echo "$HIVE_MOMENT${HIVE_CHECKPOINT:+ $HIVE_CHECKPOINT}${HIVE_PEER:+ $HIVE_PEER}" >>/tmp/moments
[ ! -e "/tmp/refuse-$HIVE_MOMENT" ]
