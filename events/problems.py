"""What is wrong with an event, field by field, in words that tell what would do."""

import re
from collections.abc import Iterable
from itertools import islice
from typing import Final, NamedTuple

MAX_SHOWN = 120

#: So many problems of one event are told: an answer must not grow far beyond what was posted.
MAX_PROBLEMS = 25

#: Control characters, and marks that turn the direction of what follows.
_UNSEEN: Final = re.compile("[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


class Problem(NamedTuple):
    """One thing wrong: the field by its path (`report.chain[0]`), the value that stood there, what would do instead."""

    field: str
    value: object
    message: str

    def __str__(self) -> str:
        return f"{self.field}: {self.message}" if self.field else self.message


class UnusableEvent(ValueError):
    """An event that is refused, with every problem found in it.

    Attributes:
        problems: At least one; where there are more than MAX_PROBLEMS, the last says that there are more.
        conflict: It contradicts what the log holds (HTTP 409), rather than being wrong in itself (422).
    """

    def __init__(self, problems: Iterable[Problem], *, conflict: bool = False) -> None:
        found = tuple(islice(problems, MAX_PROBLEMS + 1))
        more = Problem("", None, "and more; mend these first")
        self.problems = found if len(found) <= MAX_PROBLEMS else (*found[:MAX_PROBLEMS], more)
        self.conflict = conflict
        super().__init__("; ".join(str(problem) for problem in self.problems))


def visible(text: str) -> str:
    """A text with the escapes of characters that do something rather than being seen."""
    return _UNSEEN.sub(lambda one: f"\\u{ord(one[0]):04x}", text)


def shown(value: object) -> object:
    """A value as it is safe and useful to show in an error, also on a terminal: long text and containers are cut short,
    and characters that do something rather than being seen stand as their escapes.
    """
    if isinstance(value, str):
        cut = value if len(value) <= MAX_SHOWN else value[: MAX_SHOWN - 1] + "…"
        return visible(cut)
    if isinstance(value, int | float | bool) or value is None:
        return value if len(repr(value)) <= MAX_SHOWN else repr(value)[: MAX_SHOWN - 1] + "…"
    try:
        text = repr(value)
    except RecursionError:
        return "(nested too deeply to show)"
    return text if len(text) <= MAX_SHOWN else text[: MAX_SHOWN - 1] + "…"
