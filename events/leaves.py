"""A leaf of the tree: the bytes that stand for a recorded event (pure). docs/audit.md says the same for other people's programs.

They are the canonical JSON (RFC 8785) of position, event id, time, recorder, stored type and structure. The structure is
canonical already and commits to the text by a salted hash, so the text may be taken away lawfully without any leaf changing.
The stream and its version are left out: they follow from the leaves before.
"""

from datetime import datetime
from functools import lru_cache
from typing import Final
from uuid import UUID

import msgspec

from events.codec import StoredForm
from events.times import rfc3339

_LEAF: Final = b'{"event_id":"%b","position":%d,"recorded_at":"%b","recorded_by":%b,"structure":%b,"type":%b}'


def leaf(position: int, event_id: UUID, recorded_at: datetime, recorded_by: str, form: StoredForm) -> bytes:
    """The bytes of a recorded event."""
    moment = rfc3339(recorded_at).encode()
    return joined(position, str(event_id).encode(), moment, recorded_by.encode(), form.name.encode(), form.structure)


def joined(
    position: int, event_id: bytes, recorded_at: bytes, recorded_by: bytes, stored_type: bytes, structure: bytes
) -> bytes:
    """The same from parts that are text already; the time as RFC 3339 in UTC, a fraction only where there is one.

    Different parts give different bytes: all but the structure are quoted, and the type, which has no quote in it
    that is not escaped, stands last.
    """
    return _LEAF % (event_id, position, recorded_at, _quoted(recorded_by), structure, _quoted(stored_type))


@lru_cache(maxsize=10_000)
def _quoted(text: bytes) -> bytes:
    """Text as a JSON string after RFC 8785, section 3.2.2.2."""
    return msgspec.json.encode(text.decode())
