"""The bytes of a leaf: canonical by somebody else's program, and different wherever anything differs."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from events import codec, leaves
from events.codec import StoredForm
from events.shape import read_event
from services.timeline import story

EVENT_ID = UUID("3f6c2d7e-54a1-4d8e-8b8c-6f2f0d9b1c33")
MOMENT = datetime(2024, 12, 2, 9, 12, 44, 120331, UTC)
FORM = StoredForm("source-reliability-assessed/1", b'{"event":{"source_id":"sana"},"text_sha256":null}', None, None)


def test_every_leaf_of_the_demo_is_canonical_json() -> None:
    """By the package `rfc8785`, written by others; and it says what the event says."""
    for position, line in enumerate(story.lines(), start=1):
        form = codec.encode(read_event(line))
        moment = MOMENT + timedelta(seconds=position)
        event_id = uuid4()
        made = leaves.leaf(position, event_id, moment, "key:desk", form)

        said: dict[str, Any] = json.loads(made)
        assert rfc8785.dumps(said) == made
        assert said == {
            "position": position,
            "event_id": str(event_id),
            "recorded_at": moment.isoformat().replace("+00:00", "Z"),
            "recorded_by": "key:desk",
            "type": form.name,
            "structure": json.loads(form.structure),
        }


def test_a_leaf_is_these_bytes() -> None:
    """Written out once, so that nobody changes them by accident: every proof rests on them."""
    assert leaves.leaf(7, EVENT_ID, MOMENT, "key:desk", FORM) == (
        b'{"event_id":"3f6c2d7e-54a1-4d8e-8b8c-6f2f0d9b1c33","position":7,"recorded_at":"2024-12-02T09:12:44.120331Z",'
        b'"recorded_by":"key:desk","structure":{"event":{"source_id":"sana"},"text_sha256":null},'
        b'"type":"source-reliability-assessed/1"}'
    )
    assert b'"recorded_at":"2024-12-02T09:12:44Z"' in leaves.leaf(7, EVENT_ID, MOMENT.replace(microsecond=0), "x", FORM)


@given(st.text(max_size=30), st.text(max_size=30))
def test_names_are_quoted_as_the_rfc_says(recorder: str, stored_type: str) -> None:
    """Whatever letters they have."""
    made = leaves.leaf(1, EVENT_ID, MOMENT, recorder, FORM._replace(name=stored_type))
    assert rfc8785.dumps(json.loads(made)) == made


PARTS = st.tuples(
    st.integers(1, 20), st.text('ab":,{}\\type', max_size=8), st.text('ab":,{}\\type', max_size=8), st.binary(max_size=12)
)  # fmt: skip


@given(PARTS, PARTS)
def test_other_parts_give_other_bytes(one: tuple[int, str, str, bytes], other: tuple[int, str, str, bytes]) -> None:
    """Also where a structure is no JSON at all: one part cannot pass for another."""
    made = [
        leaves.leaf(position, EVENT_ID, MOMENT, recorder, StoredForm(name, structure, None, None))
        for position, recorder, name, structure in (one, other)
    ]
    assert (made[0] == made[1]) == (one == other)
