"""JSON ⇄ event in the one shape of API.md: fast for what is right, thorough for what is wrong.

A good event is decoded by msgspec in one pass. Only when that fails is it taken apart again, field by field, so that
a reporter is told everything at once and by the names that they wrote.
"""

import contextlib
import difflib
import json
from collections.abc import Iterator, Mapping
from itertools import islice
from types import MappingProxyType, NoneType, UnionType
from typing import Annotated, Any, Final, Literal, Union, get_args, get_origin

import msgspec

from events.developments import AnyDevelopmentEvent
from events.problems import MAX_PROBLEMS, Problem, UnusableEvent, shown
from events.records import MAX_EVENT_BYTES, Event, Record, Sha256
from events.redaction import EventRedacted
from events.reference import ReferenceEvent
from events.text import suspect, text_problems

AnyEvent = ReferenceEvent | AnyDevelopmentEvent | EventRedacted

#: Every type of event by the name that stands in `type`.
EVENT_TYPES: Final[Mapping[str, type[Event]]] = MappingProxyType({cls.__name__: cls for cls in get_args(AnyEvent)})

_decoder: msgspec.json.Decoder[Event] = msgspec.json.Decoder(AnyEvent)
_encoder = msgspec.json.Encoder()

#: In JSON, the name under which a line of an export says that the event's text was redacted.
_GONE: Final = b'"redacted"'


class TextGone(Record, frozen=True, kw_only=True):
    """What a line of an export says of a text that was redacted: the salted hash by which the structure commits to it."""

    text_sha256: Sha256


_ID_HELP = "an id is lower-case letters, digits, '.', '_' and '-', begins with a letter or digit, and has at most 100"


def read_event(raw: bytes) -> Event:
    """The event that a JSON object in UTF-8 states.

    Raises:
        UnusableEvent: not JSON, over 60,000 bytes, an unknown type or field, a missing or misshapen field, a field that
            stands twice, text with control characters; all of them.
    """
    if len(raw) > MAX_EVENT_BYTES:
        said = f"an event has at most {MAX_EVENT_BYTES:,} bytes, this has {len(raw):,}"
        raise UnusableEvent([Problem("", len(raw), said)])
    try:
        event = _decoder.decode(raw)
    except (msgspec.ValidationError, ValueError, RecursionError):
        raise UnusableEvent(_everything_wrong(raw)) from None
    twice = () if raw == _encoder.encode(event) else _said_twice(raw)  # as we write it ourselves: no name stands twice
    if problems := [*twice, *(text_problems(event) if suspect(raw) else ())]:
        raise UnusableEvent(problems)
    return event


def read_redacted(raw: bytes) -> tuple[Event, str] | None:
    """The event that a line of an export states whose text was redacted, and what it commits to; None where it is no such line.

    Raises:
        UnusableEvent: as `read_event` does.
    """
    tree: Any = None
    if _GONE in raw:
        with contextlib.suppress(ValueError, RecursionError):
            tree = msgspec.json.decode(raw)
    if not isinstance(tree, dict) or "redacted" not in tree:
        return None
    gone = tree.pop("redacted")
    if problems := [*_said_twice(raw), *_wrong(gone, TextGone, "redacted")]:
        raise UnusableEvent(problems)
    return read_event(msgspec.json.encode(tree)), msgspec.convert(gone, TextGone).text_sha256


def read_again(raw: bytes) -> Event:
    """The event of a JSON object that `read_event` found nothing wrong with."""
    return _decoder.decode(raw)


def write_event(event: Event) -> dict[str, Any]:
    """The JSON-like object of an event: `type` first, moments as RFC 3339 in UTC."""
    tree: dict[str, Any] = msgspec.to_builtins(event)
    if tree["event_id"] is None:
        del tree["event_id"]
    return tree


def _everything_wrong(raw: bytes) -> list[Problem]:
    try:
        tree = msgspec.json.decode(raw)
    except RecursionError:
        return [Problem("", None, "the JSON is nested too deeply")]
    except UnicodeDecodeError as error:
        return [Problem("", None, f"not UTF-8: {error.reason} at byte {error.start}")]
    except (msgspec.DecodeError, ValueError) as error:
        return [Problem("", None, _unreadable(raw, str(error)))]
    if not isinstance(tree, dict):
        return [Problem("", shown(tree), "an event is a JSON object that begins with its type")]
    name = tree.get("type")
    if not isinstance(name, str) or name not in EVENT_TYPES:
        return [Problem("type", shown(name), _unknown("type of event", name, EVENT_TYPES))]
    cls = EVENT_TYPES[name]
    return [*_said_twice(raw), *islice(_wrong(tree, cls, ""), MAX_PROBLEMS + 1)]


