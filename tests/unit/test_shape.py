"""The one shape of an event: what is right comes back as it was, what is wrong is told at once and by name."""

import json
from collections.abc import Sequence
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from events.problems import MAX_SHOWN, UnusableEvent
from events.records import MAX_EVENT_BYTES, Event
from events.shape import EVENT_TYPES, read_event, write_event
from services.timeline import story
from tests.unit.test_codec import events

anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


def problems(tree: object) -> dict[str, str]:
    """What is wrong with an object as an event: message by field."""
    raw = tree if isinstance(tree, bytes) else json.dumps(tree).encode()
    with pytest.raises(UnusableEvent) as refused:
        read_event(raw)
    return {problem.field: problem.message for problem in refused.value.problems}


def example() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(next(line for line in story.lines() if b'"DevelopmentReported"' in line[:40]))
    return found


@given(events())
def test_an_event_that_is_written_is_read_as_the_same(event: Event) -> None:
    """And written again as the same bytes: `type` first."""
    written = write_event(event)
    assert next(iter(written)) == "type"
    assert read_event(msgspec.json.encode(written)) == event
    assert write_event(read_event(msgspec.json.encode(written))) == written


def test_every_line_of_the_demo_comes_back_with_all_that_it_said() -> None:
    """What it left out stands with its default; its moments may have lost an offset, nothing else."""
    for line in story.lines():
        assert _within(json.loads(line), json.loads(msgspec.json.encode(write_event(read_event(line)))))


def _within(said: Any, written: Any) -> bool:
    if isinstance(said, dict):
        return all(name in written and _within(item, written[name]) for name, item in said.items())
    if isinstance(said, list):
        return len(said) == len(written) and all(map(_within, said, written))
    return bool(said == written or str(said).replace("+00:00", "Z") == written)


@given(st.sampled_from(sorted(EVENT_TYPES)), st.dictionaries(st.text(max_size=8), anything, max_size=4))
def test_nonsense_is_refused_with_a_reason_and_never_otherwise(name: str, fields: dict[str, Any]) -> None:
    """Whatever the type, whatever stands in it."""
    assert problems({**fields, "type": name, "no such field": 1})["no such field"].startswith("unknown field")


@given(st.sampled_from(sorted(example())), anything)
def test_one_field_spoilt_is_told_by_that_field(name: str, spoilt: object) -> None:
    """Or taken, where it happens to be right; never by another field, never by another error."""
    event = example() | {name: spoilt}
    try:
        read_event(json.dumps(event).encode())
    except UnusableEvent as refused:
        assert all(one.field.startswith(name) and one.message for one in refused.problems)  # noqa: PT017


@given(st.binary(max_size=200))
def test_any_bytes_are_an_event_or_refused(raw: bytes) -> None:
    """Nothing else comes out of reading."""
    with pytest.raises(UnusableEvent):
        read_event(raw)


def test_everything_that_is_wrong_is_told_at_once() -> None:
    """By the names that the reporter wrote, down to the item of a list."""
    event = example() | {
        "kind": 5,
        "occurred": {"start": "2024-12-02", "end": "2024-12-03T00:00:00Z", "precision": "minute"},
        "participants": [{"actor_id": "hts", "role": "holder"}, {"actor_id": "The Army", "rôle": "holder"}],
        "colour": "red",
    }
    del event["location_id"]
    assert set(problems(event)) == {
        "kind", "occurred.start", "occurred.precision", "participants[1].actor_id", "participants[1].rôle",
        "participants[1].role", "colour", "location_id",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("spoilt", "field", "words"),
    [
        ({"location": "sy-hama"}, "location", "did you mean location_id?"),
        ({"location_id": "Hama City"}, "location_id", "lower-case"),
        ({"location_id": "x" * 101}, "location_id", "at most 100"),
        ({"development_id": "7"}, "development_id", "UUID"),
        ({"occurred": {"start": "2024-12-02T00:00:00", "end": "2024-12-03T00:00:00Z"}}, "occurred.start", "with its offset"),
        ({"occurred": {"start": 1733400000, "end": "2024-12-03T00:00:00Z"}}, "occurred.start", "with its offset"),
        ({"occurred": {"start": "2024-12-04T00:00:00Z", "end": "2024-12-03T00:00:00Z"}}, "occurred", "swapped"),
        ({"summary": "x" * 2001}, "summary", "2000"),
        ({"tags": ["a", ""]}, "tags[1]", "1"),
        ({"figures": [{"of": "killed", "low": -1}]}, "figures[0].low", "0"),
        ({"figures": [{"of": "killed", "low": 2**53}]}, "figures[0].low", "9007199254740991"),
        ({"figures": [{"of": "killed", "relation": "over"}]}, "figures[0].relation", "at_least"),
        ({"report": {}}, "report.chain", "is required"),
        ({"report": None}, "report", "object"),
    ],
)  # fmt: skip
def test_a_message_names_the_field_and_says_what_would_do(spoilt: dict[str, Any], field: str, words: str) -> None:
    """STYLE.md, "an error message"."""
    assert words in problems(example() | spoilt)[field]


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        (b"", "JSON"),
        (b"{", "JSON"),
        (b"\xff", "JSON"),
        (b'{"type": "\xff"}', "UTF-8"),
        (b"[]", "begins with its type"),
        (b"[" * 30_000, "too deeply"),
        (b" " * (MAX_EVENT_BYTES + 1), "at most 60,000 bytes"),
    ],
)
def test_what_is_no_object_at_all_is_refused_as_a_whole(raw: bytes, words: str) -> None:
    """The field is empty: it is about all of it."""
    assert words in problems(raw)[""]


def test_an_event_of_just_the_bound_is_read() -> None:
    """60,000 bytes, and not one more."""
    raw = json.dumps(example()).encode()
    assert read_event(raw.ljust(MAX_EVENT_BYTES)) == read_event(raw)


@pytest.mark.parametrize(("name", "guess"), [("DevelopmentReporte", "DevelopmentReported"), ("actorRegistered", "ActorRegistered")])  # fmt: skip
def test_an_unknown_type_is_refused_with_a_guess(name: str, guess: str) -> None:
    """And the list of those that there are."""
    message = problems({"type": name})["type"]
    assert f"did you mean {guess}?" in message
    assert all(one in message for one in EVENT_TYPES)


@pytest.mark.parametrize("tree", [{}, {"type": None}, {"type": 5}, {"type": ["ActorRegistered"]}, {"kind": "captured"}])
def test_an_event_without_a_type_is_refused_by_it(tree: dict[str, Any]) -> None:
    """Whatever stands there instead."""
    assert list(problems(tree)) == ["type"]


def test_a_long_value_is_shown_cut() -> None:
    """An error is not as long as what it is about."""
    values: Sequence[object] = ["x" * 10_000, list(range(10_000)), {"a" * 200: 1}, 10**200]
    for value in values:
        with pytest.raises(UnusableEvent) as refused:
            read_event(json.dumps(example() | {"kind": value, "language": value}).encode())
        assert all(len(str(one.value)) <= MAX_SHOWN for one in refused.value.problems)
