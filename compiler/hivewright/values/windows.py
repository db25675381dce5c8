"""Names of languages and keyboards for Windows."""

from __future__ import annotations

_KEYBOARDS = {
    "at": "de-AT",
    "be": "fr-BE",
    "br": "pt-BR",
    "ca": "fr-CA",
    "ch": "de-CH",
    "cz": "cs-CZ",
    "de": "de-DE",
    "dk": "da-DK",
    "ee": "et-EE",
    "es": "es-ES",
    "fi": "fi-FI",
    "fr": "fr-FR",
    "gb": "en-GB",
    "gr": "el-GR",
    "hr": "hr-HR",
    "hu": "hu-HU",
    "ie": "en-IE",
    "is": "is-IS",
    "it": "it-IT",
    "jp": "ja-JP",
    "lt": "lt-LT",
    "lv": "lv-LV",
    "nl": "nl-NL",
    "no": "nb-NO",
    "pl": "pl-PL",
    "pt": "pt-PT",
    "ro": "ro-RO",
    "ru": "ru-RU",
    "se": "sv-SE",
    "si": "sl-SI",
    "sk": "sk-SK",
    "tr": "tr-TR",
    "ua": "uk-UA",
    "uk": "en-GB",
    "us": "en-US",
}
"""A layout by its name elsewhere -> the language whose usual keyboard it is."""


def keyboard_of(layout: str) -> str | None:
    """What InputLocale says for a layout; ``None`` for one that is not known."""
    return _KEYBOARDS.get(layout)


def language_of(locale: str | None) -> str:
    """``de-DE`` for ``de_DE.UTF-8``; American English where none is said."""
    language = (locale or "").partition(".")[0].partition("@")[0].replace("_", "-")
    return language if "-" in language else "en-US"
