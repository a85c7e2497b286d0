"""Event ⇄ stored bytes: every stored name, every upcaster, and the parting of structure from text.

Structure (ids, kinds, roles, times, numbers, grades: all that the folds need) is one canonical byte string: JSON after
RFC 8785, which also carries a salted SHA-256 of the text. Text (names, summaries, reasons, URLs, tags) and its salt
stand beside it. Taking text and salt away later leaves structure, folds and proofs as they were.

Stored names are ours ("development-reported/1"), not Python paths, so that rooms can be rearranged. To change a
stored shape, raise its version in `_STORED` and add the step from the old one to `_UPCASTERS`; never edit a step.
"""

import hashlib
import os
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final, NamedTuple, cast

import msgspec

from events import developments as d
from events import reference as r
from events.records import Event
from events.redaction import EventRedacted
from events.trusted import trusted

Tree = dict[str, Any]

_EVIDENCE = [{"url": None}]
_REPORT = {"unnamed_end": None, "url": None, "evidence": _EVIDENCE}


class _Stored(NamedTuple):
    """How one type of event is stored: its name, the version written now, and where its text stands."""

    name: str
    version: int
    text: Mapping[str, Any]


_STORED: Final[Mapping[type[Event], _Stored]] = MappingProxyType(
    {
        r.SourceRegistered: _Stored("source-registered", 1, {"name": None, "url": None}),
        r.SourceReliabilityAssessed: _Stored("source-reliability-assessed", 1, {"reason": None}),
        r.SourceAlignmentStated: _Stored("source-alignment-stated", 1, {"reason": None}),
        r.SourceProtected: _Stored("source-protected", 1, {"reason": None}),
        r.ActorRegistered: _Stored("actor-registered", 1, {"name": None, "aliases": [{"name": None}]}),
        r.ActorRenamed: _Stored("actor-renamed", 1, {"name": None}),
        r.LocationRegistered: _Stored("location-registered", 1, {"name": None, "names": None}),
        r.LocationRevised: _Stored("location-revised", 1, {"changes": {"name": None, "names": None}, "reason": None}),
        d.DevelopmentReported: _Stored("development-reported", 1, {"summary": None, "tags": None, "report": _REPORT}),
        d.DevelopmentCorroborated: _Stored("development-corroborated", 1, {"report": _REPORT}),
        d.DevelopmentDenied: _Stored("development-denied", 1, {"report": _REPORT, "reason": None}),
        d.DevelopmentAssessed: _Stored(
            "development-assessed", 1, {"analyst": None, "method": None, "reasoning": None, "evidence": _EVIDENCE}
        ),
        d.ReportRetracted: _Stored("report-retracted", 1, {"reason": None}),
        d.DevelopmentAmended: _Stored(
            "development-amended", 1, {"changes": {"summary": None, "tags": None}, "reason": None}
        ),
        d.DevelopmentMerged: _Stored("development-merged", 1, {"reason": None}),
        d.DevelopmentVoided: _Stored("development-voided", 1, {"reason": None}),
        EventRedacted: _Stored("event-redacted", 1, {"reason": None}),
    }
)

#: The events that may hold numbers with a fraction (coordinates); all other numbers are whole by their type.
_FRACTIONS: Final = frozenset({r.LocationRegistered, r.LocationRevised})

#: From a stored name with version to the step that brings its tree to the next version. None needed yet.
_UPCASTERS: Final[Mapping[str, Callable[[Tree], Tree]]] = MappingProxyType({})

#: The name under which each type of event is stored now.
STORED_NAMES: Final = MappingProxyType({cls: f"{stored.name}/{stored.version}" for cls, stored in _STORED.items()})
_CLASSES: Final = MappingProxyType({name: cls for cls, name in STORED_NAMES.items()})

#: Where text stands in each type of event, by its stored name: None for a text, else what is inside.
TEXT: Final = MappingProxyType({STORED_NAMES[cls]: stored.text for cls, stored in _STORED.items()})


