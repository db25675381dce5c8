"""The scenarios of the stand-in host: a folder for each topic, with its site beside its scenarios."""
