"""The screen of one guest: its settings, what they are for, and what a change does, while it is typed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, ClassVar

from textual import work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.screen import Screen
from textual.widgets import DataTable, Input, Static
from textual.worker import get_current_worker

from hivewright.diagnostics.explain import explanation
from hivewright.diagnostics.printer import visible
from hivewright.editing.assignment import AssignmentError, key_path, read_assignment
from hivewright.editing.attempt import ChangedMeanwhileError
from hivewright.editing.document import UneditableError
from hivewright.editor.desk import Desk, Edit, Look
from hivewright.editor.prompts import Choice, Field, Line, Page
from hivewright.editor.settings import Setting
from hivewright.editor.texts import HELP, KEYS, TYPING, about, short

_PANELS = ("about", "TOML", "start script")
_SHOWN_FAULTS = 2
_WRONG_KIND = "KEY003"


class GuestScreen(Screen[None]):
    """Changes are tried in a thread of its own while they are typed, so typing never waits."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("tab", "panel", "", priority=True),
        Binding("a", "add", ""),
        Binding("d,delete", "unset", ""),
        Binding("slash", "find", ""),
        Binding("h", "hide", ""),
        Binding("u", "undo", ""),
        Binding("s,f2", "save", ""),
        Binding("x", "explain", ""),
        Binding("f1", "explain", "", priority=True),
        Binding("question_mark", "keys", ""),
        Binding("left_square_bracket", "scroll(-1)", ""),
        Binding("right_square_bracket", "scroll(1)", ""),
        Binding("q", "back", ""),
        Binding("escape", "escape", "", priority=True),
    ]

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self._desk = desk
        self._look = Look("", (), (), (), 0)
        self._rows: list[Setting] = []
        self._panel = 0
        self._wanted = ""
        self._hides = False
        self._typing: Setting | None = None
        """The setting whose value is being typed."""

    def compose(self) -> ComposeResult:
        yield Static("", id="title", markup=False)
        yield DataTable(cursor_type="row")
        with Horizontal(id="value"):
            yield Static("", id="label", markup=False)
            yield Field(compact=True, disabled=True)
        yield Static("", id="faults", markup=False)
        with VerticalScroll(id="below", can_focus=False):
            yield Static("", id="text", markup=False)
        yield Static(KEYS, id="keys", markup=False)

    def on_mount(self) -> None:
        table = self.query_one(DataTable)
        table.add_columns("SETTING", "VALUE", "FROM")
        table.focus()
        self._try(())

    # What is shown.

    @work(thread=True, exclusive=True, group="look")
    def _try(self, further: Sequence[Edit], as_text: Edit | None = None) -> None:
        """Looks at the guest with a change that is not made yet; ``as_text`` is another reading of the same words."""
        worker = get_current_worker()
        try:
            look = self._desk.look(further)
            if as_text is not None and _is_wrong(look, as_text):
                other = self._desk.look([as_text])
                # Of a size without its unit the reason is that, not that it is a number.
                look = other if not _is_wrong(other, as_text) or look.faults[0].code == _WRONG_KIND else look
        except UneditableError as error:
            if not worker.is_cancelled:
                self.app.call_from_thread(self._refuse, str(error))
            return
        if not worker.is_cancelled:
            self.app.call_from_thread(self._show, look)

    def _refuse(self, reason: str) -> None:
        self.query_one("#faults", Static).update(visible(reason))

    def _show(self, look: Look) -> None:
        self._look = look
        changed = "  * changed" if self._desk.is_changed else ""
        errors = f"  {look.errors} error{'s' * (look.errors > 1)}" if look.errors else ""
        name = f"{self._desk.vm}, {self._desk.file}{changed}{errors}"
        self.query_one("#title", Static).update(visible(name))
        faults = [f"{each.code}: {each.message}" for each in look.faults[:_SHOWN_FAULTS]]
        if faults:
            faults[-1] += "  (F1 explains)"
        self.query_one("#faults", Static).update(visible("\n".join(faults)))
        if self._typing is None:
            self._fill()
        self._fill_panel()

    def _fill(self) -> None:
        """The table of settings, with the cursor at the same key as before."""
        table = self.query_one(DataTable)
        at = self._current
        rows = [each for each in self._look.settings if self._wanted in each.key]
        self._rows = [each for each in rows if each.origin] if self._hides else rows
        table.clear()
        for each in self._rows:
            table.add_row(
                visible(each.key), visible(short(each.text)), visible(each.origin.partition(" (")[0]), key=each.key
            )
        keys = [each.key for each in self._rows]
        if at is not None and at.key in keys:
            table.move_cursor(row=keys.index(at.key))

    def _fill_panel(self) -> None:
        current = self._typing or self._current
        if self._panel == 1:
            text = self._look.toml
        elif self._panel == 2:
            text = "\n".join(self._look.difference) or "The files of this guest stay as they are."
        else:
            text = about(current) if current is not None else ""
        below = self.query_one("#below", VerticalScroll)
        below.border_title = "  ".join(f"({name})" if name == _PANELS[self._panel] else name for name in _PANELS)
        self.query_one("#text", Static).update(visible(text))

    @property
    def _current(self) -> Setting | None:
        at = self.query_one(DataTable).cursor_row
        return self._rows[at] if 0 <= at < len(self._rows) else None

    def on_data_table_row_highlighted(self) -> None:
        if self._typing is None:
            self._fill_panel()

    # Changing a value.

    def on_data_table_row_selected(self) -> None:
        if self._current is not None:
            self._type(self._current)

    def _type(self, setting: Setting) -> None:
        self._typing = setting
        field = self.query_one(Input)
        self.query_one("#label", Static).update(visible(f"{setting.key} = "))
        self.query_one("#keys", Static).update(TYPING)
        field.disabled = False
        field.value = setting.text
        field.cursor_position = len(setting.text)
        field.focus()
        self._fill_panel()

    def _edits(self, typed: str) -> tuple[Edit, Edit | None]:
        """What was typed, and the same as text where TOML would take it for something else."""
        assert self._typing is not None
        path = self._typing.path
        assignment = read_assignment(f"x={typed}")
        other = assignment.as_text()
        return Edit(path, assignment.value), Edit(path, other.value) if other != assignment else None

    def on_input_changed(self, event: Input.Changed) -> None:
        if self._typing is not None and event.value != self._typing.text:
            edit, as_text = self._edits(event.value)
            self._try([edit], as_text)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        if self._typing is None:
            return
        if event.value != self._typing.text:
            edit, as_text = self._edits(event.value)
            try:
                if as_text is not None and _is_wrong(self._desk.look([edit]), edit):
                    edit = as_text
                self._desk.texts([edit])
                self._desk.edits.append(edit)
            except UneditableError as error:
                self.notify(visible(str(error)), markup=False)
        self._stop_typing()

    def _stop_typing(self) -> None:
        self._typing = None
        field = self.query_one(Input)
        field.value = ""
        field.disabled = True
        self.query_one("#label", Static).update("")
        self.query_one("#keys", Static).update(KEYS)
        self.query_one(DataTable).focus()
        self._try(())

    def action_add(self) -> None:
        def add(text: str | None) -> None:
            if not text:
                return
            try:
                path = key_path(text.partition("=")[0].strip())
            except AssignmentError as error:
                self.notify(visible(str(error)), markup=False)
                return
            self._type(Setting(path, None, ""))
            self.query_one(Input).value = text.partition("=")[2].strip()

        self.app.push_screen(Line("The key, such as disk.data.size, vnc, or nic.lan.mtu:"), add)

    def action_unset(self) -> None:
        if self._current is not None and self._current.origin == self._desk.file:
            self._make(Edit(self._current.path, None))

    def _make(self, edit: Edit) -> None:
        try:
            self._desk.texts([edit])
        except UneditableError as error:
            self.notify(visible(str(error)), markup=False)
            return
        self._desk.edits.append(edit)
        self._try(())

    def action_undo(self) -> None:
        if self._desk.edits:
            self._desk.edits.pop()
            self._try(())

    # Looking.

    def action_find(self) -> None:
        def find(text: str | None) -> None:
            self._wanted = text or ""
            self._fill()

        self.app.push_screen(Line("Which settings? A part of a key; empty for all."), find)

    def action_hide(self) -> None:
        self._hides = not self._hides
        self._fill()

    def action_panel(self) -> None:
        self._panel = (self._panel + 1) % len(_PANELS)
        self.query_one("#below", VerticalScroll).scroll_home(animate=False)
        self._fill_panel()

    def action_scroll(self, direction: int) -> None:
        below = self.query_one("#below", VerticalScroll)
        below.scroll_relative(y=direction * max(1, below.size.height - 1), animate=False)

    def action_keys(self) -> None:
        self.app.push_screen(Page(HELP))

    def action_explain(self) -> None:
        text = explanation(self._look.faults[0].code) if self._look.faults else None
        if text is not None:
            first = self._look.faults[0]
            help_text = f"\n\n{first.help}" if first.help else ""
            self.app.push_screen(Page(visible(f"{first.code}: {first.message}{help_text}\n\n{text}")))

    # Leaving.

    def action_escape(self) -> None:
        if self._typing is not None:
            self._stop_typing()
        else:
            self.action_back()

    def action_back(self) -> None:
        if not self._desk.is_changed:
            self.dismiss(None)
            return

        def leave(key: str | None) -> None:
            if key == "s":
                self._save(lambda: self.dismiss(None))
            elif key == "d":
                self._desk.open("")
                self.dismiss(None)

        choices = {"s": "save, and go back", "d": "drop the changes, and go back", "c": "go on here"}
        self.app.push_screen(Choice(f"{self._desk.vm} was changed.", choices), leave)

    def action_save(self) -> None:
        if self._desk.is_changed:
            self._save(lambda: self.notify("Written. Now run: hivewright build", markup=False))

    def _save(self, then: Callable[[], Any]) -> None:
        """Writes; where the site would have errors, or somebody else changed a file, says so and keeps the changes."""
        try:
            look = self._desk.look()
            if look.errors:
                self._show(look)
                self.notify("Not written: the site would have errors.", severity="error", markup=False)
                return
            self._desk.save()
        except ChangedMeanwhileError:
            self._read_again()
            return
        except (OSError, UneditableError) as error:
            self.notify(visible(f"Not written: {error}"), severity="error", markup=False)
            return
        self._try(())
        then()

    def _read_again(self) -> None:
        def decide(key: str | None) -> None:
            if key == "r":
                self._desk.read()
                self._try(())

        choices = {
            "r": "read it again, and make my changes in what it is now; nothing is written yet",
            "c": "leave all as it is",
        }
        text = f"Somebody else changed {self._desk.file} meanwhile. Nothing was written."
        self.app.push_screen(Choice(text, choices), decide)


def _is_wrong(look: Look, edit: Edit) -> bool:
    """Whether an error points at the key of a change."""
    return any(each.severity == "error" and getattr(each.place, "path", ())[2:] == edit.path for each in look.faults)
