"""Guests with an agent: what it is asked, and what an agent that is silent, late or lying costs."""
