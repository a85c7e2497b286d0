"""The stored form: there and back, canonical, text apart from structure, and every version ever written."""

import json
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec
import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from events import codec
from events.records import Event
from events.shape import EVENT_TYPES, AnyEvent, read_event, write_event
from events.times import rfc3339
from services.timeline import story

EVER_WRITTEN = Path(__file__).with_name("stored_forms.json")

#: What may be said: no control characters, and no marks of direction, which must come in pairs (`events/text.py`).
sayable = st.characters(
    exclude_categories=["Cs", "Cc"],
    include_characters="\t\n",
    exclude_characters="\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069",
)
text = st.text(sayable, max_size=20)
ids = st.from_regex(r"[a-z0-9][a-z0-9._-]{0,8}", fullmatch=True)
offsets = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
uuids = st.uuids().map(str)
moments = st.datetimes(datetime(2, 1, 1), datetime(9998, 1, 1), timezones=offsets).map(  # noqa: DTZ001 (offsets are drawn)
    lambda moment: moment.isoformat()
)
numbers = st.one_of(st.integers(-180, 180), st.floats(-90, 90, allow_nan=False))


def optional(some: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.none() | some


evidence = st.fixed_dictionaries(
    {"kind": st.sampled_from(["footage", "satellite"])},
    optional={"url": optional(text), "sha256": st.just("ab" * 32), "captured_at": optional(moments)},
)
reports = st.fixed_dictionaries(
    {"chain": st.lists(ids, min_size=1, max_size=3), "published_at": moments},
    optional={
        "unnamed_end": optional(text),
        "credibility": optional(st.integers(1, 6)),
        "url": optional(text),
        "evidence": st.lists(evidence, max_size=2),
    },
)
participants = st.lists(
    st.fixed_dictionaries({"actor_id": ids, "role": st.sampled_from(["holder", "party"])}), max_size=3
)
periods = st.tuples(moments, moments).map(lambda two: dict(zip(("start", "end"), _in_order(two), strict=True)))
tags = st.lists(st.text(sayable, min_size=1, max_size=8), max_size=3)
geometry = st.fixed_dictionaries({"type": st.just("Point"), "coordinates": st.lists(numbers, min_size=2, max_size=2)})

BODIES: dict[str, st.SearchStrategy[dict[str, Any]]] = {
    "SourceRegistered": st.fixed_dictionaries({"source_id": ids, "name": text, "kind": st.just("ngo")}),
    "ActorRenamed": st.fixed_dictionaries({"actor_id": ids, "name": text, "from": moments}),
    "LocationRegistered": st.fixed_dictionaries(
        {"location_id": ids, "name": text, "kind": st.just("city")},
        optional={"geometry": optional(geometry), "names": st.dictionaries(st.sampled_from(["ar", "en"]), text)},
    ),
    "LocationRevised": st.fixed_dictionaries(
        {
            "location_id": ids,
            "from": moments,
            "changes": st.fixed_dictionaries(
                {}, optional={"name": text, "parent_id": optional(ids), "geometry": optional(geometry)}
            ),
            "reason": text,
        }
    ),
    "DevelopmentReported": st.fixed_dictionaries(
        {
            "development_id": uuids,
            "kind": st.just("captured"),
            "location_id": ids,
            "occurred": periods,
            "participants": participants,
            "summary": text,
            "tags": tags,
            "report": reports,
        }
    ),
    "DevelopmentDenied": st.fixed_dictionaries({"development_id": uuids, "report": reports, "reason": text}),
    "DevelopmentAssessed": st.fixed_dictionaries(
        {
            "development_id": uuids,
            "credibility": st.integers(1, 6),
            "analyst": text,
            "assessed_at": moments,
            "reasoning": text,
            "evidence": st.lists(evidence, max_size=2),
        }
    ),
    "DevelopmentAmended": st.fixed_dictionaries(
        {
            "development_id": uuids,
            "changes": st.fixed_dictionaries({}, optional={"summary": text, "tags": tags, "location_id": ids}),
            "amended_at": moments,
            "reason": text,
        }
    ),
}


def _in_order(two: tuple[str, str]) -> list[str]:
    return sorted(two, key=datetime.fromisoformat)


@st.composite
def events(draw: st.DrawFn) -> Event:
    name = draw(st.sampled_from(sorted(BODIES)))
    event: Event = msgspec.convert({"type": name, **draw(BODIES[name])}, AnyEvent)
    return event


@given(events())
def test_an_event_comes_back_from_its_stored_form(event: Event) -> None:
    """There and back, text included."""
    form = codec.encode(event)
    assert codec.decode(form.name, form.structure, form.text) == event


@given(events())
def test_stored_bytes_are_canonical_json(event: Event) -> None:
    """The same bytes as RFC 8785 by other hands; the same event gives the same bytes."""
    form = codec.encode(event, salt=b"0" * 16)
    assert form.structure == rfc8785.dumps(json.loads(form.structure))
    assert form.text is None or form.text == rfc8785.dumps(json.loads(form.text))
    assert codec.encode(event, salt=b"0" * 16) == form


@given(events())
def test_the_structure_commits_to_the_text(event: Event) -> None:
    """Another text, or another salt, does not fit."""
    form = codec.encode(event)
    assert codec.text_is_intact(form.structure, form.text, form.salt)
    if form.text is not None and form.salt is not None:
        assert codec.committed_to_text(form.structure)
        assert not codec.text_is_intact(form.structure, form.text + b" ", form.salt)
        assert not codec.text_is_intact(form.structure, form.text, bytes(16))


@given(events())
def test_the_shape_of_the_api_comes_back_from_its_json(event: Event) -> None:
    """What is exported can be imported."""
    assert read_event(msgspec.json.encode(write_event(event))) == event


def test_text_taken_away_leaves_all_that_the_folds_need() -> None:
    """Ids, kinds, roles, times, numbers and grades stay; no word of the text does."""
    for line in story.lines():
        event = read_event(line)
        form = codec.encode(event)
        bare = codec.decode(form.name, form.structure)
        for words in _strings(json.loads(form.text or b"{}")):
            if " " in words:  # a sentence, not an id that stands as a tag too
                assert words.encode() not in form.structure
        for name in ("kind", "location_id", "occurred", "participants", "figures", "reliability", "aligned_with"):
            assert getattr(bare, name, None) == getattr(event, name, None)


def _strings(tree: object) -> list[str]:
    if isinstance(tree, str):
        return [tree]
    inner = tree.values() if isinstance(tree, dict) else tree if isinstance(tree, list) else ()
    return [found for item in inner for found in _strings(item)]


def test_every_type_of_event_has_a_stored_name_of_ours() -> None:
    """No Python path stands in the log."""
    assert set(codec.STORED_NAMES) == set(EVENT_TYPES.values())
    assert all(name.count("/") == 1 and "." not in name for name in codec.STORED_NAMES.values())


@pytest.mark.parametrize("case", json.loads(EVER_WRITTEN.read_text("utf-8")), ids=lambda case: str(case["name"]))
def test_bytes_of_every_version_ever_written_are_still_read(case: dict[str, str]) -> None:
    """A stored form stays readable for ever; this file only grows."""
    stored_text = case["text"].encode() if case["text"] is not None else None
    event = codec.decode(case["name"], case["structure"].encode(), stored_text)
    assert json.loads(msgspec.json.encode(write_event(event))) == json.loads(case["event"])


def test_the_file_of_versions_ever_written_has_every_name_that_is_written_now() -> None:
    """Whoever adds a version adds its bytes."""
    kept = {case["name"] for case in json.loads(EVER_WRITTEN.read_text("utf-8"))}
    assert set(codec.STORED_NAMES.values()) <= kept


def test_bytes_of_a_newer_program_are_refused_by_name() -> None:
    """Rather than misread."""
    with pytest.raises(codec.UnknownStoredType, match="development-reported/99"):
        codec.decode("development-reported/99", b'{"event":{},"text_sha256":null}')


def test_a_moment_is_written_the_same_whatever_offset_it_came_with() -> None:
    """Stored in UTC, microseconds."""
    first = msgspec.convert(_voided("2024-12-02T12:00:00+03:00"), AnyEvent)
    second = msgspec.convert(_voided("2024-12-02T09:00:00Z"), AnyEvent)
    assert codec.encode(first, b"0" * 16) == codec.encode(second, b"0" * 16)
    assert rfc3339(first.voided_at) == "2024-12-02T09:00:00Z"


def _voided(moment: str) -> dict[str, Any]:
    return {"type": "DevelopmentVoided", "development_id": str(UUID(int=7)), "voided_at": moment, "reason": "x"}
