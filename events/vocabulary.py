"""The words of the log, as tables: kinds of developments, their roles and facets, the two Admiralty scales, the closed lists.

Kinds are data, not classes: a new kind is a row here. Nothing in this file computes; the rules that use the tables
live in `projections`.

Sources: Admiralty grading after NATO STANAG 2511 / AJP-2.1; ACLED sub-event names after the ACLED codebook (2023).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final, Literal, get_args

Facet = Literal["control", "access"]
FACETS: Final[tuple[Facet, ...]] = get_args(Facet)

Role = Literal["holder", "former_holder", "challenger", "authority", "initiator", "target", "party"]
ROLES: Final[tuple[Role, ...]] = get_args(Role)

#: How reliable a source is. F means *cannot be judged*, not worse than E.
Reliability = Literal["A", "B", "C", "D", "E", "F"]
RELIABILITIES: Final[tuple[Reliability, ...]] = get_args(Reliability)
RELIABILITY_WORDS: Final[Mapping[Reliability, str]] = MappingProxyType(
    {
        "A": "completely reliable",
        "B": "usually reliable",
        "C": "fairly reliable",
        "D": "not usually reliable",
        "E": "unreliable",
        "F": "reliability cannot be judged",
    }
)

#: How credible a piece of information is. 6 means *cannot be judged*, not worse than 5.
CREDIBILITIES: Final = (1, 2, 3, 4, 5, 6)
CREDIBILITY_WORDS: Final[Mapping[int, str]] = MappingProxyType(
    {
        1: "confirmed by other sources",
        2: "probably true",
        3: "possibly true",
        4: "doubtful",
        5: "improbable",
        6: "truth cannot be judged",
    }
)

SourceKind = Literal[
    "news_outlet",
    "news_agency",
    "state_agency",
    "government",
    "military",
    "armed_group_media",
    "monitoring_group",
    "un_agency",
    "ngo",
    "social_media",
    "unnamed_collective",
    "analyst",
    "other",
]
ActorKind = Literal[
    "state_force",
    "government",
    "non_state_armed_group",
    "coalition",
    "international_organisation",
    "civilian_group",
    "other",
]
LocationKind = Literal[
    "country",
    "governorate",
    "district",
    "subdistrict",
    "city",
    "town",
    "village",
    "neighbourhood",
    "base",
    "airport",
    "border_crossing",
    "border",
    "road",
    "bridge",
    "facility",
    "area",
    "other",
]
EvidenceKind = Literal["footage", "photo", "document", "satellite", "audio", "other"]
Verified = Literal["yes", "no", "not_tried"]
Precision = Literal["exact", "hour", "day", "week", "month", "year"]
Relation = Literal["exact", "at_least", "at_most", "about", "range"]

Mode = Literal["held", "vacated", "contested", "besieged", "shared", "open", "closed", "unknown"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Kind:
    """One kind of development, and what a report of it bears on; there is one object of each.

    Attributes:
        facet: The facet of its location's status that it bears on; None where it bears on none (then it is no claim).
        mode: What it asserts of that facet. A withdrawal asserts `withdrawn`, which the fold resolves.
        change: It reports a change (captured, left, closed) rather than a state (held, contested).
        roles: The roles that its participants may take.
        required: Roles with the least number of participants that each must have.
        any_of: At least one participant must have one of these roles.
        holders, challengers: The role whose actors stand there in the asserted status.
        favours, disfavours: The role whose actors gain, or lose face, if it is true.
        acled: Names of the ACLED sub-event that it corresponds to, where there is one.
        synonyms: Words that reporters use for it; shown when an unknown kind is refused.
    """

    name: str
    facet: Facet | None = None
    mode: str | None = None
    change: bool = False
    roles: tuple[Role, ...] = ("initiator", "target", "party")
    required: Mapping[Role, int] = field(default_factory=dict)
    any_of: tuple[Role, ...] = ()
    holders: Role | None = None
    challengers: Role | None = None
    favours: Role | None = None
    disfavours: Role | None = None
    acled: tuple[str, ...] = ()
    synonyms: tuple[str, ...] = ()


#: The assertion of a withdrawal before it is resolved against the claim before it (DESIGN.md, section 5).
WITHDRAWN: Final = "withdrawn"

_KINDS = (
    Kind(
        name="captured",
        facet="control",
        mode="held",
        change=True,
        roles=("holder", "former_holder"),
        required={"holder": 1},
        holders="holder",
        favours="holder",
        disfavours="former_holder",
        acled=("Non-state actor overtakes territory", "Government regains territory"),
        synonyms=("seized", "retaken", "taken", "fallen", "recaptured"),
    ),
    Kind(
        name="held",
        facet="control",
        mode="held",
        roles=("holder", "challenger"),
        required={"holder": 1},
        holders="holder",
        favours="holder",
        disfavours="challenger",
        synonyms=("remains", "repelled", "controlled", "prevented"),
    ),
    Kind(
        name="handed_over",
        facet="control",
        mode="held",
        change=True,
        roles=("holder", "former_holder"),
        required={"holder": 1},
        holders="holder",
        favours="holder",
        disfavours="former_holder",
        acled=("Non-violent transfer of territory",),
        synonyms=("transferred", "surrendered"),
    ),
    Kind(
        name="withdrawn",
        facet="control",
        mode=WITHDRAWN,
        change=True,
        roles=("former_holder", "challenger"),
        required={"former_holder": 1},
        favours="challenger",
        disfavours="former_holder",
        acled=("Non-violent transfer of territory",),
        synonyms=("left", "retreated", "evacuated", "pulled_out"),
    ),
    Kind(
        name="contested",
        facet="control",
        mode="contested",
        roles=("holder", "challenger"),
        any_of=("holder", "challenger"),
        holders="holder",
        challengers="challenger",
        favours="challenger",
        disfavours="holder",
        acled=("Armed clash",),
        synonyms=("disputed", "fighting", "frontline"),
    ),
    Kind(
        name="besieged",
        facet="control",
        mode="besieged",
        roles=("holder", "challenger"),
        required={"holder": 1, "challenger": 1},
        holders="holder",
        challengers="challenger",
        favours="challenger",
        disfavours="holder",
        synonyms=("encircled", "surrounded", "blockaded"),
    ),
    Kind(
        name="shared",
        facet="control",
        mode="shared",
        roles=("holder", "former_holder"),
        required={"holder": 2},
        holders="holder",
        disfavours="former_holder",
        synonyms=("divided", "split", "partial"),
    ),
    Kind(
        name="closed",
        facet="access",
        mode="closed",
        change=True,
        roles=("authority",),
        required={"authority": 1},
        holders="authority",
        synonyms=("shut", "sealed"),
    ),
    Kind(
        name="opened",
        facet="access",
        mode="open",
        change=True,
        roles=("authority",),
        required={"authority": 1},
        holders="authority",
        synonyms=("reopened",),
    ),
    Kind(name="clash", acled=("Armed clash",), synonyms=("battle", "attack")),
    Kind(name="air_strike", acled=("Air/drone strike",), synonyms=("airstrike", "bombing", "raid")),
    Kind(name="shelling", acled=("Shelling/artillery/missile attack",), synonyms=("artillery", "missile")),
    Kind(name="drone_strike", acled=("Air/drone strike",), synonyms=("drone", "uav")),
    Kind(
        name="explosion",
        acled=("Remote explosive/landmine/IED", "Suicide bomb", "Grenade"),
        synonyms=("ied", "mine", "bomb"),
    ),
    Kind(
        name="attack_on_civilians",
        acled=("Attack", "Abduction/forced disappearance", "Sexual violence"),
        synonyms=("massacre", "abduction"),
    ),
    Kind(name="reinforcement", synonyms=("deployed", "strengthened")),
    Kind(name="movement", synonyms=("convoy", "advance")),
    Kind(name="redeployment", synonyms=("repositioned",)),
    Kind(name="casualties", synonyms=("killed", "injured", "deaths")),
    Kind(name="displacement", synonyms=("displaced", "fled", "refugees")),
    Kind(name="ceasefire", acled=("Agreement",), synonyms=("truce",)),
    Kind(name="agreement", acled=("Agreement",), synonyms=("deal",)),
    Kind(name="statement", synonyms=("pledge", "announcement", "declaration")),
    Kind(name="diplomatic_contact", synonyms=("talks", "call", "meeting", "visit")),
    Kind(name="other", acled=("Other",)),
)

KINDS: Final[Mapping[str, Kind]] = MappingProxyType({kind.name: kind for kind in _KINDS})

#: What may be amended in a development: a correction replaces the whole field (API.md, "to the letter").
AMENDABLE: Final = (
    "kind",
    "location_id",
    "occurred",
    "participants",
    "figures",
    "destination_id",
    "summary",
    "tags",
)
