#!/bin/sh
echo "$HIVE_MOMENT second" >> /tmp/hooks
