"""Rules about hosts: releases, placement, capacity, order of start and stop."""
