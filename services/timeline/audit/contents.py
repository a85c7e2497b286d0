"""What stands in an evidence bundle, file by file: names, shapes, and the manifest (pure). docs/audit.md says the same for people."""

import re
from collections.abc import Mapping
from typing import Annotated, Final, Literal

import msgspec

from events.records import Id, Sha256
from projections.policies import POLICIES, Clock, Policy, Reading
from services.timeline import wire

#: The version of all this: a bundle of another one is refused, never guessed at.
FORMAT: Final = "timeline-evidence-bundle/1"

#: The files by their names; those of one event stand in a folder of its own.
MANIFEST, POSITIONS = "MANIFEST", "positions.note"
README, QUESTION, STATUS, POLICY, GLOSSARY = "README.txt", "question.json", "status.json", "policy.json", "glossary.txt"
CHECKPOINT, KEYS, STAMP, CONSISTENCY = "checkpoint.txt", "keys.txt", "checkpoint.tsr", "consistency.json"
EVIDENCE, CUSTODY, EXHIBIT = "evidence.json", "custody.json", "exhibit.html"
LEAF, TEXT, SALT, RECEIPT = "leaf.json", "text.json", "text.salt", "receipt.tlog-proof"

#: Those that every bundle has. (Listed in the manifest are all but itself and the list of positions, which names its hash.)
ALWAYS: Final = frozenset({
    MANIFEST, POSITIONS, README, QUESTION, STATUS, POLICY, GLOSSARY, CHECKPOINT, KEYS, EVIDENCE, CUSTODY, EXHIBIT,
})  # fmt: skip
SOMETIMES: Final = frozenset({STAMP, CONSISTENCY})

OF_EVENTS: Final = re.compile(r"events/(\d{12})/(leaf\.json|text\.json|text\.salt|receipt\.tlog-proof)", re.ASCII)
CAPTURED: Final = re.compile(r"evidence/([0-9a-f]{64})", re.ASCII)

_LISTED: Final = re.compile(r"([0-9a-f]{64})  (\S+)", re.ASCII)


class Question(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a bundle answers, by which reading of the log, and who had it made when.

    Attributes:
        view: As it was asked for; `view_id` names it for ever.
        program: Name and version of the program that made the bundle.
        withheld: The positions whose text tells who a sensitive source is, and was left out; missing where there are none.
    """

    format: Literal["timeline-evidence-bundle/1"]
    location_id: Id
    at: wire.Moment
    known_at: wire.Moment
    known_position: Annotated[int, msgspec.Meta(ge=0, le=2**62)]
    view: str
    view_id: str
    policy: str
    clock: Clock
    exclude_sources: tuple[Id, ...]
    only_sources: tuple[Id, ...]
    made_at: wire.Moment
    made_by: str
    program: str
    withheld: tuple[int, ...] | msgspec.UnsetType = msgspec.UNSET

    def reading(self) -> Reading:
        """How the log is read.

        Raises:
            ValueError: a policy that this program does not know.
        """
        name, _, version = self.policy.partition("/")
        policy = POLICIES.get(name)
        if policy is None or policy.label != self.policy:
            known = ", ".join(one.label for one in POLICIES.values())
            raise ValueError(f"policy {name}/{version} is unknown here; known are {known}")
        return Reading(
            policy=policy,
            clock=self.clock,
            exclude_sources=frozenset(self.exclude_sources),
            only_sources=frozenset(self.only_sources),
        )


class StatusProved(msgspec.Struct, frozen=True):
    """The answer of `/v1/locations/{id}/status`, but for the roll-up of the places below, which have bundles of their own."""

    location_id: str
    at: str
    known_at: str
    known_position: int
    view: str
    policy: str
    clock: str
    control: wire.FacetStatus
    access: wire.FacetStatus | None


class PolicyTold(msgspec.Struct, frozen=True):
    """A policy: what each standing lets a claim do for a status, and the rule in words."""

    name: str
    version: int
    words: str
    accepted: tuple[str, ...]
    pending: tuple[str, ...]
    ignored: tuple[str, ...]


class EvidenceTold(msgspec.Struct, frozen=True, order=True):
    """A captured file that events name by its SHA-256, and whether it is in the bundle."""

    sha256: Sha256
    positions: tuple[int, ...]
    kind: str
    attached: bool


class ConsistencyTold(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """That the log of one size is the beginning of the log of another; the hashes in base64, as the API answers."""

    from_size: int
    to_size: int
    hashes: tuple[str, ...]


def written(value: object) -> bytes:
    """JSON as it stands in a bundle: two spaces in, a line's end at the end."""
    return msgspec.json.format(msgspec.json.encode(value), indent=2) + b"\n"


def policy_told(policy: Policy) -> PolicyTold:
    """A policy as it stands in a bundle."""
    by_bearing = {
        bearing: tuple(standing for standing, said in policy.bearing.items() if said == bearing)
        for bearing in ("accepted", "pending", "ignored")
    }
    return PolicyTold(policy.name, policy.version, policy.words, **by_bearing)


def of_event(position: int, name: str) -> str:
    """The name of a file of an event."""
    return f"events/{position:012}/{name}"


def manifest(sums: Mapping[str, str]) -> bytes:
    """The manifest, as `sha256sum` writes and checks it.

    Args:
        sums: The SHA-256 of each file by its name, in hexadecimal.
    """
    return "".join(f"{sums[name]}  {name}\n" for name in sorted(sums)).encode()


def read_manifest(raw: bytes) -> dict[str, str]:
    """The SHA-256 of each file by its name.

    Raises:
        ValueError: it is not as `manifest` writes it.
    """
    try:
        matches = [_LISTED.fullmatch(line) for line in raw.decode("ascii").split("\n")[:-1]]
    except UnicodeDecodeError:
        matches = [None]
    found = {match[2]: match[1] for match in matches if match is not None}
    if manifest(found) != raw:
        raise ValueError("the manifest is not a sorted list of SHA-256 and name, a line each")
    return found
