"""Small questions in front of a screen: one line of text, one key of several, or a page to read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.events import Key
from textual.screen import ModalScreen
from textual.widgets import Input, Static

_EDITING = {
    "backspace": "delete_left",
    "delete": "delete_right",
    "left": "cursor_left",
    "right": "cursor_right",
    "home": "home",
    "end": "end",
    "ctrl+a": "home",
    "ctrl+e": "end",
    "ctrl+k": "delete_right_all",
    "ctrl+u": "delete_left_all",
    "ctrl+w": "delete_left_word",
}


class Field(Input):
    """One line of text. Its keys act at once: by bindings, keys that arrive together would overtake one another."""

    async def _on_key(self, event: Key) -> None:
        if event.key == "enter":
            event.stop()
            event.prevent_default()
            await self.action_submit()
        elif event.key in _EDITING:
            event.stop()
            event.prevent_default()
            getattr(self, f"action_{_EDITING[event.key]}")()
        else:
            await super()._on_key(event)


class Line(ModalScreen[str]):
    """Asks for one line; empty when nothing was wanted."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "leave", "")]

    def __init__(self, question: str, text: str = "") -> None:
        super().__init__()
        self._question = question
        self._text = text

    def compose(self) -> ComposeResult:
        with Vertical(classes="prompt"):
            yield Static(self._question, markup=False)
            yield Field(self._text, compact=True)
            yield Static("Enter takes it, Escape leaves", markup=False, classes="quiet")

    def on_input_submitted(self, event: Input.Submitted) -> None:
        self.dismiss(event.value.strip())

    def action_leave(self) -> None:
        self.dismiss("")


class Choice(ModalScreen[str]):
    """Asks for one of several keys; the last stands for Escape."""

    def __init__(self, question: str, choices: Mapping[str, str]) -> None:
        super().__init__()
        self._question = question
        self._choices = choices

    def compose(self) -> ComposeResult:
        with Vertical(classes="prompt"):
            yield Static(self._question, markup=False)
            yield Static("\n".join(f"  {key}  {text}" for key, text in self._choices.items()), markup=False)

    def on_key(self, event: Key) -> None:
        event.stop()
        if event.key in self._choices:
            self.dismiss(event.key)
        elif event.key == "escape":
            self.dismiss(list(self._choices)[-1])


class Page(ModalScreen[None]):
    """Something to read."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,q,enter", "leave", "")]

    def __init__(self, text: str) -> None:
        super().__init__()
        self._text = text

    def compose(self) -> ComposeResult:
        with VerticalScroll(classes="page"):
            yield Static(self._text, markup=False)

    def action_leave(self) -> None:
        self.dismiss(None)
