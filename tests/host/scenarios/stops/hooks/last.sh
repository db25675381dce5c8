#!/bin/sh
echo "the last words of $HIVE_VM"
