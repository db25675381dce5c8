"""``hivewright new vm``: writes a guest from answers, which it asks for or takes as ``key=value``."""

from __future__ import annotations

import sys
from argparse import Namespace
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from hivewright.commands.asking import read_line
from hivewright.diagnostics import Diagnostic, Place
from hivewright.diagnostics.printer import visible
from hivewright.editing.assignment import AssignmentError, at_fault, read_assignment, without_types
from hivewright.editing.attempt import check_sources, news
from hivewright.editing.change import ChangeError, guests_of
from hivewright.editing.draft import Draft
from hivewright.editing.edits import conclude
from hivewright.editing.guests import Texts
from hivewright.editing.questions import QUESTIONS, Question
from hivewright.editing.unwritten import without_places
from hivewright.pipeline.session import Session
from hivewright.source import Sources, find_project, no_project, read_site

if TYPE_CHECKING:
    from hivewright.plan import VmPlan

_LISTED = 6
"""So many choices stand in the question; more are shown when they are asked for."""
_INDENT = "      "


def new_vm(arguments: Namespace, words: Sequence[str]) -> int:
    """0; 1 when the site has errors, or would have, or nothing was wanted after all; 2 for words that make no sense."""
    given = dict(word.split("=", 1) for word in words if "=" in word)
    names = [word for word in words if "=" not in word]
    if len(names) + ("name" in given) > 1:
        return _misuse(f"one name is enough: {' '.join([*names, *filter(None, [given.get('name')])])}")
    asking = not given and sys.stdin.isatty()
    answers = {"name": names[0]} if names else {}
    answers |= {key: value for key, value in given.items() if key in _KEYS}
    try:
        further = [read_assignment(f"{key}={value}") for key, value in given.items() if key not in _KEYS]
    except AssignmentError as error:
        return _misuse(str(error))
    project = find_project(Path(arguments.directory))
    session, known = check_sources(arguments, project, read_site(project))
    if no_project(session.sources) is not None or session.site is None or session.has_errors(known):
        with session:
            session.report(known)
        return 1
    draft = Draft(guests_of(session), session.site, QUESTIONS, arguments.file)
    dialog = _Dialog(arguments, session, known, draft)
    try:
        if asking:
            dialog.ask(answers)
        else:
            draft.answers, draft.typed, draft.further = dict(answers), set(answers), further
            draft.take_defaults()
            _refuse_gaps(draft)
        return dialog.finish(asking)
    except ChangeError as error:
        return _misuse(str(error))
    except EOFError:
        sys.stderr.write("\nhivewright: the questions were not answered; nothing was written\n")
        return 1


_KEYS = {each.key for each in QUESTIONS}


def _misuse(text: str) -> int:
    sys.stderr.write(visible(f"hivewright: {text}\n"))
    return 2


def _refuse_gaps(draft: Draft) -> None:
    """Raises ``ChangeError`` for a question that has to be answered, and for an answer that has no question."""
    draft.guests.free(draft["name"])
    for question in QUESTIONS:
        if question.asked(draft) and not draft[question.key]:
            there = question.choices(draft)
            raise ChangeError(f"give {question.key}={'|'.join(there) or 'VALUE'}")
    if "key" in draft.answers and not draft.new_user:
        raise ChangeError(f"{draft['user']} has keys already; key= is for a user that is new")


