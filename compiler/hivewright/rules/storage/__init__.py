"""Rules about storages, images and disks."""