def _unreadable(raw: bytes, said: str) -> str:
    for mark, name in ((b"\xef\xbb\xbf", "UTF-8"), (b"\xff\xfe", "UTF-16"), (b"\xfe\xff", "UTF-16")):
        if raw.startswith(mark):
            return f"not readable as JSON: it begins with the byte order mark of {name}; write UTF-8 without one"
    if said == "Input data was truncated":  # msgspec's words for half a surrogate pair too
        said += ", or a \\u escape names half a surrogate pair"
    return f"not readable as JSON: {said}"


class _Twice(Exception):
    """A name stands twice in one JSON object."""


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        names = [name for name, _ in pairs]
        raise _Twice(next(name for name in names if names.count(name) > 1))
    return found


#: Of values it makes as little as it can: this reading is for the names alone. Adds 5 µs to an event of 500 bytes.
_names_only = json.JSONDecoder(object_pairs_hook=_once, parse_int=str, parse_float=str)


def _said_twice(raw: bytes) -> Iterator[Problem]:
    """The name that an object of the JSON bears twice, if one does.

    RFC 8259 (section 4) leaves it to each parser which of the two counts; what the log says must not rest on that.
    """
    try:
        _names_only.decode(raw.decode())
    except _Twice as twice:
        yield Problem(str(shown(str(twice))), None, "stands twice in one object; which of the two is meant?")
    except RecursionError:
        yield Problem("", None, "the JSON is nested too deeply")


def _unknown(what: str, value: object, known: Mapping[str, object]) -> str:
    near = difflib.get_close_matches(str(value), known, n=1)
    guess = f"; did you mean {near[0]}?" if near else ""
    return f"unknown {what}: one of {', '.join(known)}{guess}"


def _wrong(value: object, hint: Any, path: str) -> Iterator[Problem]:
    """Every problem in `value` as a thing of the type `hint`, innermost fields first."""
    inner = _meant(value, hint)
    if isinstance(inner, type) and issubclass(inner, msgspec.Struct) and isinstance(value, dict):
        yield from _wrong_fields(value, inner, path)
    elif get_origin(inner) is tuple and isinstance(value, list):
        item_hint = get_args(inner)[0]
        each = (problem for i, item in enumerate(value) for problem in _wrong(item, item_hint, f"{path}[{i}]"))
        yield from list(islice(each, MAX_PROBLEMS + 1)) or _misfit(value, hint, path)
    elif get_origin(inner) is Literal and value not in get_args(inner):
        yield Problem(path, shown(value), f"one of {', '.join(map(str, get_args(inner)))}")
    else:
        yield from _misfit(value, hint, path)


def _wrong_fields(value: dict[str, object], cls: type[msgspec.Struct], path: str) -> Iterator[Problem]:
    fields = {field.encode_name: field for field in msgspec.structs.fields(cls)}
    inside = f"{path}." if path else ""
    problems: list[Problem] = []
    for name, item in value.items():
        if len(problems) > MAX_PROBLEMS:  # nobody reads more, and each takes time to put into words
            break
        if name in fields:
            problems += _wrong(item, fields[name].type, inside + name)
        elif not (name == "type" and issubclass(cls, Event)):
            near = difflib.get_close_matches(name, fields, n=1)
            hint = f"did you mean {near[0]}?" if near else f"known here: {', '.join(fields)}"
            problems.append(Problem(inside + str(shown(name)), shown(item), f"unknown field; {hint}"))
    problems += [
        Problem(inside + name, None, "is required")
        for name, field in fields.items()
        if field.required and name not in value
    ]
    # Only a whole whose parts are right can be wrong as a whole: a period that ends before it starts.
    yield from problems or _misfit(value, cls, path)


def _meant(value: object, hint: Any) -> Any:
    """What a type means once bounds are taken off and, of `X | None`, the part is taken that the value means to be."""
    while get_origin(hint) is Annotated:
        hint = get_args(hint)[0]
    if get_origin(hint) in (Union, UnionType) and value is not None:
        return next(_meant(value, part) for part in get_args(hint) if part not in (NoneType, msgspec.UnsetType))
    return hint


def _misfit(value: object, hint: Any, path: str) -> Iterator[Problem]:
    """What msgspec itself says is wrong with a leaf, or with a whole that its own `__post_init__` refuses."""
    try:
        msgspec.convert(value, hint)
    except msgspec.ValidationError as error:
        said, _, tail = str(error).partition(" - at `$")
        field = path + tail.rstrip("`") if tail else path
        yield Problem(field.lstrip("."), shown(value), _in_our_words(said))


def _in_our_words(said: str) -> str:
    if "[a-z0-9][a-z0-9._-]" in said:
        return _ID_HELP
    if "Invalid RFC3339" in said or "timezone component" in said or "Expected `datetime`" in said:
        return "a moment is written with its offset: 2024-12-02T09:00:00Z, or +03:00 instead of Z"
    return said[:1].lower() + said[1:].replace("`", "")
