"""The site's data model. Field descriptions are the source of hivewright.toml(5)."""

import sys
from types import ModuleType


def _look_for_no_plugins() -> None:
    """Keeps pydantic from searching all installed packages for plugins when it builds its first validator.

    The search loads importlib.metadata and email, a tenth of the time of ``hivewright check``, and a plugin that
    happens to be installed could change what a site means. A pydantic that no longer has this module ignores it.
    """
    loader = ModuleType("pydantic.plugin._loader")
    loader.get_plugins = tuple  # type: ignore[attr-defined]
    sys.modules.setdefault(loader.__name__, loader)


_look_for_no_plugins()
