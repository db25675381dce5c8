"""Guests that go into an archive, and come out of one."""
