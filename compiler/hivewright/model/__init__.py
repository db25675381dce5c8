"""The site's data model. Field descriptions are the source of hivewright.toml(5)."""
