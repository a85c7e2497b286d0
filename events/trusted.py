"""Structures as the folds read them back from the log: typed as before, without the checks of content made before recording.

A fold reads every event again and again, and most of the time of decoding went into patterns of ids, bounds and checks
of periods that were made when the event was posted (12 µs an event; 3 µs without them). What is decoded here is of the
same classes, with two differences: nothing is checked but names and types, and what no fold reads (figures, evidence,
tags) stays undecoded bytes. So it is for folds alone: not to be written, compared or shown.
"""

import types
import typing
from typing import Annotated, Any, Final, get_args, get_origin, get_type_hints

import msgspec

from events.developments import Evidence, Figure
from events.records import Event

#: Parts that no fold reads; their bytes are passed over.
_PASSED_OVER: Final = (Figure, Evidence)


def trusted(cls: type[Event]) -> type[Event]:
    """The class of an event as its structure is decoded for a fold: a subclass that checks types alone."""
    return _trusted(cls)


_made: dict[type[msgspec.Struct], type[Any]] = {}


def _trusted(cls: type[Any]) -> type[Any]:
    if cls not in _made:
        fields = [_field(field, get_type_hints(cls, include_extras=True)) for field in msgspec.structs.fields(cls)]
        _made[cls] = msgspec.defstruct(
            cls.__name__,
            fields,
            bases=(cls,),
            namespace={"__post_init__": _nothing},
            module=__name__,
            frozen=True,
            kw_only=True,
            forbid_unknown_fields=True,
        )
    return _made[cls]


def _field(field: msgspec.structs.FieldInfo, hints: dict[str, Any]) -> Any:
    said = hints[field.name]
    plain: Any = msgspec.Raw if _is_passed_over(said) else _plain(said)
    if field.required:
        return field.name, plain
    return field.name, plain, msgspec.field(default=field.default, name=field.encode_name)


def _is_passed_over(said: Any) -> bool:
    return any(one in _PASSED_OVER or _is_passed_over(one) for one in get_args(said))


def _plain(said: Any) -> Any:
    """A type without its bounds and patterns, all the way down."""
    origin = get_origin(said)
    if origin is Annotated:
        return _plain(get_args(said)[0])
    if origin is typing.Literal:
        return str
    if origin in (typing.Union, types.UnionType):
        return typing.Union[tuple(map(_plain, get_args(said)))]  # noqa: UP007  (put together at run time)
    if origin is not None:
        return origin[tuple(one if one is Ellipsis else _plain(one) for one in get_args(said))]
    return _trusted(said) if isinstance(said, type) and issubclass(said, msgspec.Struct) else said


def _nothing(_: object) -> None:
    """Instead of the checks of `Dated` and `Period`: moments are stored in UTC, and periods in order."""
