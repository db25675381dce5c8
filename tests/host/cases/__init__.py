"""What is tested on the stand-in host and is no scenario: several hosts, bundles, numbers."""
