"""The statement that devd(8) runs for an event, as the stand-in host finds it."""

from __future__ import annotations

from host.devd_events import action_for


def test_the_statement_with_the_highest_priority_wins_and_words_are_quoted() -> None:
    text = (
        'notify 1 { match "system" "A"; action "low $x"; };\n'
        'notify 9 { match "system" "A"; match "x" "!b"; action "high $x"; };\n'
    )
    assert action_for(text, "!system=A x=it's") == "high 'it'\\''s'"
    assert action_for(text, "!system=A x=b") == "low 'b'"
    assert action_for(text, "!system=AA") == ""
