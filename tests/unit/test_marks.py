"""What stands in place of a text that is gone: in each field in which there was one, in no other, and nowhere by chance."""

import json
from typing import Any
from uuid import UUID

import msgspec
import pytest

from events import codec, marks
from events.marks import MISSING, REDACTED
from events.redaction import EventRedacted
from events.shape import EVENT_TYPES, AnyEvent, read_event, write_event
from projections.catalogue import Catalogue
from tests.acceptance.redacted_world import SECRET, secret_world
from tests.stories import as_recorded

EVENTS = [read_event(json.dumps(one).encode()) for one in secret_world()]
RECORDED = EventRedacted(redacted_id=UUID(int=1), legal_basis="x", reason=SECRET)


def redacted(event: Any) -> Any:
    """An event as it is told once it was stored and its text taken away."""
    form = codec.encode(event)
    assert form.text is not None
    return marks.marked(form.name, form.structure, marks.fields(form.name, form.text))


def test_there_is_an_event_of_each_type() -> None:
    """So a new type of event has to say where its text stands."""
    assert {type(one).__name__ for one in [*EVENTS, RECORDED]} == set(EVENT_TYPES)


@pytest.mark.parametrize("event", [*EVENTS, RECORDED], ids=lambda one: type(one).__name__)
def test_all_text_becomes_marks_and_all_else_stays(event: Any) -> None:
    """What is marked encodes to the same structure, and holds no text but marks."""
    told = redacted(event)
    form, again = codec.encode(event, bytes(16)), codec.encode(told, bytes(16))

    assert SECRET not in json.dumps(write_event(told))
    assert marks.is_all_marks(again)
    assert marks.is_marked(again)
    assert not marks.is_marked(form)
    assert form.text is not None
    assert marks.fields(again.name, again.text or b"") == marks.fields(form.name, form.text)
    commitment = codec.text_sha256(form.structure)
    assert commitment is not None
    assert codec.without_text(again, commitment).structure == form.structure
    assert read_event(json.dumps(write_event(told)).encode()) == told


def test_a_field_in_which_nothing_stood_is_not_marked() -> None:
    """A source without an address has none, rather than one that was taken away."""
    said = {"type": "SourceRegistered", "source_id": "x", "name": SECRET, "kind": "other"}
    told = redacted(msgspec.convert(said, AnyEvent))

    assert (told.name, told.url) == (REDACTED, None)


def test_what_is_named_and_is_no_text_stays_as_it_is() -> None:
    """Whatever a forged list of fields says."""
    form = codec.encode(EVENTS[2])
    named = ("source_id", "kind", "reliability", "name.x", "report.url", "nonsense", "aligned_with")

    assert marks.marked(form.name, form.structure, named) == codec.decode(form.name, form.structure)


def test_of_a_text_that_is_missing_what_must_have_been_there_is_marked_so() -> None:
    """For no redaction tells of it."""
    form = codec.encode(EVENTS[2])
    told = marks.marked(form.name, form.structure, codec.required_text(form.name), MISSING)

    assert (told.name, told.url) == (MISSING, None)  # type: ignore[attr-defined]


def test_a_word_in_the_middle_of_a_text_is_no_mark() -> None:
    """People write such things."""
    said = {"type": "SourceRegistered", "source_id": "x", "name": f"The {REDACTED} Times", "kind": "other"}
    assert not marks.is_marked(codec.encode(msgspec.convert(said, AnyEvent)))


def test_a_catalogue_forgets_a_text_and_what_came_after_it_stays() -> None:
    """By the position of the event; a name is the mark beside the id then, or what a later event says it is."""
    told = [as_recorded(event, number) for number, event in enumerate(EVENTS[:9], start=1)]
    catalogue = Catalogue()
    catalogue.learn(told, 9)
    for one in told:
        if one.position not in (2, 9):  # the later names are not redacted
            catalogue.put_again([msgspec.structs.replace(one, event=redacted(one.event), redaction=99)])
    source = catalogue.source("monitor", 9)
    assert source is not None
    assert (source.name, source.url, source.reliability) == ("monitor [redacted]", REDACTED, "A")
    assert catalogue.actor_name("hts", told[0].recorded_at, 1) == "hts [redacted]"
    assert catalogue.actor_name("hts", told[0].recorded_at, 9) == f"New {SECRET}"
    place = catalogue.location("homs", told[0].recorded_at, 9)
    assert place is not None
    assert place.name == f"New {SECRET}"
    assert catalogue.search("homs", told[0].recorded_at, 9)
    assert catalogue.redacted == 7
