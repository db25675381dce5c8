"""First-boot data of guests for cloud-init. Entrance: ``nocloud``."""