class _Envelope(msgspec.Struct, frozen=True):
    """The stored structure: the event without its text, and what commits to the text."""

    event: Event
    text_sha256: str | None


def _envelope_of(cls: type[Event]) -> type[_Envelope]:
    return msgspec.defstruct(f"Stored{cls.__name__}", [("event", cls), ("text_sha256", str | None)], frozen=True)  # type: ignore[return-value]


_DECODERS: Final = MappingProxyType({name: msgspec.json.Decoder(_envelope_of(cls)) for name, cls in _CLASSES.items()})
_FOR_FOLDS: Final = MappingProxyType(
    {name: msgspec.json.Decoder(_envelope_of(trusted(cls))) if issubclass(cls, d.DevelopmentEvent) else _DECODERS[name]
     for name, cls in _CLASSES.items()}
)  # fmt: skip


class StoredForm(NamedTuple):
    """What the log keeps of an event's content.

    Attributes:
        name: Stored type with version, such as `development-reported/1`.
        structure: Canonical JSON bytes of the structure, with the salted SHA-256 of the text.
        text: Canonical JSON bytes of the text; None where nothing was said in text, or where it was redacted.
        salt: 16 random bytes; None exactly where `text` is.
    """

    name: str
    structure: bytes
    text: bytes | None
    salt: bytes | None


def encode(event: Event, salt: bytes | None = None) -> StoredForm:
    """The stored form of an event; its `event_id` is left to a column of its own.

    Args:
        salt: The salt to use again, to compare an event with one that is stored already; None draws a new one.
    """
    cls = type(event)
    tree: Tree = msgspec.to_builtins(event)
    if cls in _FRACTIONS:
        tree = cast(Tree, _numbers_as_in_rfc_8785(tree))
    del tree["type"], tree["event_id"]
    words = _take_text(tree, _STORED[cls].text)
    unsealed = _UNSEALED % canonical(tree)
    if not words:
        return StoredForm(STORED_NAMES[cls], unsealed + b"null}", None, None)
    text = canonical(words)
    if salt is None:
        salt = os.urandom(16)
    return StoredForm(STORED_NAMES[cls], _sealed(unsealed, text, salt), text, salt)


def salted(form: StoredForm, salt: bytes | None) -> StoredForm:
    """The same content with another salt: what `encode` gives for that salt."""
    if form.text is None or salt is None:
        return form
    return form._replace(structure=_sealed(form.structure[:-_SEAL], form.text, salt), salt=salt)


def content(form: StoredForm) -> bytes:
    """All that was said, whatever the salt: equal for equal contents, and for no others."""
    if form.text is None:
        return b"%s\n%s" % (form.name.encode(), form.structure)
    return b"%s\n%s\n%s" % (form.name.encode(), form.structure[:-_SEAL], form.text)


#: The structure up to the digest of the text, which stands last: "event" sorts before "text_sha256".
_UNSEALED: Final = b'{"event":%s,"text_sha256":'

#: So many bytes the digest takes, in its quotes, with the end of the object.
_SEAL: Final = 64 + 3


def _sealed(unsealed: bytes, text: bytes, salt: bytes) -> bytes:
    return b'%s"%s"}' % (unsealed, hashlib.sha256(salt + text).hexdigest().encode())


def decode(name: str, structure: bytes, text: bytes | None = None) -> Event:
    """The event that was stored; without its text where that is not given.

    Raises:
        UnknownStoredType: bytes of a type or version that this program does not know.
    """
    if text is not None:
        return decode_with(name, structure, lambda tree: _put_text(tree, msgspec.json.decode(text)))
    if name not in _DECODERS:
        return decode_with(name, structure, lambda _: None)
    return _DECODERS[name].decode(structure).event


def decode_with(name: str, structure: bytes, put: Callable[[Tree], None]) -> Event:
    """The event that was stored, once something was put into its tree; errors as `decode`."""
    tree = _upcast(name, msgspec.json.decode(structure)["event"])
    put(tree)
    return msgspec.convert(tree, _CLASSES[_newest(name)])


