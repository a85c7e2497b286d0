"""The rules by which a claim got its standing and its part in a status, by the names that DESIGN.md gives them (pure).

The rules themselves stand in `projections`; here are only their names in words, for whoever reviews what they decided.
"""

from types import MappingProxyType
from typing import Final

from projections.policies import ADMITTED, CORROBORATED, CREDIBLE, UNCONFIRMED

_BY_RULE: Final = MappingProxyType(
    {
        "void": "rule 1 of standings: recorded by mistake; ignored from then on",
        "merged": "rule 1 of standings: another record of a development; its statements count there from then on",
        "no affirming report remains": "rule 1 of standings: no affirming report is left after retractions",
        "assessed": "rule 2 of standings: the latest assessment decides; 1 confirmed, 2 probable, 3 possible, 4 doubtful, 5 rejected",
        "every origin denies by now": "each origin's latest statement is its stance, and every one of them denies by now",
        "denied": "rule 4 of standings: an effective denial, and no report since that admits or corroborates it",
        "reported again since the denial": (
            "rule 4 of standings: denied effectively, but the reports published after the last denial admit or corroborate it"
        ),
    }
)

_BY_REPORTS: Final = MappingProxyType(
    {
        ADMITTED: "rule 3 of standings, admitted: a report that counts is against the interest of who gives it",
        CORROBORATED: (
            "rule 3 of standings, corroborated: two or more distinct origins that count, one of them usable and serving no interest"
        ),
        CREDIBLE: (
            "rule 3 of standings, credible: a usable, neutral report of credibility 1 to 3, or of 6 with every source A or B"
        ),
        UNCONFIRMED: "rule 3 of standings, unconfirmed: no report that counts admits, corroborates or carries it by itself",
    }
)

_BY_PART: Final = MappingProxyType(
    {
        "basis": "the last accepted claim in the order (takes effect, published, position) that is in effect: it sets the status",
        "superseded": "accepted, and followed by a later accepted claim in the order",
        "conflicting": "accepted before the basis, of an overlapping period, and asserts something else",
        "pending": "not accepted, after the basis in the order, and asserts something else: it stands beside the status",
        "pending, and says the same as the basis": "not accepted, after the basis, and asserts the same: it adds nothing",
        "pending before the basis": "not accepted, and an accepted claim after it in the order has set the status since",
        "not in effect yet": "takes effect after the moment asked about",
        "ignored": "rejected, retracted, merged or void: neither sets the status nor stands beside it",
    }
)


def rule_words(rule: str, standing: str) -> str:
    """The rule that gave a standing."""
    return _BY_REPORTS[standing] if rule == "reports" else _BY_RULE[rule]


def part_words(part: str) -> str:
    """The rule that gave a claim its part in the status."""
    return _BY_PART[part]


#: Every part that a claim can play, in the order in which a review counts them.
PARTS: Final = tuple(_BY_PART)
