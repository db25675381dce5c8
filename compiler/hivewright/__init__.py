"""hivewright compiles TOML definitions of bhyve guests into the files a FreeBSD host needs to run them."""

__version__ = "0.1.0"
