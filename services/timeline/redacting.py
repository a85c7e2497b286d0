"""A redaction as it is asked for + the event that it is about → the redaction to record, or why there is none (pure).

Who asks says which event, why and on what ground; which fields held text, where the event stands and who asked is filled in
here, under the lock of the append. A redaction out of an export is complete; it takes no text away, since what it redacted came
without.
"""

from collections.abc import Iterator
from typing import Final, Protocol
from uuid import UUID

import msgspec

from events import codec, marks
from events.appends import HeldEvent
from events.codec import StoredForm
from events.problems import Problem, UnusableEvent
from events.redaction import EventRedacted
from projections.folding import bare_words
from services.timeline.prepared import Prepared

#: What a redaction never takes away, wherever the database or the service put it; somebody has to see to it.
NOT_PURGED: Final = (
    "backups and dumps of the database",
    "archived WAL, and standbys until they have replayed it",
    "the space of the old row in the database's files, until VACUUM has passed and the space is used again",
    "exports, evidence bundles and tables that were handed out, and logs that were made of them",
    "answers that browsers, proxies and other programs keep",
    "other events: the same name may stand in their text, too",
)

#: So many words in a row are a quotation. A shorter text is one as a whole.
_QUOTED: Final = 3

#: A text of fewer letters is not looked for: it would be found by chance.
_LETTERS: Final = 3


class Deciding(Protocol):
    """What the intake knows of events: those of the log, and those accepted before."""

    def recorded(self, event_id: UUID) -> HeldEvent | None:
        """An event by its id; its place is where it will stand."""

    def exists(self, kind: str, key: str) -> bool:
        """Whether there is a stream of a kind of thing."""


def completed(deciding: Deciding, one: Prepared, by: str) -> Prepared:
    """The redaction as it is to be recorded; one that is recorded already as it is held.

    Raises:
        UnusableEvent: there is no such event, it has no text, its text is gone already, or the reason repeats it.
    """
    if one.problems:
        raise UnusableEvent(one.problems)
    asked = one.event
    assert isinstance(asked, EventRedacted)
    held = deciding.recorded(one.event_id) if one.event_id is not None else None
    if held is not None and _is_the_same(held, one, asked):
        found = msgspec.structs.replace(_decoded(held), event_id=one.event_id)
        return _as(one, found, StoredForm(held.name, held.structure, held.text, held.salt))
    about = deciding.recorded(asked.redacted_id)
    if about is None:
        raise _refusal(asked, "no event is recorded under this id")
    if deciding.exists("redaction", str(asked.redacted_id)):
        raise _refusal(asked, f"its text was redacted already, at position {about.place.position}", conflict=True)
    if not codec.committed_to_text(about.structure):
        said = "it has no text: what it says is ids, times, numbers and grades, which stay"
        raise _refusal(asked, said)
    made = _imported(asked, about) if asked.is_complete else _ordered(asked, about, by)
    form = codec.encode(made)
    if one.form is not None and one.form.text is None:  # its own reason was redacted in turn
        form = codec.without_text(form, codec.text_sha256(one.form.structure) or "")
    return _as(one, made, form)


def otherwise(held: HeldEvent, one: Prepared) -> str:
    """How an event differs from the one that is held under its id."""
    where = f"is recorded already at position {held.place.position}"
    if held.is_without_text:
        return f"{where}, and its text was redacted: what it said cannot be compared, and is not taken in again"
    if one.form is not None and one.form.text is None and codec.committed_to_text(one.form.structure):
        return f"{where} with its text, which was redacted elsewhere: `timeline audit redact` does that here"
    return f"{where} with other content"


def _as(one: Prepared, event: EventRedacted, form: StoredForm) -> Prepared:
    return msgspec.structs.replace(one, said=event, form=form, posted=b"")


def _decoded(held: HeldEvent) -> EventRedacted:
    event = codec.decode(held.name, held.structure, held.text)
    assert isinstance(event, EventRedacted)
    return event


def _is_the_same(held: HeldEvent, one: Prepared, asked: EventRedacted) -> bool:
    """Whether what is recorded under the redaction's own id says what is asked for now."""
    if held.name != codec.STORED_NAMES[EventRedacted]:
        return False
    found = _decoded(held)
    if (found.redacted_id, found.legal_basis) != (asked.redacted_id, asked.legal_basis):
        return False
    if held.text is not None:
        return found.reason == asked.reason
    return one.form is not None and codec.text_sha256(one.form.structure) == codec.text_sha256(held.structure)


def _ordered(asked: EventRedacted, about: HeldEvent, by: str) -> EventRedacted:
    """A redaction that is to take the text away."""
    if about.text is None:
        said = "its text is gone already, and no redaction of it is recorded; see `timeline audit verify`"
        raise _refusal(asked, said, conflict=True)
    if problems := list(_repeated(asked, about.text)):
        raise UnusableEvent(problems)
    where = marks.fields(about.name, about.text)
    return msgspec.structs.replace(asked, redacted_position=about.place.position, redacted_by=by, removed=where)


def _imported(asked: EventRedacted, about: HeldEvent) -> EventRedacted:
    """A redaction that was made in another log: what it took away did not come here."""
    if about.text is not None:
        said = "its text is recorded here, and an import takes nothing away: redact it with `timeline audit redact`"
        raise _refusal(asked, said, conflict=True)
    return msgspec.structs.replace(asked, redacted_position=about.place.position)


def _repeated(asked: EventRedacted, text: bytes) -> Iterator[Problem]:
    """Where a redaction says again what it takes away; the text itself is not shown."""
    quotations = {quotation for one in marks.texts(text) for quotation in _quotations(one)}
    for field in ("reason", "legal_basis"):
        said = bare_words(getattr(asked, field))
        sizes = range(1, _QUOTED + 1)
        if any(tuple(said[at : at + size]) in quotations for size in sizes for at in range(len(said))):
            yield Problem(field, None, "repeats words of the text that it takes away; say why without them")


def _quotations(text: str) -> Iterator[tuple[str, ...]]:
    """What of a text may not be repeated: any few words in a row; a short one as a whole."""
    words = bare_words(text)
    if len(words) > _QUOTED:
        yield from (tuple(words[at : at + _QUOTED]) for at in range(len(words) - _QUOTED + 1))
    elif sum(map(len, words)) >= _LETTERS:
        yield tuple(words)


def _refusal(asked: EventRedacted, said: str, *, conflict: bool = False) -> UnusableEvent:
    return UnusableEvent([Problem("redacted_id", str(asked.redacted_id), said)], conflict=conflict)
