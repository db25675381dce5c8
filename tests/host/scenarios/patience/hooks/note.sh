#!/bin/sh
echo "hook $HIVE_MOMENT of $HIVE_VM"
