"""What a redaction may say, and what it is filled up with: decided on one event, without a log."""

from datetime import UTC, datetime
from uuid import UUID

import msgspec
import pytest

from events import codec
from events.appends import HeldEvent, Place
from events.problems import UnusableEvent
from events.redaction import EventRedacted
from events.reference import SourceRegistered
from services.timeline import redacting
from services.timeline.prepared import redaction

ABOUT, OWN = UUID(int=1), UUID(int=2)


class Log:
    """A log of one event, and of what it is told beside."""

    def __init__(self, name: str, url: str | None = None) -> None:
        form = codec.encode(SourceRegistered(source_id="src-17", name=name, kind="ngo", url=url))
        self.events = {ABOUT: HeldEvent(Place(7, datetime(2026, 1, 1, tzinfo=UTC)), *form)}
        self.redacted: set[str] = set()

    def recorded(self, event_id: UUID) -> HeldEvent | None:
        return self.events.get(event_id)

    def exists(self, kind: str, key: str) -> bool:
        return kind == "redaction" and key in self.redacted


def completed(log: Log, reason: str = "Asked for.", legal_basis: str = "GDPR") -> EventRedacted:
    asked = EventRedacted(event_id=OWN, redacted_id=ABOUT, legal_basis=legal_basis, reason=reason)
    event = redacting.completed(log, redaction(asked), "key:admin").event
    assert isinstance(event, EventRedacted)
    return event


def test_it_is_filled_up_with_where_what_and_who() -> None:
    """And says nothing else than what was asked."""
    found = completed(Log("Somebody", "https://example.org"))

    assert (found.redacted_position, found.redacted_by, found.removed) == (7, "key:admin", ("name", "url"))
    assert (found.event_id, found.redacted_id, found.reason, found.legal_basis) == (OWN, ABOUT, "Asked for.", "GDPR")
    assert found.is_complete


@pytest.mark.parametrize(
    ("text", "reason", "repeats"),
    [
        ("Ahmad Khalil", "Ahmad Khalil asked for it.", True),
        ("Ahmad Khalil", "AHMAD KHALIL!", True),
        ("Ahmad Khalil", "Ahmad asked for it.", False),  # an allusion, which no program notices
        ("Ahmad Khalil", "He asked for it.", False),
        ("أحمد خليل", "طلب احمد خليل ذلك", True),
        ("Ahmad Khalil was seen at the third bakery", "he was seen at the baker's", True),
        ("Ahmad Khalil was seen at the third bakery", "who was named there asked for it", False),
        ("AK", "AK asked for it.", False),  # too short: it would be found in much else
        ("Homs", "The people of Homs asked for it.", True),
        ("Homs", "Homsi asked for it.", False),
    ],
)
def test_the_reason_quotes_nothing_of_the_text(text: str, reason: str, repeats: bool) -> None:
    """Case, accents and punctuation aside; nor does the legal basis."""
    for said in ({"reason": reason}, {"legal_basis": reason}):
        if not repeats:
            assert completed(Log(text), **said).removed == ("name",)
            continue
        with pytest.raises(UnusableEvent, match="repeats words of the text") as refused:
            completed(Log(text), **said)
        assert [problem.value for problem in refused.value.problems] == [None]


def test_a_text_that_is_gone_cannot_be_redacted_and_says_how_it_went() -> None:
    """Lawfully, or behind the log's back."""
    log = Log("Somebody")
    held = log.events[ABOUT]
    log.events[ABOUT] = HeldEvent(held.place, held.name, held.structure, None, None)
    with pytest.raises(UnusableEvent, match="no redaction of it is recorded") as refused:
        completed(log)
    assert refused.value.conflict
    log.redacted.add(str(ABOUT))
    with pytest.raises(UnusableEvent, match="was redacted already, at position 7"):
        completed(log)


def test_what_is_wrong_with_it_in_itself_is_told_first() -> None:
    """A blank reason, and what only the service may fill in."""
    asked = EventRedacted(redacted_id=ABOUT, legal_basis=" ", reason="", removed=("name",))
    with pytest.raises(UnusableEvent) as refused:
        redacting.completed(Log("Somebody"), redaction(asked), "key:admin")
    assert {problem.field for problem in refused.value.problems} == {"legal_basis", "reason", "removed"}


def test_the_structure_of_a_redaction_holds_nothing_of_the_text() -> None:
    """For structure stays for good."""
    form = codec.encode(completed(Log("Qwyxzimt", "https://example.org/Qwyxzimt"), reason="Zvonk."))

    assert b"Qwyxzimt" not in form.structure + (form.text or b"")
    assert b"Zvonk" not in form.structure
    said = msgspec.json.decode(form.structure)["event"]
    assert set(said) == {"redacted_id", "redacted_position", "redacted_by", "legal_basis", "removed"}
