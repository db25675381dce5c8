"""The devices of a guest as words of bhyve(8)."""
