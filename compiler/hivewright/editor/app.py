"""The editor on a terminal: the list of guests, and the screen of one of them.

Colours are the sixteen of the terminal, and nothing is told by a colour alone; the mouse is left to the terminal.
"""

from __future__ import annotations

from argparse import Namespace
from typing import ClassVar

from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.screen import Screen
from textual.widgets import DataTable, Static

from hivewright.diagnostics.printer import visible
from hivewright.editing.change import ChangeError
from hivewright.editor.desk import Desk
from hivewright.editor.guest import GuestScreen
from hivewright.editor.prompts import Line
from hivewright.source import Project

_KEYS = "Enter edit   n new   / find   q leave"


class GuestList(Screen[None]):
    """All guests of the site."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("n", "new", "new"),
        Binding("slash", "find", "find"),
        Binding("q,escape", "app.quit", "leave"),
    ]

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self._desk = desk
        self._wanted = ""

    def compose(self) -> ComposeResult:
        yield Static("", id="title", markup=False)
        yield DataTable(cursor_type="row", zebra_stripes=False)
        yield Static(_KEYS, id="keys", markup=False)

    def on_mount(self) -> None:
        self.query_one(DataTable).add_columns("NAME", "HOST", "PROFILE", "FILE")

    def on_screen_resume(self) -> None:
        table = self.query_one(DataTable)
        at = table.cursor_row
        table.clear()
        for row in self._desk.guests():
            if self._wanted in " ".join(row):
                table.add_row(*map(visible, row), key=row[0])
        table.move_cursor(row=min(at, max(0, table.row_count - 1)))
        errors = sum(each.severity == "error" for each in self._desk.known)
        faults = f"{errors} error{'s' * (errors > 1)}, which hivewright check tells"
        about = faults if errors else f"{table.row_count} guests"
        found = f", with {self._wanted!r} in their lines" if self._wanted else ""
        self.query_one("#title", Static).update(visible(f"{self._desk.project.site}: {about}{found}"))

    def on_data_table_row_selected(self, event: DataTable.RowSelected) -> None:
        self._desk.open(str(event.row_key.value))
        self.app.push_screen(GuestScreen(self._desk))

    def action_find(self) -> None:
        def find(text: str | None) -> None:
            self._wanted = text or ""

        self.app.push_screen(Line("Which guests? A part of a name, a host, a profile or a file; empty for all."), find)

    def action_new(self) -> None:
        if self._desk.session.site is None or any(each.severity == "error" for each in self._desk.known):
            self.notify("The site has errors; mend them first (hivewright check).", markup=False)
            return
        hosts = list(self._desk.session.site.hosts)

        def create(text: str | None) -> None:
            name, _, host = (text or "").partition(" ")
            host = host.strip() or (hosts[0] if len(hosts) == 1 else "")
            if not name:
                return
            if host not in hosts:
                self.notify(f"Say on which host: {name} {'|'.join(hosts)}", markup=False)
                return
            try:
                self._desk.create(name, host)
            except ChangeError as error:
                self.notify(visible(str(error)), markup=False)
                return
            self.app.push_screen(GuestScreen(self._desk))

        where = "" if len(hosts) == 1 else f", a space, and its host ({', '.join(hosts)})"
        self.app.push_screen(Line(f"The name of the new guest{where}:"), create)


class Editor(App[None]):
    """Begins with the list, or with one guest."""

    TITLE = "hivewright edit"
    ENABLE_COMMAND_PALETTE = False
    CSS = """
    Screen { background: ansi_default; color: ansi_default; }
    #title { text-style: bold; height: 1; }
    #keys, .quiet { height: 1; text-style: dim; }
    DataTable { height: 1fr; scrollbar-size: 0 1; }
    DataTable > .datatable--header { text-style: bold underline; }
    DataTable > .datatable--cursor, DataTable:blur > .datatable--cursor { text-style: reverse; }
    #value { height: 1; }
    #value Static { width: auto; }
    #value Input, .prompt Input { border: none; padding: 0; height: 1; width: 1fr; background: ansi_default; }
    #faults { height: auto; max-height: 4; color: ansi_red; text-style: bold; }
    #below { height: 7; border-top: solid ansi_default; scrollbar-size: 0 1; }
    ModalScreen { align: center middle; }
    .prompt { width: 76; height: auto; border: solid ansi_default; padding: 0 1; background: ansi_default; }
    .page { width: 100%; height: 100%; border: solid ansi_default; padding: 0 1; background: ansi_default; }
    ToastRack { align: right top; }
    Toast { max-width: 76; border: solid ansi_default; background: ansi_default; }
    """

    def __init__(self, arguments: Namespace, project: Project, vm: str = "") -> None:
        super().__init__(ansi_color=True)
        self.theme = "ansi-dark"
        self.desk = Desk(arguments, project)
        self._vm = vm

    async def action_quit(self) -> None:
        """Leaves, unless changes would be lost."""
        if isinstance(self.screen, GuestScreen):
            self.screen.action_back()
        elif self.desk.is_changed:
            self.notify("There are changes that are not saved.", markup=False)
        else:
            self.exit()

    def on_mount(self) -> None:
        self.push_screen(GuestList(self.desk))
        if self._vm:
            self.desk.open(self._vm)
            self.push_screen(GuestScreen(self.desk))
