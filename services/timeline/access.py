"""Who may do what, as tables: roles, the rights of each, and the right that each event and each route asks for (pure).

A new route or a new type of event is a row here; one that has none is for the role `admin` alone. A principal may have
several roles, and then has the rights of all. How a principal is recognised is told in `keys` and `tokens`.
"""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Literal, get_args

from events.problems import Problem, UnusableEvent
from events.records import Event

Role = Literal["reader", "reporter", "analyst", "auditor", "admin"]
ROLES: Final[tuple[Role, ...]] = get_args(Role)

#: `read` what was said and what follows; `report` what others say; `judge` it; `names`: be told who sensitive sources are;
#: `audit` who recorded what; `redact`: take a text away for good, which whoever audits must not be able to; `send`: have
#: what is recorded sent elsewhere.
Right = Literal["read", "report", "judge", "names", "audit", "redact", "send"]
RIGHTS: Final[tuple[Right, ...]] = get_args(Right)

#: What each role may. Whoever records must read first: what is there already is corroborated, not reported again.
RIGHTS_OF: Final[Mapping[Role, frozenset[Right]]] = MappingProxyType(
    {
        "reader": frozenset({"read"}),
        "reporter": frozenset({"read", "report"}),
        "analyst": frozenset({"read", "report", "judge", "names"}),
        "auditor": frozenset({"read", "audit"}),
        "admin": frozenset(RIGHTS),
    }
)

#: The right that recording each type of event takes. A verdict, on a development or on a source, is an analyst's.
RECORDING: Final[Mapping[str, Right]] = MappingProxyType(
    {
        "SourceRegistered": "report",
        "SourceReliabilityAssessed": "judge",
        "SourceAlignmentStated": "report",
        "SourceProtected": "judge",
        "ActorRegistered": "report",
        "ActorRenamed": "report",
        "LocationRegistered": "report",
        "LocationRevised": "report",
        "DevelopmentReported": "report",
        "DevelopmentCorroborated": "report",
        "DevelopmentDenied": "report",
        "DevelopmentAssessed": "judge",
        "ReportRetracted": "report",
        "DevelopmentAmended": "judge",
        "DevelopmentMerged": "judge",
        "DevelopmentVoided": "judge",
        "EventRedacted": "redact",
    }
)

#: The right that each route takes, by method and path; None: it is open to everybody, also without credentials.
USING: Final[Mapping[str, Right | None]] = MappingProxyType(
    {
        "GET /healthz": None,
        "GET /readyz": None,
        "GET /openapi.json": None,
        # The page says nothing of the log to those who may not read it, and asks them for a key.
        "GET /": None,
        "GET /embed": None,
        "GET /page/{release}/{path}": None,
        "GET /metrics": "read",
        "GET /v1/status": "read",
        "GET /v1/stretches": "read",
        "GET /v1/beliefs": "read",
        "GET /v1/map/places": "read",
        "GET /v1/map/beliefs": "read",
        "GET /v1/map/moments": "read",
        "GET /v1/map/look": "read",
        "GET /v1/map/basemap": "read",
        "GET /v1/map/histograms": "read",
        "GET /v1/vocabulary": "read",
        "GET /v1/whoami": "read",
        "GET /v1/locations": "read",
        "GET /v1/locations/{location_id}": "read",
        "GET /v1/locations/{location_id}/status": "read",
        "GET /v1/locations/{location_id}/status/{moment}": "read",
        "GET /v1/locations/{location_id}/timemap": "read",
        "GET /v1/locations/{location_id}/history": "read",
        "GET /v1/locations/{location_id}/beliefs": "read",
        "GET /v1/locations/{location_id}/explain": "read",
        "GET /v1/sources": "read",
        "GET /v1/sources/{source_id}": "read",
        "GET /v1/actors": "read",
        "GET /v1/actors/{actor_id}": "read",
        "GET /v1/developments": "read",
        "GET /v1/developments/{development_id}": "read",
        "GET /v1/feeds/developments.json": "read",
        "GET /v1/feeds/developments.atom": "read",
        "GET /v1/changes": "read",
        "GET /v1/replay": "read",
        "GET /v1/views": "read",
        "POST /v1/views": "judge",
        "GET /v1/views/diff": "read",
        "GET /v1/views/{view}": "read",
        "DELETE /v1/views/{view}": "judge",
        "POST /v1/views/{view}/promote": "judge",
        "GET /v1/views/{view}/verify": "read",
        "POST /v1/views/{view}/verify": "judge",
        "GET /v1/views/{view}/set-aside": "read",
        "POST /v1/views/{view}/set-aside/retry": "judge",
        # Whoever reads may review; recorders and leaves are null in what they are told (audit/ledger.py).
        "GET /v1/audit/locations/{location_id}": "read",
        "GET /v1/audit/developments/{development_id}": "read",
        "GET /v1/audit/corrections": "read",
        "GET /v1/audit/sources/{source_id}": "read",
        "GET /v1/audit/sources/{source_id}/developments": "read",
        "GET /v1/audit/recorders/{recorder}": "audit",
        "GET /v1/audit/recorded": "audit",
        "GET /v1/log/checkpoint": "read",
        "GET /v1/log/keys": "read",
        # Hashes of single leaves would let a reader who guesses a recorder know that the guess is right.
        "GET /v1/log/proofs/inclusion": "audit",
        "GET /v1/log/proofs/consistency": "audit",
        "GET /v1/log/receipts/{position}": "audit",
        "GET /v1/log/tile/entries/{path}": "audit",
        "GET /v1/log/tile/{level}/{path}": "audit",
        "POST /v1/audit/bundles/{location_id}": "audit",
        "GET /v1/audit/custody": "audit",
        "POST /v1/audit/redactions": "redact",
        "GET /ogc": "read",
        "GET /ogc/api": "read",
        "GET /ogc/conformance": "read",
        "GET /ogc/collections": "read",
        "GET /ogc/collections/{collection_id}": "read",
        "GET /ogc/collections/status/items": "read",
        "GET /ogc/collections/status/items/{location_id}": "read",
        "GET /ogc/collections/developments/items": "read",
        "GET /ogc/collections/developments/items/{development_id}": "read",
        "GET /v1/webhooks": "send",
        "POST /v1/webhooks": "send",
        "GET /v1/webhooks/{webhook_id}": "send",
        "DELETE /v1/webhooks/{webhook_id}": "send",
        "POST /v1/webhooks/{webhook_id}/resume": "send",
        "GET /v1/webhooks/{webhook_id}/deliveries": "send",
        "POST /v1/webhooks/{webhook_id}/deliveries/{position}/retry": "send",
        "GET /v1/cloudevents": "read",
        "GET /v1/events": "read",
        "POST /v1/events": "report",
        "POST /v1/preview": "report",
        "POST /v1/developments": "report",
        "POST /v1/developments/{development_id}/corroborations": "report",
        "POST /v1/developments/{development_id}/denials": "report",
        "POST /v1/developments/{development_id}/retractions": "report",
        "POST /v1/developments/{development_id}/assessments": "judge",
        "POST /v1/developments/{development_id}/amendments": "judge",
        "POST /v1/developments/{development_id}/merge": "judge",
        "POST /v1/developments/{development_id}/void": "judge",
    }
)


