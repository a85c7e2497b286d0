"""What becomes of foreign rows: the events that each makes, its flags, or why it is refused; and what a format is."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from events.problems import visible
from events.records import Event
from services.timeline.importers.flags import FLAGS, Flag

if TYPE_CHECKING:
    from services.timeline.importers.options import Options
    from services.timeline.importers.register import Register
    from services.timeline.importers.tables import File


class WrongFormat(Exception):
    """A file, or a mapping, that is not what was asked for; one line that says what was expected and what was found."""

    def __init__(self, said: str) -> None:
        super().__init__(visible(said))


class RefusedRow(Exception):
    """A row that makes no event: the flag that names the reason, and what was found."""

    def __init__(self, name: str, said: str) -> None:
        assert name in FLAGS
        self.flag = Flag(name, said)
        super().__init__(said)


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """What one row became.

    Attributes:
        line: Its first line in the file, from 1.
        events: In the order in which they are appended; what they name is registered by earlier ones.
        refusal: Why it makes no events.
    """

    file: str
    line: int
    events: tuple[Event, ...] = ()
    flags: tuple[Flag, ...] = ()
    refusal: Flag | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """Files that were looked at and are of the right format.

    Attributes:
        rows: About how many there are, for progress.
        made: Called once; makes the events of each row, given what is registered, and the options settled by then.
    """

    rows: int
    made: "Callable[[Register, Options], Iterator[Made]]"


@dataclass(frozen=True, slots=True, kw_only=True)
class Format:
    """A foreign format.

    Attributes:
        name, version: Recorded with every event; the version rises when the same rows would make other events.
        speaks: Its rows are reports of a source, whose reliability is asked for; else it tells of places alone.
        mapping: It needs a mapping.
        continues: Its rows are read against what the source said before, so that is looked up.
        prepare: Looks at the files and raises WrongFormat, before anything is appended.
    """

    name: str
    version: int
    speaks: bool
    mapping: bool = False
    continues: bool = False
    prepare: "Callable[[Sequence[File], Options], Prepared]"

    @property
    def label(self) -> str:
        return f"{self.name}/{self.version}"
