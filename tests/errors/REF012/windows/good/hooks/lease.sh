#!/bin/sh
printf "\r\n"
