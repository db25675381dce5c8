#!/usr/local/bin/python3
if True:
    print("a lease")
