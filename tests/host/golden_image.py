"""The image that sites of the scenarios name, as a server has it, and what is in it."""

from __future__ import annotations

import base64
import hashlib

URL = "https://images.example.net/golden.raw.xz"
PACKED = base64.b64decode(
    "/Td6WFoAAAFpIt42AgAhARYAAAB0L+Wj4AUTABtdADObyc2KqS+8GW6mcFjdgdUusVEhLyQTmgRn"
    "AAAAo48u7gABM5QKAAAAasCACj4wDYsCAAAAAAFZWg=="
).decode("latin-1")
RAW = b"golden image\n" * 100
CONTENT = hashlib.sha256(RAW).hexdigest()[:8]
"""How the state of the host shows a volume that begins with it."""
URLS = {URL: PACKED}
