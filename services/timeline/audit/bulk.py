"""A part of the log verified a tile at a time: the quick way for a part where nothing is wrong, as nearly all are.

It finds out *that* something may be wrong, never what: `recomputing.py` then reads the part again, event by event. Columns
come as arrays, one row for 256 events, which spares most of the cost of rows.
"""

import hashlib
from operator import ge
from typing import Any, Final

from psycopg import Connection

from events import merkle
from events.leaves import joined
from events.tiles import WIDTH
from services.timeline.audit import stored
from services.timeline.audit.reading import LEAF, moment, tile_by_tile
from services.timeline.audit.recomputing import Job, Part, event_by_event, pieces, stream_of, wrong_version

_COLUMNS: Final = f"{LEAF}, stream_id::text, text, salt"

#: What can go wrong with values that are not what they should be: an empty one, no time, no structure.
_ODD: Final = (AttributeError, LookupError, TypeError, ValueError)


def recompute(connection: Connection[Any], job: Job) -> Part:
    """Read a part of the log again and compare it with the tiles of the tree."""
    if job.versions:
        return Part(wrong_version(connection), [], {}, None, None)
    return _in_bulk(connection, job) or event_by_event(connection, job)


def _in_bulk(connection: Connection[Any], job: Job) -> Part | None:
    """What there is to say where nothing is wrong; None where something may be, or where the tree does not reach."""
    if job.until > job.tree:
        return None
    held = stored.level_of_tiles(connection, 0, job.start // WIDTH, -(-job.until // WIDTH))
    part = Part(None, [], {}, None, None)
    position, odd = job.start, False
    for columns in tile_by_tile(connection, job.start, job.until, _COLUMNS):
        # Once something is odd the rest is read and let go: to break off would break the transaction off.
        hashes = None if odd else _hashes(columns, job, position, part.last_at)
        if hashes is None or b"".join(hashes) != held.get(position // WIDTH):
            odd = True
            continue
        for size in job.sizes:
            if position < size < position + WIDTH:
                part.pieces[size] = pieces(hashes, size - position)
        if len(hashes) == WIDTH:
            part.roots.append(merkle.complete_root(hashes))
        position, times = columns[0][-1], columns[1]
        part = part._replace(first_at=times[0] if part.first_at is None else part.first_at, last_at=times[-1])
    return None if odd or position != job.until else part


def _hashes(columns: list[list[Any]], job: Job, position: int, last_at: int | None) -> list[bytes] | None:
    """The hashes of the leaves of a tile that follows on a position and a time; None where anything is odd."""
    positions, times = columns[0], columns[1]
    if positions != list(range(position + 1, position + 1 + len(positions))) or len(positions) > WIDTH:
        return None
    if (last_at is not None and times[0] <= last_at) or any(map(ge, times, times[1:])):
        return None
    try:
        return [_hash(job, *event) for event in zip(*columns, strict=True)]
    except _ODD:
        return None


def _hash(
    job: Job, position: int, at: int, event_id: str, who: str, name: str, structure: bytes, stream: str, text: bytes | None,
    salt: bytes | None,
) -> bytes:  # fmt: skip
    """The hash of an event's leaf, once its stream is that of its structure and its text what that commits to."""
    sha256 = hashlib.sha256
    if text is not None and salt is not None:
        committed = structure.endswith(b'"text_sha256":"%b"}' % sha256(salt + text).hexdigest().encode())
        intact = committed and position not in job.redacted
    else:
        intact = text is salt and (structure.endswith(b'"text_sha256":null}') or position in job.redacted)
    if not intact or not stream_of(name, structure, stream):
        raise ValueError
    leaf = joined(position, event_id.encode(), moment(at), who.encode(), name.encode(), structure)
    return sha256(b"\x00" + leaf).digest()
