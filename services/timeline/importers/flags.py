"""What is odd in a foreign file, by name: one word a kind of dirt, the same in the report, in JSON and in docs/formats.md.

A flag says that a row was kept although something about it is odd, or why it was refused or left out.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, NamedTuple

#: Every flag with what it means; `REFUSES` and `LEAVES_OUT` name those whose row was not taken.
FLAGS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "date-out-of-range": "a date that cannot be (1753, 2919); a source's date is then taken as the event's last day",
        "date-unreadable": "a date in no known form",
        "published-unknown": "no date of publication; the event's last day is taken",
        "published-before-event": "its source is dated before it happened; kept as said",
        "figures-out-of-order": "low > best or best > high; kept as said",
        "figures-do-not-add-up": "the sides' figures do not add up to the best figure; kept as said",
        "figure-unreadable": "a figure that is no whole number; left out of its row",
        "several-values": "several values in one cell; taken apart",
        "homonym": "another place of the data set bears this name; told apart by district or coordinates",
        "moved-coordinates": "the same place at other coordinates; the first ones stand",
        "no-coordinates": "a place without usable coordinates",
        "coordinates-unusable": "coordinates off the globe, or no numbers; left out",
        "actor-relabelled": "an actor's id comes with another name; the first name stands",
        "relabelled": "another label for the same holder (the mapping says so): not a capture",
        "label-vanished": "a holder vanished from the list, its places under another: relabelled rather than captured?",
        "delisted": "a place is no longer in the list; its status stands, and a development says so",
        "no-claim": "a status word that asserts nothing ('Unknown'); no claim is made",
        "as-of-lags": "dated before a snapshot that said otherwise; the claim takes effect at its own snapshot",
        "as-of-ahead": "dated after its own snapshot; the snapshot's time is taken",
        "contradicts-itself": "one place with two statuses in one snapshot; neither row is taken",
        "same-place-twice": "one place twice in one snapshot, with the same status; taken once",
        "ends-assumed-inclusive": "the mapping does not say whether end dates belong to the period; taken as they do",
        "kind-unmapped": "a kind that the mapping does not name; recorded as its `otherwise`",
        "doubly-encoded": "text that went through the wrong encoding once (Ã© for é); kept as said",
        "other-encoding": "the file is not UTF-8; it was read in the encoding named",
        "ragged-row": "more or fewer cells than the header",
        "incomplete-row": "a cell that its event needs is empty or unusable",
        "identity-twice": "the id of an earlier row; the earlier one stands",
        "not-accepted": "an event that the log does not take; its reason is told",
        "not-a-place": "a feature that is none of the kinds of places",
        "parent-unknown": "its parent is neither in the file nor registered; registered without",
        "parent-by-code": "its parent stands in the file by code alone; registered with the code as its name",
        "held-under-another-id": "registered already, by somebody else, under the same code; not registered twice",
        "geometry-simplified": "a geometry too large for an event; the middle of its bounds stands instead",
        "geometry-unusable": "a geometry of a type that is not held; left out",
        "revised": "a place that changed since it was imported; a revision says so",
        "amended": "a row that changed since it was imported; an amendment says so",
        "earlier-edition": "content that this row had before and that was corrected since; nothing is changed",
        "desk-amended": "changed in this edition, but corrected by the desk meanwhile; the desk's word stands",
        "report-differs": "only the report's own date, chain or address changed; the first stands",
    }
)

REFUSES: Final = frozenset({"ragged-row", "incomplete-row", "identity-twice", "contradicts-itself", "not-accepted"})
LEAVES_OUT: Final = frozenset({"not-a-place", "no-claim", "same-place-twice", "earlier-edition"})


class Flag(NamedTuple):
    """A flag on a row, with what was found there."""

    name: str
    said: str
