"""What is wrong with an event, field by field, in words that tell what would do."""

from collections.abc import Iterable
from typing import NamedTuple

MAX_SHOWN = 120


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
        problems: At least one.
        conflict: It contradicts what the log holds (HTTP 409), rather than being wrong in itself (422).
    """

    def __init__(self, problems: Iterable[Problem], *, conflict: bool = False) -> None:
        self.problems = tuple(problems)
        self.conflict = conflict
        super().__init__("; ".join(str(problem) for problem in self.problems))


def shown(value: object) -> object:
    """A value as it is safe and useful to show in an error: long text is cut, large containers are only named."""
    if isinstance(value, str):
        return value if len(value) <= MAX_SHOWN else value[: MAX_SHOWN - 1] + "…"
    if isinstance(value, int | float | bool) or value is None:
        return value if len(repr(value)) <= MAX_SHOWN else repr(value)[: MAX_SHOWN - 1] + "…"
    text = repr(value)
    return text if len(text) <= MAX_SHOWN else text[: MAX_SHOWN - 1] + "…"