@dataclass(frozen=True, slots=True)
class Principal:
    """Who asks.

    Attributes:
        name: As it is recorded beside each event: `key:NAME`, `oidc:SUBJECT`, or `local`.
        roles: At least one, for whoever may do anything at all.
    """

    name: str
    roles: frozenset[Role]

    @property
    def known(self) -> bool:
        """It is somebody: who has a key or a token, or asks on loopback where there are none."""
        return self.name not in _NOBODIES

    def has(self, right: Right) -> bool:
        """Whether one of its roles gives a right."""
        return any(right in RIGHTS_OF[role] for role in self.roles)


#: Whoever asks on loopback while there is neither a key nor an issuer of tokens.
LOCAL: Final = Principal("local", frozenset(ROLES))

#: Whoever asks for what is open to everybody.
NOBODY: Final = Principal("nobody", frozenset())

#: Whoever asks without credentials where the operator opened reading to everybody.
PUBLIC: Final = Principal("public", frozenset({"reader"}))

_NOBODIES: Final = (NOBODY.name, PUBLIC.name)


class NotAllowed(UnusableEvent):
    """An event that its principal may not record (HTTP 403); nothing is said of whether it would be right."""


def with_right(right: Right) -> list[Role]:
    """The roles that have a right, in their order."""
    return [role for role in ROLES if right in RIGHTS_OF[role]]


def may_use(principal: Principal, route: str) -> bool:
    """Whether a principal may use a route, given as `METHOD /path/{name}`; an unknown one is for admins."""
    if route not in USING:
        return "admin" in principal.roles
    right = USING[route]
    return right is None or principal.has(right)


def users(route: str) -> list[Role]:
    """The roles that may use a route."""
    return [role for role in ROLES if may_use(Principal("", frozenset({role})), route)]


def may_record(principal: Principal, event_type: str) -> bool:
    """Whether a principal may record events of a type, given as its `type`; an unknown one is for admins."""
    if event_type not in RECORDING:
        return "admin" in principal.roles
    return principal.has(RECORDING[event_type])


def recording(principal: Principal) -> Callable[[Event], None]:
    """What the writer asks of each event before it is decided on.

    The check raises NotAllowed where the principal may not record an event of that type.
    """

    def check(event: Event) -> None:
        name = type(event).__name__
        if not may_record(principal, name):
            roles = with_right(RECORDING[name]) if name in RECORDING else ["admin"]
            said = f"recording it takes the role {_either(roles)}; {principal.name} has {listed(principal.roles)}"
            raise NotAllowed([Problem("type", name, said)])

    return check


def via(principal: Principal, tool: str) -> str:
    """What is recorded beside an event that a principal recorded through a tool of ours (`local via ucdp-ged/1`)."""
    return f"{principal.name} via {tool}"


def recorder_shown(principal: Principal, recorded_by: str) -> str | None:
    """Who recorded an event, as far as a principal may know it: auditors of everybody, everybody of themselves.

    What was recorded through a tool is one's own too. Tools run on the command line, where everybody is `local`: the names
    of others are told by those who give them out and may hold any words, so nothing is taken off those.
    """
    own = recorded_by == principal.name or (principal.name == LOCAL.name and recorded_by.startswith(via(LOCAL, "")))
    return recorded_by if own or principal.has("audit") else None


def known_roles(said: Iterable[str]) -> frozenset[Role]:
    """Of words that somebody wrote, those that are roles."""
    words = set(said)
    return frozenset(role for role in ROLES if role in words)


def listed(roles: Collection[Role]) -> str:
    """Roles in their order, for people."""
    return ", ".join(role for role in ROLES if role in roles) or "no role"


def _either(roles: Collection[str]) -> str:
    *most, last = roles
    return f"{', '.join(most)} or {last}" if most else last
