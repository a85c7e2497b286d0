"""What is odd about protecting a source: an id that gives away the name which is withheld (pure).

Ids are structure: they stand in every answer, proof and bundle, and nothing takes them away. So whoever marks a source as
sensitive is warned, not refused: the id is given, and a source half protected is better than one that is not.
"""

from collections.abc import Iterable, Iterator

from events import withholding
from events.records import Event
from events.reference import SourceRegistered
from events.warnings import Warned
from projections.folding import bare_words

#: A word of fewer letters is found in an id by chance.
_LETTERS = 3


def odd(about: Iterable[Event]) -> Iterator[Warned]:
    """What is odd, once these events about a source are recorded."""
    sensitive: frozenset[str] = frozenset()
    registered: SourceRegistered | None = None
    for event in about:
        sensitive = withholding.after(sensitive, event)
        if isinstance(event, SourceRegistered):
            registered = event
    if registered is not None and sensitive and tells(registered.source_id, registered.name):
        said = (
            "the id says who it is, and everybody reads the id; register a person at risk under an id that means nothing, "
            "such as s-7f3a"
        )
        yield Warned("id_tells_the_name", "source_id", said)


def tells(source_id: str, name: str) -> bool:
    """Whether a word of a name, or the name written together, stands in an id; case and accents aside."""
    words = [word for word in bare_words(name) if len(word) >= _LETTERS]
    there = "".join(bare_words(source_id.replace("_", " ")))
    return any(word in there for word in words)
