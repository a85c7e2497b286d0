"""Text that would mislead or damage whoever shows it: control characters, and marks that turn the direction for good.

Names and summaries end in terminals, tables and pages. A control character can rewrite a terminal's line; a direction
that is turned and never turned back reorders what we print after it. Right-to-left scripts need marks, embeddings and
isolates (Unicode, UAX #9), so those are kept where each is closed again; the two overrides, which show letters in
another order than they are stored, have no honest use in a report.
"""

import re
from collections.abc import Iterator
from typing import Final

import msgspec

from events.problems import Problem, shown
from events.records import Event

#: In JSON bytes, what may stand for a character that is looked at here: raw in UTF-8, or as an escape.
_SUSPECT: Final = re.compile(
    rb"\\(?:[bf]|u(?:00[0189][0-9a-fA-F]|007[fF]|20[26][0-9a-fA-F]))"
    rb"|\x7f|\xc2[\x80-\x9f]|\xe2\x80[\xaa-\xae]|\xe2\x81[\xa6-\xa9]"
)

#: C0 but for tab and line ends, DEL, C1.
_CONTROL: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
_OVERRIDE: Final = re.compile("[\u202d\u202e]")
_OPENS: Final = {"\u202a": "\u202c", "\u202b": "\u202c", "\u2066": "\u2069", "\u2067": "\u2069", "\u2068": "\u2069"}
_CLOSES: Final = frozenset(_OPENS.values())


def suspect(raw: bytes) -> bool:
    """Whether JSON in UTF-8 may hold such a character; a quick look, which errs on the side of yes."""
    if raw.isascii() and b"\\" not in raw and b"\x7f" not in raw:  # no more than three of the processor's own searches
        return False
    return _SUSPECT.search(raw) is not None


def text_problems(event: Event) -> Iterator[Problem]:
    """What is wrong with an event's texts, each by its path."""
    return _within(msgspec.to_builtins(event), "")


def _within(value: object, path: str) -> Iterator[Problem]:
    if isinstance(value, str):
        if (said := _wrong(value)) is not None:
            yield Problem(path, shown(value), said)
    elif isinstance(value, dict):
        for name, item in value.items():
            yield from _within(item, f"{path}.{name}" if path else name)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _within(item, f"{path}[{index}]")


def _wrong(text: str) -> str | None:
    if (found := _CONTROL.search(text)) is not None:
        return f"holds a control character, U+{ord(found[0]):04X}; only tabs and line ends are text"
    if (found := _OVERRIDE.search(text)) is not None:
        return f"holds U+{ord(found[0]):04X}, which shows letters in another order than they are written"
    for line in text.splitlines():
        if (open_one := _unclosed(line)) is not None:
            return f"turns the direction of writing with U+{ord(open_one):04X} and does not turn it back in that line"
    return None


def _unclosed(line: str) -> str | None:
    """The first mark of direction that is still open at the end of a line, where its effect would else end (UAX #9)."""
    waiting: list[str] = []
    for one in line:
        if one in _OPENS:
            waiting.append(one)
        elif one in _CLOSES and waiting and _OPENS[waiting[-1]] == one:
            waiting.pop()
    return waiting[0] if waiting else None
