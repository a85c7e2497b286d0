"""What came of an import: counts, flags with their first examples, refused rows by line; as a table and as JSON."""

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import msgspec
from rich.markup import escape
from rich.table import Table

from events.problems import visible
from events.vocabulary import Reliability
from services.timeline import console
from services.timeline.importers.flags import FLAGS, LEAVES_OUT, Flag
from services.timeline.importers.made import Made, WrongFormat

_EXAMPLES, _SHOWN = 3, 20


class Place(msgspec.Struct, frozen=True):
    """A row, and what was found there; line 0 is the file as a whole."""

    file: str
    line: int
    said: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.said}" if self.line else f"{self.file}: {self.said}"


class Flagged(msgspec.Struct, frozen=True):
    """How many rows got a flag, what it means, and the first of them."""

    flag: str
    meaning: str
    rows: int
    first: list[Place]


class Summary(msgspec.Struct, frozen=True, kw_only=True):
    """The report as JSON."""

    format: str
    source: str | None
    reliability: str | None
    files: list[str]
    rows: int
    appended: dict[str, int]
    already_there: int
    nothing_new: int
    left_out: int
    flags: list[Flagged]
    refused: list[Place]


@dataclass(slots=True)
class Report:
    """Grows row by row."""

    label: str
    files: list[str]
    source: str | None = None
    reliability: Reliability | None = None
    rows: int = 0
    already_there: int = 0
    nothing_new: int = 0
    left_out: int = 0
    appended: Counter[str] = field(default_factory=Counter)
    counts: Counter[str] = field(default_factory=Counter)
    first: dict[str, list[Place]] = field(default_factory=dict)
    refused: list[Place] = field(default_factory=list)
    _last: dict[str, tuple[str, int]] = field(default_factory=dict)

    def row(self, made: Made) -> None:
        """A row as the importer made it, or refused it."""
        self.rows += made.line > 0
        for flag in made.flags:
            self.flag(made, flag)
        if made.refusal is not None:
            self.refuse(made, made.refusal)
        elif made.line and not made.events and not any(flag.name in LEAVES_OUT for flag in made.flags):
            self.nothing_new += 1

    def flag(self, made: Made, flag: Flag) -> None:
        """A flag on a row; each row counts once for each flag."""
        assert flag.name in FLAGS, flag
        place = Place(made.file, made.line, visible(flag.said))
        if made.line and self._last.get(flag.name) == (made.file, made.line):
            return
        self._last[flag.name] = made.file, made.line
        self.counts[flag.name] += 1
        self.left_out += flag.name in LEAVES_OUT
        first = self.first.setdefault(flag.name, [])
        if len(first) < _EXAMPLES:
            first.append(place)

    def refuse(self, made: Made, refusal: Flag) -> None:
        """A row that makes no event, or whose event the log does not take."""
        self.flag(made, refusal)
        self.refused.append(Place(made.file, made.line, f"{refusal.name}: {visible(refusal.said)}"))

    def summary(self) -> Summary:
        """All of it, the most frequent flags first."""
        flags = [Flagged(name, FLAGS[name], count, self.first[name]) for name, count in self.counts.most_common()]
        return Summary(
            format=self.label, source=self.source, reliability=self.reliability, files=self.files, rows=self.rows,
            appended=dict(self.appended), already_there=self.already_there, nothing_new=self.nothing_new, left_out=self.left_out, flags=flags,
            refused=self.refused,
        )  # fmt: skip

    def show(self) -> None:
        """Refused rows by line on standard error; counts and flags on standard output."""
        for place in self.refused[:_SHOWN]:
            console.err.print(f"[red]refused[/red] {escape(str(place))}")
        if len(self.refused) > _SHOWN:
            console.err.print(f"[red]refused[/red] {len(self.refused) - _SHOWN:,} more; --report FILE lists all")
        told = ", ".join(f"{count:,} {name}" for name, count in sorted(self.appended.items()))
        appended = f"{self.appended.total():,} events appended" + (f" ({told})" if told else "")
        console.say(
            f"{', '.join(self.files)} as {self.label}: {self.rows:,} rows; {appended}, {self.already_there:,} already "
            f"there; {self.nothing_new:,} rows with nothing new, {self.left_out:,} left out, {len(self.refused):,} refused"
        )
        if self.counts:
            table = Table("flag", "rows", "first", box=None, header_style="dim")
            for one in self.summary().flags:
                table.add_row(one.flag, f"{one.rows:,}", escape(str(one.first[0])))
            console.out.print(table)

    def write(self, path: Path) -> None:
        """The report as a JSON file.

        Raises:
            WrongFormat: it cannot be written.
        """
        try:
            path.write_bytes(msgspec.json.format(msgspec.json.encode(self.summary()), indent=2) + b"\n")
        except OSError as error:
            raise WrongFormat(f"--report {path}: {error.strerror}") from None
