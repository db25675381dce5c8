#!/bin/sh
# Refuses the start while /tmp/refuse exists.
if [ -e /tmp/refuse ]; then
	echo "the administrator refuses" 1>&2
	exit 3
fi
