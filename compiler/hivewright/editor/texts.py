"""What the screen of a guest says about its keys and its settings."""

from __future__ import annotations

from hivewright.editor.settings import Setting, documentation

KEYS = "Enter change  a add  d unset  / find  Tab panel  u undo  s save  q back  ? keys"
TYPING = "Enter take it   Escape leave it   Tab panel   F1 explain"
HELP = """\
Enter      change the setting under the cursor; what is typed is checked at once
a          add a setting by its key, such as disk.data.size or vnc
d, Delete  take a setting out of this guest; a template, the profile or a default may then give it
/          show settings with a part of a key only
h          hide settings that are not set, or show them again
Tab        below: what a setting is for, the TOML of the guest, how the files on its host change
[ ]        scroll that
u          undo the last change
x, F1      explain what is wrong; F1 also while you type
s, F2      save; nothing is written while the site would have errors
q, Escape  back to the list

A value is written as in TOML; around text, quotes may be left out. Nothing typed takes the setting out.
"""


def about(setting: Setting) -> str:
    value = f"{setting.key} = {setting.text}" if setting.origin else f"{setting.key} is not set"
    return "\n".join(filter(None, (value, setting.origin and f"from {setting.origin}", documentation(setting.path))))


def short(text: str) -> str:
    return text if len(text) <= 30 else f"{text[:29]}…"