def decode_for_folds(name: str, structure: bytes) -> Event:
    """The event that was stored, without its text, as folds read it: see `trusted`; errors as `decode`."""
    decoder = _FOR_FOLDS.get(name)
    return decode(name, structure) if decoder is None else decoder.decode(structure).event


def text_is_intact(structure: bytes, text: bytes | None, salt: bytes | None) -> bool:
    """Whether the text is the one that the structure commits to."""
    digest = text_sha256(structure)
    if text is None or salt is None:
        return digest is None
    return bool(hashlib.sha256(salt + text).hexdigest() == digest)


def committed_to_text(structure: bytes) -> bool:
    """Whether there was text when the event was recorded (if it is gone now, it was redacted)."""
    return not structure.endswith(b'"text_sha256":null}')


def required_text(name: str) -> tuple[str, ...]:
    """The fields of a stored type in which there is text for certain; none of a type that is unknown here."""
    cls = _CLASSES.get(name)
    return cls.required_text if cls is not None else ()


def text_sha256(structure: bytes) -> str | None:
    """The salted hash by which a structure commits to its text; None where there never was any."""
    found: str | None = msgspec.json.decode(structure)["text_sha256"]
    return found


def without_text(form: StoredForm, committed: str) -> StoredForm:
    """The same content as it is stored once its text is gone: it still commits to a text that is not told."""
    unsealed = form.structure[: -_SEAL if form.text is not None else -len("null}")]
    return StoredForm(form.name, b'%s"%s"}' % (unsealed, committed.encode()), None, None)


def unsealed(form: StoredForm) -> bytes:
    """The structure without what commits to the text."""
    return form.structure[: -_SEAL if committed_to_text(form.structure) else -len("null}")]


def canonical(tree: object) -> bytes:
    """JSON after RFC 8785 for trees whose keys are ASCII and whose whole numbers are ints (see `encode`)."""
    return msgspec.json.encode(tree, order="sorted")


class UnknownStoredType(ValueError):
    """A stored type or version that this program does not know: it was written by a newer one."""


def _newest(name: str) -> str:
    while name in _UPCASTERS:
        stem, _, version = name.partition("/")
        name = f"{stem}/{int(version) + 1}"
    if name not in _CLASSES:
        raise UnknownStoredType(f"stored type {name!r} is unknown here: the log was written by a newer version")
    return name


def _upcast(name: str, tree: Tree) -> Tree:
    newest = _newest(name)
    while name != newest:
        tree = _UPCASTERS[name](tree)
        stem, _, version = name.partition("/")
        name = f"{stem}/{int(version) + 1}"
    return tree


def _numbers_as_in_rfc_8785(value: object) -> object:
    """Whole floats as ints: RFC 8785 writes 36.0 as 36 and -0.0 as 0."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, dict):
        return {key: _numbers_as_in_rfc_8785(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_numbers_as_in_rfc_8785(item) for item in value]
    return value


def _take_text(tree: Tree, where: Mapping[str, Any]) -> Tree:
    """Take the text out of a tree, in place, and return it as a tree of the same shape."""
    words: Tree = {}
    for name, inner in where.items():
        if name not in tree:
            continue
        if inner is None:
            value = tree.pop(name)
            if value is not None:
                words[name] = value
        elif isinstance(inner, list):
            items = [_take_text(item, inner[0]) for item in tree[name]]
            if any(items):
                words[name] = items
        elif inside := _take_text(tree[name], inner):
            words[name] = inside
    return words


def _put_text(tree: Tree, words: Tree) -> None:
    """Put text back where it was taken from."""
    for name, value in words.items():
        if isinstance(value, dict) and isinstance(tree.get(name), dict):
            _put_text(tree[name], value)
        elif isinstance(value, list) and name in tree:
            for item, inner in zip(tree[name], value, strict=True):
                _put_text(item, inner)
        else:
            tree[name] = value
