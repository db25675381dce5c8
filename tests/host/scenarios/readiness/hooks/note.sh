#!/bin/sh
echo "$HIVE_MOMENT" >>/tmp/moments
