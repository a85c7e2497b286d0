"""Who is sensitive, what of an event is told to others, and that no way to a text leads past that."""

import json
import re
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from events import codec, marks, withholding
from events.reference import SourceProtected, SourceRegistered
from events.shape import read_event, write_event
from services.timeline import protecting
from services.timeline.prepared import Naming, Prepared, prepare_line
from tests.acceptance.sensitive_world import LATER, REGISTERED, SECRET, sensitive_world
from tests.stories import as_recorded
from tests.unit.test_layers import LAYERS, ROOT, modules

EVENTS = [read_event(json.dumps(one).encode()) for one in sensitive_world()]
BOTH = frozenset({REGISTERED, LATER})


def test_the_last_word_on_a_source_counts() -> None:
    """A registration, then what protects it or lifts that; other events say nothing of it."""
    found = frozenset[str]()
    for event in EVENTS:
        found = withholding.after(found, event)
    assert found == BOTH
    assert withholding.after(found, SourceProtected(source_id=LATER, sensitive=False, reason="x")) == {REGISTERED}
    assert (
        withholding.after(frozenset(), SourceRegistered(source_id="s", name="n", kind="other", sensitive=False))
        == set()
    )


@pytest.mark.parametrize("event", EVENTS, ids=lambda one: type(one).__name__)
def test_what_is_withheld_holds_no_name_and_has_the_same_structure(event: Any) -> None:
    """But for what commits to the text; an event of nobody who is sensitive is told as it is."""
    one = as_recorded(event, 1)
    told = withholding.told(one, BOTH)
    said = json.dumps(write_event(told.event))
    assert SECRET not in said
    assert told.withheld is withholding.concerns(event, BOTH) is (SECRET in json.dumps(write_event(event)))
    assert codec.unsealed(codec.encode(told.event)) == codec.unsealed(codec.encode(event))
    assert withholding.told(one, frozenset()) is one
    if told.withheld:
        assert withholding.same_but_for_text(codec.encode(event), codec.encode(told.event))


def test_a_source_that_is_not_sensitive_is_stored_as_before_there_was_the_word() -> None:
    """Whether it is left out or said to be false: old digests, leaves and ids stay."""
    plain = {"type": "SourceRegistered", "source_id": "s", "name": "n", "kind": "other"}
    forms = [
        codec.encode(read_event(json.dumps(plain | more).encode()), bytes(16)) for more in ({}, {"sensitive": False})
    ]
    assert forms[0] == forms[1]
    assert b"sensitive" not in forms[0].structure
    kept = codec.encode(read_event(json.dumps(plain | {"sensitive": True}).encode()), bytes(16))
    assert b'"sensitive":true' in kept.structure
    assert codec.decode(kept.name, kept.structure, kept.text) == read_event(
        json.dumps(plain | {"sensitive": True}).encode()
    )


def test_nobody_can_post_the_mark() -> None:
    """So it always means what it says."""
    posted = json.dumps(
        {"type": "SourceRegistered", "source_id": "s", "name": marks.WITHHELD, "kind": "other"}
    ).encode()
    made = prepare_line(posted)
    assert isinstance(made, Prepared)
    assert made.problems


def test_an_id_made_for_a_line_of_a_file_rests_on_no_name_of_a_sensitive_source() -> None:
    """Whoever reads the id could else guess names and try them."""

    def named(**said: Any) -> UUID | None:
        line = {"type": "SourceRegistered", "source_id": "s", "kind": "other"} | said
        made = prepare_line(json.dumps(line).encode())
        assert isinstance(made, Prepared)
        return Naming().named(made).event_id

    assert named(name="A", sensitive=True) == named(name="B", sensitive=True)
    assert named(name="A") != named(name="B")


@pytest.mark.parametrize(
    ("source_id", "name", "tells"),
    [
        ("amal.haddad", "Amal Haddad", True),
        ("a-haddad", "Amal Haddad", True),
        ("amalhaddad77", "Amal Haddad", True),
        ("muller", "Jürgen Müller", True),
        ("s-7f3a", "Amal Haddad", False),
        ("s-al", "Al Ha", False),  # too short to be more than chance
        ("source-12", "أمل حداد", False),
    ],
)
def test_an_id_tells_the_name_where_a_word_of_it_stands_in_it(source_id: str, name: str, tells: bool) -> None:
    """Case and accents aside."""
    assert protecting.tells(source_id, name) is tells
    event = SourceRegistered(source_id=source_id, name=name, kind="other", sensitive=True)
    assert [one.code for one in protecting.odd([event])] == (["id_tells_the_name"] if tells else [])


#: Who reads texts out of the database, or makes events of rows: the log, which tells them; and these.
_READ_TEXTS = {
    "events/rows.py", "events/log.py", "events/recorder.py",
    "services/timeline/audit/recorder_review.py",  # hands its rows to the log to be told
    "services/timeline/audit/gathering.py",  # bundles, with `discreet` beside it
}  # fmt: skip

#: Who may reach the timeline of the application past `asking.timeline`, which settles how it is seen.
_REACH_THE_WHOLE = {"again.py", "app.py", "asking.py", "authority.py", "page.py"}


def test_no_other_way_leads_to_a_text() -> None:
    """Whoever adds one is told here to go through `Log.told`."""

    def using(words: tuple[str, ...], folder: str | None = None) -> set[str]:
        paths = modules(folder) if folder else [path for layer in LAYERS for path in modules(layer)]
        return {
            str(path.relative_to(ROOT))
            for path in paths
            if any(re.search(word, path.read_text("utf-8")) for word in words)
        }

    assert using(("SELECT_WHOLE", r"\bas_recorded\b", "structure, text, salt FROM event")) == _READ_TEXTS
    reached = using(("app.state.timeline",), "services/timeline/api")
    assert {Path(one).name for one in reached} == _REACH_THE_WHOLE
