#!/bin/sh
echo "$HIVE_MOMENT first" >> /tmp/hooks
