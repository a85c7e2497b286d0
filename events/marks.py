"""What stands in place of a text that is gone: marks, so that nobody takes it for a text that was never there (pure).

Every text field is marked in which a text stood. No reporter can post a mark, so one always means what it says.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any, Final

import msgspec

from events import codec
from events.codec import StoredForm, Tree
from events.records import Event

#: In place of a text that was lawfully redacted.
REDACTED: Final = "[redacted]"
#: In place of a text that is gone although no redaction of it is recorded.
MISSING: Final = "[missing]"

#: In place of a text that is there, and is told to analysts alone.
WITHHELD: Final = "[withheld]"

MARKS: Final = (REDACTED, MISSING, WITHHELD)
_QUOTED: Final = tuple(f'"{mark}"'.encode() for mark in MARKS)

#: How a field is marked that is not one text: the names of a place are by language, `und` is the undetermined one.
_MARKED: Final[Mapping[str, Any]] = {"tags": lambda mark: [mark], "names": lambda mark: {"und": mark}}


def is_marked(form: StoredForm) -> bool:
    """Whether any text of an event is a mark."""
    text = form.text
    return (
        text is not None and b']"' in text and any(mark in text for mark in _QUOTED)
    )  # quick: it is asked of every event


def is_all_marks(form: StoredForm) -> bool:
    """Whether an event has text, and all of it is marks of redaction: as the event is told once it is redacted."""
    return form.text is not None and all(said == REDACTED for said in texts(form.text))


def texts(stored: bytes) -> Iterator[str]:
    """Every single text in the stored text of an event."""
    yield from _within(msgspec.json.decode(stored))


def _within(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    else:
        for item in value.values() if isinstance(value, dict) else value:
            yield from _within(item)


def fields(name: str, stored: bytes) -> tuple[str, ...]:
    """The fields in which an event of a stored type has text, by their paths, ordered; of lists without the number."""
    tree = msgspec.json.decode(stored)
    return tuple(sorted(set(_said(tree, codec.TEXT.get(name) or dict.fromkeys(tree), ""))))


def _said(tree: Tree, where: Mapping[str, Any], inside: str) -> Iterator[str]:
    for field in where.keys() & tree.keys():
        inner, path = where[field], f"{inside}{field}"
        if inner is None:
            yield path
        else:
            of_list = isinstance(inner, list)
            for item in tree[field] if of_list else [tree[field]]:
                yield from _said(item, inner[0] if of_list else inner, f"{path}.")


def marked(name: str, structure: bytes, where: Collection[str], mark: str = REDACTED) -> Event:
    """The event of a stored structure whose text is gone, with a mark in each field in which text stood."""

    def put(tree: Tree) -> None:
        for path in where:
            _mark(tree, path.split("."), codec.TEXT.get(name, {}), mark)

    return codec.decode_with(name, structure, put)


def _mark(value: Any, path: Sequence[str], where: Any, mark: str) -> None:
    """Mark a field; what is no field of text stays as it is."""
    if isinstance(value, list):
        for item in value:
            _mark(item, path, where[0], mark)
    elif path[0] in where and len(path) > 1 and where[path[0]] is not None:
        _mark(value.get(path[0], {}), path[1:], where[path[0]], mark)
    elif path[0] in where and len(path) == 1 and where[path[0]] is None:
        value[path[0]] = _MARKED.get(path[0], str)(mark)
