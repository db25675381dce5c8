"""Verbs on the stand-in host with trouble at each of their steps, or at some (campaign.py)."""