class _Dialog:
    """Asks, shows and writes."""

    def __init__(self, arguments: Namespace, session: Session, known: list[Diagnostic], draft: Draft) -> None:
        self._arguments = arguments
        self._session = session
        self._known = known
        self._draft = draft
        self._before: set[tuple[str, str]] = set()
        """What is wrong with the guest for want of answers."""

    def ask(self, answers: Mapping[str, str]) -> None:
        """Asks all questions that are not answered. Each answer is checked at once, and asked for again if wrong."""
        print("Enter takes what stands in brackets, ? shows what there is; nothing is written before the end.")
        for question in QUESTIONS:
            if question.key in answers:
                fault = self._accept(question, answers[question.key])
                if fault:
                    raise ChangeError(fault)
            elif question.asked(self._draft):
                while fault := self._accept(question, self._answer(question)):
                    print(visible(f"{_INDENT}{fault}"))

    def _answer(self, question: Question) -> str:
        """What was typed; empty for the default."""
        choices, default = question.choices(self._draft), question.default(self._draft)
        shown = f" ({', '.join(choices)})" if 1 < len(choices) <= _LISTED else ""
        in_brackets = f" [{default}]" if default else ""
        while (answer := read_line(visible(f"{question.prompt}{shown}{in_brackets}: "))) == "?":
            print(visible(f"{_INDENT}{', '.join(choices) or 'a value of your own'}"))
        return answer

    def _accept(self, question: Question, typed: str) -> str:
        """What is wrong with an answer; empty when it was taken."""
        draft = self._draft
        answer = typed or question.default(draft)
        if not answer:
            return "this needs an answer"
        draft.answers[question.key] = answer
        if typed:
            draft.typed.add(question.key)
        fault = self._fault(question)
        if fault:
            del draft.answers[question.key]
            draft.typed.discard(question.key)
        return fault

    def _fault(self, question: Question) -> str:
        """What the answer to a question makes wrong, in the site as it is with it and with defaults for the rest."""
        draft = self._draft
        try:
            if question.key == "name":
                draft.guests.free(draft["name"])
            _, found = news(self._arguments, self._session, self._known, draft.edit().texts)
        except ChangeError as error:
            return str(error)
        errors = {(each.code, each.message): each for each in found if each.severity == "error"}
        own = [
            each for key, each in errors.items() if key not in self._before or _is_about(each, question, draft)
        ] if question.key != "name" else []  # fmt: skip
        if own:
            return "; ".join(filter(None, (own[0].message, own[0].help)))
        self._before = set(errors)
        return ""

    def finish(self, asking: bool) -> int:
        """Checks all, shows it, and writes it, if that is still wanted."""
        arguments = self._arguments
        texts, command = self._compiled()
        if command is None:
            return 1
        if asking or arguments.dry_run or not arguments.quiet:
            for line in (*_added(self._session.sources, texts), *command):
                print(visible(line))
        if arguments.dry_run:
            return 0
        if asking and not _is_wanted():
            print("Nothing was written.")
            return 1
        status = conclude(arguments, self._session.sources, texts)
        if status == 0 and not arguments.quiet:
            sys.stderr.write("Now run: hivewright build\n")
        return status

    def _compiled(self) -> tuple[Texts, list[str] | None]:
        """The new texts, and the command of the guest; without one after faults, which were reported."""
        from hivewright.pipeline.in_memory import plan_guest

        draft = self._draft
        texts = draft.edit().texts
        trial, found = news(self._arguments, self._session, self._known, texts)
        others = without_types(draft.further, found)
        if others != draft.further:
            draft.further, kept = others, draft.further
            other, better = news(self._arguments, self._session, self._known, draft.edit().texts)
            if at_fault(others, better):
                draft.further = kept
            else:
                texts, trial, found = draft.edit().texts, other, better
        with trial:
            if any(each.severity == "error" for each in found):
                found = without_places(found, texts, self._session.sources.texts, "say by KEY=VALUE what is otherwise")
            if trial.report(found) or trial.site is None:
                return texts, None
            vm = trial.site.vms[draft["name"]]
            host = trial.site.hosts_of(vm)[0]
            plan = plan_guest(trial, trial.site, draft["name"], host)
            return texts, None if plan is None else list(_command(plan))


def _is_wanted() -> bool:
    while (answer := read_line("Write this? (yes, no) [yes]: ").lower() or "yes") not in ("yes", "y", "no", "n"):
        print(f"{_INDENT}yes or no")
    return answer.startswith("y")


def _is_about(diagnostic: Diagnostic, question: Question, draft: Draft) -> bool:
    """Whether a diagnostic points at what the answer to a question set."""
    place = diagnostic.place
    if not isinstance(place, Place):
        return False
    paths = [("vm", draft["name"], *path) for path, _ in question.values(draft)]
    if question.key == "key":
        paths = [("user", draft.new_user, "ssh_keys")]
    return any(place.path[: len(path)] == path for path in paths)


def _added(sources: Sources, texts: Texts) -> Iterator[str]:
    """What comes new into each file, with its name."""
    for name, text in texts.items():
        before = sources.texts.get(name, "").rstrip("\n")
        yield f"# {name}" + (", at its end" if before else "")
        yield from (text or "")[len(before) :].strip("\n").splitlines()
        yield ""


def _command(plan: VmPlan) -> Iterator[str]:
    """The command of bhyve(8), one option a line, as it can be typed."""
    from hivewright.emit.quote import quote_sh

    yield f"# the command on {plan.host}"
    yield "/usr/sbin/bhyve \\"
    for option in plan.options:
        yield f"    {' '.join(map(quote_sh, option.words))} \\"
    yield f"    {quote_sh(plan.name)}"
