#!/bin/sh
echo "$HIVE_VM $HIVE_MOMENT" >>/tmp/hooks
