"""What a bundle carries of the log: the events at some positions with their leaves, texts and salts, and their proofs."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import msgspec
from psycopg import Connection

from events import codec, merkle, withholding
from events.codec import StoredForm
from events.leaves import leaf
from events.recorded import RecordedEvent
from events.tiles import Tile
from services.timeline.audit import stored
from services.timeline.audit.checkpoints import Checkpoint, Receipt

Database = Connection[Any]


class Whole(NamedTuple):
    """An event with all that is kept of it, and the bytes of its leaf."""

    recorded: RecordedEvent[Any]
    form: StoredForm
    leaf: bytes

    @property
    def without_text(self) -> bool:
        """It commits to a text that is gone."""
        return self.form.text is None and codec.committed_to_text(self.form.structure)


def whole_events(connection: Database, positions: Collection[int]) -> Iterator[Whole]:
    """The events at some positions, in the order of the log.

    Raises:
        UnknownStoredType, msgspec.MsgspecError: one that cannot be decoded here.
    """
    rows = connection.execute(
        "SELECT position, recorded_at, recorded_by, event_id, version, type, structure, text, salt FROM event "
        "WHERE position = ANY(%b::bigint[]) ORDER BY position",
        [sorted(positions)],
        binary=True,
    )
    for position, recorded_at, recorded_by, event_id, version, name, structure, text, salt in rows:
        form = StoredForm(name, bytes(structure), text, salt)
        recorded = RecordedEvent(
            position=position,
            recorded_at=recorded_at,
            recorded_by=recorded_by,
            event_id=event_id,
            version=version,
            event=codec.decode(name, form.structure, text),
        )
        yield Whole(recorded, form, leaf(position, event_id, recorded_at, recorded_by, form))


def discreet(events: Sequence[Whole], sensitive: Collection[str]) -> list[Whole]:
    """Events without the texts, and their salts, that tell who a sensitive source is; what commits to them stays.

    A leaf commits to a text as a whole, so a report's summary goes with its address.
    """
    return [_without_text(one) if withholding.concerns(one.recorded.event, sensitive) else one for one in events]


def _without_text(one: Whole) -> Whole:
    event = codec.decode(one.form.name, one.form.structure)
    return one._replace(
        recorded=msgspec.structs.replace(one.recorded, event=event, withheld=one.form.text is not None),
        form=one.form._replace(text=None, salt=None),
    )


def redacting(connection: Database, positions: Collection[int]) -> set[int]:
    """The positions of the events that say that the texts of some events were taken away."""
    if not positions:
        return set()
    rows = connection.execute(
        "SELECT by_position FROM redaction WHERE position = ANY(%b::bigint[])", [sorted(positions)]
    )
    return {position for (position,) in rows}


class Proofs:
    """Proofs out of the tree, on one connection; no tile is read twice."""

    def __init__(self, connection: Database) -> None:
        self._connection = connection
        self._tiles: dict[Tile, bytes] = {}
        self._read = stored.hashes_in(self._held)

    def _held(self, wanted: Collection[Tile]) -> Mapping[Tile, bytes]:
        missing = set(wanted) - self._tiles.keys()
        if missing:
            self._tiles.update(stored.read_tiles(self._connection, missing))
        return self._tiles

    def receipt(self, position: int, checkpoint: Checkpoint, note: str) -> Receipt:
        """The proof that an event stands in its place, without its leaf: that is a file of its own.

        Raises:
            LookupError: the tree does not reach so far.
        """
        proof = merkle.inclusion_proof(position - 1, checkpoint.size, self._read)
        return Receipt(position - 1, tuple(proof), note)

    def consistency(self, sizes: Sequence[int]) -> tuple[int, int, list[bytes]]:
        """The smaller of two sizes, the larger, and the proof that the log of the one begins that of the other.

        Raises:
            LookupError: the tree does not reach so far.
        """
        old, new = min(sizes), max(sizes)
        return old, new, merkle.consistency_proof(old, new, self._read)
