"""VLANs of uplinks, uplinks that are down, and what else an interface of ours takes from its parent."""
