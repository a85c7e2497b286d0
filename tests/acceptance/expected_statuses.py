"""What the demo story must answer, written by hand from DESIGN.md sections 4 and 5 before any fold was run on it.

Each row is one question to the view `published` (reported clock, policy assessed/1) and the answer with its reason.
Rows that stand together and share place and `at` differ in nothing but what was known. Nothing is computed here: a row
that a fold contradicts is argued about, not adjusted.
"""

from dataclasses import dataclass
from typing import Final

#: mode, holders, standing of the group's last claim
Pending = tuple[str, tuple[str, ...], str]


@dataclass(frozen=True, slots=True)
class Expected:
    """One question and its answer.

    Attributes:
        at, known_at: RFC 3339, UTC; valid time and known time.
        facet: control or access.
        standing: That of the basis; None where there is no basis (mode `unknown`).
        pending: In the order of the answer: by first effect, then by what they assert.
        reason: Why, in one sentence.
    """

    place: str
    at: str
    known_at: str
    facet: str
    mode: str
    holders: tuple[str, ...]
    challengers: tuple[str, ...]
    standing: str | None
    pending: tuple[Pending, ...]
    reason: str


SAA: Final = ("saa",)
HTS: Final = ("hts",)
NOBODY: Final = ()
NONE: Final = ()

HTS_UNCONFIRMED: Final[Pending] = ("held", HTS, "unconfirmed")
SAA_UNCONFIRMED: Final[Pending] = ("held", SAA, "unconfirmed")

# A row is read across: question, answer, reason.
# fmt: off
EXPECTED: Final[tuple[Expected, ...]] = (
    # Hama, 30 November: a withdrawal is reported and denied
    Expected(
        "sy-hama", "2024-11-30T20:00:00Z", "2024-11-30T20:00:00Z", "control",
        "held", SAA, NOBODY, "corroborated", (("vacated", NOBODY, "unconfirmed"),),
        "The withdrawal's chain ends in an E source and does not count, the ministry's denial serves itself; "
        "without the army nobody is left of 'held by saa', so the claim asserts vacated.",
    ),
    Expected(
        "sy-hama", "2024-11-30T20:00:00Z", "2024-12-01T12:00:00Z", "control",
        "held", SAA, NOBODY, "corroborated", NONE,
        "The desk's 5 of 1 December 09:00 rejects the withdrawal.",
    ),
    # Hama, 2 December: the false fall
    Expected(
        "sy-hama", "2024-12-02T12:00:00Z", "2024-11-27T05:00:00Z", "control",
        "unknown", NOBODY, NOBODY, None, NONE,
        "Nothing about Hama was published before 06:00 on 27 November.",
    ),
    Expected(
        "sy-hama", "2024-12-02T12:00:00Z", "2024-12-02T08:00:00Z", "control",
        "held", SAA, NOBODY, "corroborated", NONE,
        "The baseline has two origins (isw-ctp and sohr), both neutral; the fall was not reported before 09:00.",
    ),
    Expected(
        "sy-hama", "2024-12-02T12:00:00Z", "2024-12-02T18:00:00Z", "control",
        "held", SAA, NOBODY, "corroborated", (HTS_UNCONFIRMED,),
        "Three outlets, one origin, and that one is graded F, so no report of the fall counts; it waits as pending.",
    ),
    Expected(
        "sy-hama", "2024-12-02T12:00:00Z", "2024-12-02T19:00:00Z", "control",
        "held", SAA, NOBODY, "corroborated", (HTS_UNCONFIRMED,),
        "Ministry and Tehran Times deny their own side's loss, which is self-serving: listed, not effective.",
    ),
    Expected(
        "sy-hama", "2024-12-02T12:00:00Z", "2024-12-02T21:00:00Z", "control",
        "held", SAA, NOBODY, "corroborated", (("held", HTS, "disputed"),),
        "At 20:30 a usable source without alignment denies the fall: an effective denial.",
    ),
    Expected(
        "sy-hama", "2024-12-02T12:00:00Z", "2024-12-03T08:00:00Z", "control",
        "held", SAA, NOBODY, "corroborated", (("held", HTS, "disputed"),),
        "outlet-a has retracted, yet the origin's own report still affirms, so it is not retracted but disputed.",
    ),
    Expected(
        "sy-hama", "2024-12-02T12:00:00Z", "2024-12-03T12:00:00Z", "control",
        "held", SAA, NOBODY, "corroborated", NONE,
        "The desk's 5 of 3 December 09:00 rejects the fall, and a rejected claim is ignored.",
    ),
    Expected(
        "sy-hama", "2024-12-02T12:00:00Z", "2024-12-08T12:00:00Z", "control",
        "held", SAA, NOBODY, "corroborated", NONE,
        "That the city was captured on the 5th does not leak back to the 2nd.",
    ),
    Expected(
        "sy-hama", "2024-12-02T08:00:00Z", "2024-12-02T18:00:00Z", "control",
        "held", SAA, NOBODY, "corroborated", NONE,
        "'Captured on the 2nd' is a change, published 09:00 within that day, so it takes effect at 09:00.",
    ),
    Expected(
        "sy-hama", "2024-11-26T12:00:00Z", "2024-12-08T12:00:00Z", "control",
        "unknown", NOBODY, NOBODY, None, NONE,
        "The first claim about Hama takes effect at the start of 27 November; before that the record is silent.",
    ),
    # Hama, 4 December: the army holds
    Expected(
        "sy-hama", "2024-12-04T12:00:00Z", "2024-12-04T06:00:00Z", "control",
        "held", SAA, NOBODY, "corroborated", NONE,
        "The baseline of 27 November is still the last accepted claim.",
    ),
    Expected(
        "sy-hama", "2024-12-04T12:00:00Z", "2024-12-04T09:30:00Z", "control",
        "held", SAA, NOBODY, "credible", NONE,
        "The monitor's 'held' of the 4th is the new basis: usable, neutral, credibility 2, but one origin.",
    ),
    Expected(
        "sy-hama", "2024-12-04T12:00:00Z", "2024-12-04T20:00:00Z", "control",
        "held", SAA, NOBODY, "corroborated", NONE,
        "SANA's report of 10:30 is self-serving but counts, a second origin beside a usable one without interest.",
    ),
    # Hama, 5 December: entry, denial, admission
    Expected(
        "sy-hama", "2024-12-05T09:00:00Z", "2024-12-05T09:00:00Z", "control",
        "held", SAA, NOBODY, "corroborated", (("contested", SAA, "unconfirmed"),),
        "HTS media alone report the entry, which favours HTS; the ministry's denial of 07:30 is no less self-serving.",
    ),
    Expected(
        "sy-hama", "2024-12-05T09:00:00Z", "2024-12-05T10:30:00Z", "control",
        "contested", SAA, HTS, "corroborated", NONE,
        "At 10:05 the monitor is a second origin, usable and neutral; the ministry's denial stays without effect.",
    ),
    Expected(
        "sy-hama", "2024-12-05T09:00:00Z", "2024-12-05T14:00:00Z", "control",
        "contested", SAA, HTS, "admitted", NONE,
        "At 13:05 the ministry itself says that the city was entered; its latest statement is its stance.",
    ),
    Expected(
        "sy-hama", "2024-12-05T14:00:00Z", "2024-12-05T12:00:00Z", "control",
        "contested", SAA, HTS, "corroborated", NONE,
        "The withdrawal is not published before 13:05; fighting in the city is the last that is known.",
    ),
    Expected(
        "sy-hama", "2024-12-05T14:00:00Z", "2024-12-05T14:00:00Z", "control",
        "held", HTS, NOBODY, "admitted", NONE,
        "The army's own side reports its withdrawal; without saa the contested status leaves hts, and who is left holds.",
    ),
    Expected(
        "sy-hama", "2024-12-05T14:00:00Z", "2024-12-06T12:00:00Z", "control",
        "held", HTS, NOBODY, "admitted", NONE,
        "The capture takes effect at 14:50, when it was published; at 14:00 the withdrawal is the basis, whatever came later.",
    ),
    Expected(
        "sy-hama", "2024-12-05T16:00:00Z", "2024-12-05T15:00:00Z", "control",
        "held", HTS, NOBODY, "admitted", NONE,
        "The capture is unconfirmed until 15:20, but asserts what the basis asserts, so nothing is pending.",
    ),
    Expected(
        "sy-hama", "2024-12-05T16:00:00Z", "2024-12-05T18:00:00Z", "control",
        "held", HTS, NOBODY, "corroborated", NONE,
        "The monitor joins HTS media as a second origin at 15:20: the capture is the basis.",
    ),
    # Hama, the 8th
    Expected(
        "sy-hama", "2024-12-08T12:00:00Z", "2024-12-05T12:00:00Z", "control",
        "contested", SAA, HTS, "corroborated", NONE,
        "A status does not age: as known at noon on the 5th the fighting is the last word for the 8th too.",
    ),
    Expected(
        "sy-hama", "2024-12-08T12:00:00Z", "2024-12-08T12:00:00Z", "control",
        "held", HTS, NOBODY, "confirmed", NONE,
        "The desk assessed the capture 1 on 6 December.",
    ),
    # Hama's surroundings
    Expected(
        "sy-hama-north-countryside", "2024-12-02T20:00:00Z", "2024-12-02T20:00:00Z", "control",
        "unknown", NOBODY, NOBODY, None, (SAA_UNCONFIRMED,),
        "Units that remain and an advance repelled assert the same, both from the army's own side: one group, no basis.",
    ),
    Expected(
        "sy-hama-north-countryside", "2024-12-03T18:00:00Z", "2024-12-03T12:00:00Z", "control",
        "unknown", NOBODY, NOBODY, None, (SAA_UNCONFIRMED,),
        "The monitor's report of fighting is not published before 16:00.",
    ),
    Expected(
        "sy-hama-north-countryside", "2024-12-03T18:00:00Z", "2024-12-03T18:00:00Z", "control",
        "contested", SAA, HTS, "credible", NONE,
        "One usable neutral origin with credibility 2; the army's claims stand before it in the order.",
    ),
    Expected(
        "sy-hama-east-countryside", "2024-12-08T12:00:00Z", "2024-12-08T12:00:00Z", "control",
        "unknown", NOBODY, NOBODY, None, (SAA_UNCONFIRMED,),
        "Only the ministry ever spoke of it: two publishers, one origin, self-serving.",
    ),
    Expected(
        "sy-hama-strategic-locations", "2024-12-02T12:00:00Z", "2024-12-02T20:00:00Z", "control",
        "unknown", NOBODY, NOBODY, None, NONE,
        "The areas retaken take effect when that was published, 18:30, which is after noon.",
    ),
    Expected(
        "sy-hama-strategic-locations", "2024-12-02T20:00:00Z", "2024-12-02T20:00:00Z", "control",
        "unknown", NOBODY, NOBODY, None, (SAA_UNCONFIRMED,),
        "SANA's military source reports a gain of its own side, and nobody else does.",
    ),
    Expected(
        "sy-hama-idlib-boundary", "2024-12-03T12:00:00Z", "2024-12-03T12:00:00Z", "control",
        "unknown", NOBODY, NOBODY, None, (SAA_UNCONFIRMED,),
        "An aligned outlet alone reports areas retaken along the boundary.",
    ),
    Expected(
        "sy-hama-central-prison", "2024-12-05T11:30:00Z", "2024-12-05T11:30:00Z", "control",
        "unknown", NOBODY, NOBODY, None, (HTS_UNCONFIRMED,),
        "An agency carries HTS media: one aligned source in the chain makes it self-serving.",
    ),
    Expected(
        "sy-hama-central-prison", "2024-12-05T11:30:00Z", "2024-12-05T18:00:00Z", "control",
        "held", HTS, NOBODY, "corroborated", NONE,
        "Since the merge of 17:00 the monitor's report counts for the first record, which takes effect at 11:10.",
    ),
    Expected(
        "sy-hama-airbase", "2024-12-05T20:00:00Z", "2024-12-05T20:00:00Z", "control",
        "held", SAA, NOBODY, "credible", (HTS_UNCONFIRMED,),
        "HTS media alone report the capture; the baseline map has one origin.",
    ),
    Expected(
        "sy-hama-airbase", "2024-12-05T22:00:00Z", "2024-12-05T22:00:00Z", "control",
        "held", SAA, NOBODY, "credible", (HTS_UNCONFIRMED,),
        "'Retaken', published 21:30 about the 5th, takes effect at that day's end, 21:00; it asserts what the basis does.",
    ),
    Expected(
        "sy-hama-airbase", "2024-12-05T22:00:00Z", "2024-12-06T11:30:00Z", "control",
        "held", HTS, NOBODY, "corroborated", (SAA_UNCONFIRMED,),
        "The agency's photographs corroborate the capture of 16:00; the recapture, later in the order, now asserts otherwise.",
    ),
    Expected(
        "sy-hama-airbase", "2024-12-05T22:00:00Z", "2024-12-06T12:30:00Z", "control",
        "held", HTS, NOBODY, "corroborated", NONE,
        "The desk rejected the recapture at noon.",
    ),
    # Aleppo
    Expected(
        "sy-aleppo", "2024-11-30T08:00:00Z", "2024-11-29T15:00:00Z", "control",
        "contested", SAA, HTS, "credible", NONE,
        "The monitor through an agency: usable, neutral, credibility 2, one origin.",
    ),
    Expected(
        "sy-aleppo", "2024-11-30T08:00:00Z", "2024-11-30T12:00:00Z", "control",
        "contested", SAA, HTS, "admitted", NONE,
        "At 10:00 the army command says that armed groups are in the city; the ministry's denial was self-serving.",
    ),
    Expected(
        "sy-aleppo", "2024-11-30T18:00:00Z", "2024-11-30T18:00:00Z", "control",
        "contested", SAA, HTS, "admitted", (HTS_UNCONFIRMED,),
        "HTS media's claim of the whole city, 16:00, favours HTS and stands alone.",
    ),
    Expected(
        "sy-aleppo", "2024-11-30T18:00:00Z", "2024-12-01T12:00:00Z", "control",
        "held", HTS, NOBODY, "corroborated", NONE,
        "On 1 December the monitor says so too: two origins, one usable and without interest.",
    ),
    Expected(
        "sy-aleppo", "2024-12-02T12:00:00Z", "2024-12-02T12:00:00Z", "control",
        "held", HTS, NOBODY, "corroborated", NONE,
        "The capture of 30 November is the last accepted claim.",
    ),
    Expected(
        "sy-aleppo", "2024-12-02T12:00:00Z", "2024-12-02T20:00:00Z", "control",
        "shared", ("hts", "saa"), NOBODY, "admitted", NONE,
        "An outlet aligned with the army says that HTS holds many parts: `shared` favours nobody and costs the former holder.",
    ),
    Expected(
        "sy-aleppo", "2024-12-04T12:00:00Z", "2024-12-05T12:00:00Z", "control",
        "held", HTS, NOBODY, "corroborated", NONE,
        "A monitor and a control map, both neutral, say on the 4th and 5th that no army units are left.",
    ),
    Expected(
        "sy-aleppo-sheikh-maqsoud", "2024-12-08T12:00:00Z", "2024-12-08T12:00:00Z", "control",
        "held", ("sdf",), NOBODY, "credible", NONE,
        "A claim about the city sets no status of its quarter: the baseline stands.",
    ),
    Expected(
        "sy-aleppo-airport", "2024-11-30T20:00:00Z", "2024-11-30T20:00:00Z", "control",
        "held", SAA, NOBODY, "credible", (HTS_UNCONFIRMED,),
        "HTS media alone report the capture of the airport.",
    ),
    Expected(
        "sy-aleppo-airport", "2024-11-30T20:00:00Z", "2024-12-01T12:00:00Z", "control",
        "held", HTS, NOBODY, "corroborated", NONE,
        "The monitor joins at 09:30 on 1 December.",
    ),
    Expected(
        "sy-aleppo-airport", "2024-12-03T12:00:00Z", "2024-12-03T12:00:00Z", "access",
        "closed", ("syria-government",), NOBODY, "credible", NONE,
        "Closed on 30 November by those who ran it; a change of control says nothing about access.",
    ),
    Expected(
        "sy-kuweires-airbase", "2024-12-02T12:00:00Z", "2024-12-02T12:00:00Z", "control",
        "held", SAA, NOBODY, "credible", (HTS_UNCONFIRMED,),
        "HTS media alone report the capture of 1 December.",
    ),
    Expected(
        "sy-kuweires-airbase", "2024-12-02T12:00:00Z", "2024-12-04T12:00:00Z", "control",
        "held", HTS, NOBODY, "corroborated", NONE,
        "An agency's photographs, published on the 3rd, are a second origin, usable and neutral.",
    ),
    # The air base of the footage
    Expected(
        "sy-aleppo-south-unnamed-airbase", "2024-12-02T20:00:00Z", "2024-12-02T12:00:00Z", "control",
        "unknown", NOBODY, NOBODY, None, NONE,
        "No claim yet: the article is published at 18:30.",
    ),
    Expected(
        "sy-aleppo-south-unnamed-airbase", "2024-12-02T20:00:00Z", "2024-12-02T20:00:00Z", "control",
        "unknown", NOBODY, NOBODY, None, (HTS_UNCONFIRMED,),
        "Unverified footage from an E source does not count: unknown because everything is pending.",
    ),
    Expected(
        "sy-aleppo-south-unnamed-airbase", "2024-12-02T20:00:00Z", "2024-12-04T12:00:00Z", "control",
        "unknown", NOBODY, NOBODY, None, NONE,
        "Amended on 4 December: the footage is from Abu al-Duhur, and no claim about the unnamed base is left.",
    ),
    Expected(
        "sy-abu-al-duhur-airbase", "2024-12-02T20:00:00Z", "2024-12-02T20:00:00Z", "control",
        "held", SAA, NOBODY, "credible", (HTS_UNCONFIRMED,),
        "HTS media's claim of 30 November waits; 'an advance repelled' is unconfirmed too, but asserts what the basis does.",
    ),
    Expected(
        "sy-abu-al-duhur-airbase", "2024-12-02T20:00:00Z", "2024-12-04T12:00:00Z", "control",
        "held", HTS, NOBODY, "probable", (SAA_UNCONFIRMED,),
        "The footage, now placed here on 30 November and assessed 2, is the basis; 'repelled' of 2 December says otherwise.",
    ),
    Expected(
        "sy-abu-al-duhur-airbase", "2024-11-30T06:00:00Z", "2024-11-30T12:00:00Z", "control",
        "held", SAA, NOBODY, "credible", NONE,
        "The capture published at 08:00 had not taken effect at 06:00.",
    ),
    Expected(
        "sy-abu-al-duhur-airbase", "2024-11-30T06:00:00Z", "2024-12-04T12:00:00Z", "control",
        "held", HTS, NOBODY, "probable", NONE,
        "A state takes effect at the start of its period, the local day of 30 November; the later claims are not in effect.",
    ),
    # Homs
    Expected(
        "sy-homs", "2024-12-06T20:00:00Z", "2024-12-06T20:00:00Z", "control",
        "held", SAA, NOBODY, "corroborated", (("vacated", NOBODY, "unconfirmed"),),
        "The withdrawal was graded 4 and does not count; the ministry's denial is self-serving, so it is not disputed.",
    ),
    Expected(
        "sy-homs", "2024-12-06T20:00:00Z", "2024-12-07T12:00:00Z", "control",
        "held", SAA, NOBODY, "corroborated", (("vacated", NOBODY, "doubtful"),),
        "The desk's 4 of 7 December 11:00: doubtful, still pending.",
    ),
    Expected(
        "sy-homs", "2024-12-07T23:50:00Z", "2024-12-07T23:50:00Z", "control",
        "contested", SAA, HTS, "credible", (HTS_UNCONFIRMED,),
        "The monitor's report of an entry is accepted in spite of the denial; HTS media's capture of 23:40 waits.",
    ),
    Expected(
        "sy-homs", "2024-12-07T23:50:00Z", "2024-12-08T03:00:00Z", "control",
        "held", HTS, NOBODY, "corroborated", NONE,
        "The monitor joins at 01:15; the capture takes effect at 23:40.",
    ),
    Expected(
        "sy-homs", "2024-12-08T06:00:00Z", "2024-12-08T05:20:00Z", "control",
        "held", ("southern-operations-room",), NOBODY, "credible", NONE,
        "A report entered under the wrong place at 05:10 is, until found out, the last accepted claim.",
    ),
    Expected(
        "sy-homs", "2024-12-08T06:00:00Z", "2024-12-08T06:00:00Z", "control",
        "held", HTS, NOBODY, "corroborated", NONE,
        "Voided at 05:40 as the desk's own error, it is ignored.",
    ),
    # Damascus
    Expected(
        "sy-damascus", "2024-12-07T18:00:00Z", "2024-12-07T18:00:00Z", "control",
        "held", SAA, NOBODY, "corroborated", (("besieged", SAA, "unconfirmed"),),
        "HTS media alone report an encirclement, which favours the challengers.",
    ),
    Expected(
        "sy-damascus", "2024-12-08T03:50:00Z", "2024-12-08T03:50:00Z", "control",
        "held", SAA, NOBODY, "corroborated",
        (("besieged", SAA, "unconfirmed"), ("held", ("hts", "southern-operations-room"), "unconfirmed")),
        "Two pending groups, the encirclement first, for it took effect first.",
    ),
    Expected(
        "sy-damascus", "2024-12-08T03:50:00Z", "2024-12-08T12:00:00Z", "control",
        "held", ("hts", "southern-operations-room"), NOBODY, "admitted", NONE,
        "At 04:05 the army command, through an agency, tells of its own side's loss; the encirclement stands before it.",
    ),
    Expected(
        "sy-damascus-south-approaches", "2024-12-07T18:00:00Z", "2024-12-07T18:00:00Z", "control",
        "vacated", NOBODY, NOBODY, "credible", NONE,
        "A credible withdrawal with no claim before it: vacated; the ministry's denial is self-serving.",
    ),
    # East and south
    Expected(
        "sy-deir-ez-zor", "2024-12-06T12:00:00Z", "2024-12-06T09:00:00Z", "control",
        "held", SAA, NOBODY, "credible", NONE,
        "The withdrawal is not published before 10:40.",
    ),
    Expected(
        "sy-deir-ez-zor", "2024-12-06T12:00:00Z", "2024-12-06T12:00:00Z", "control",
        "vacated", NOBODY, NOBODY, "credible", NONE,
        "Of 'held by saa' nobody is left without saa.",
    ),
    Expected(
        "sy-deir-ez-zor", "2024-12-06T14:00:00Z", "2024-12-06T14:00:00Z", "control",
        "vacated", NOBODY, NOBODY, "credible", (("held", ("sdf",), "unconfirmed"),),
        "SDF media alone report that the SDF deployed, at 13:30.",
    ),
    Expected(
        "sy-deir-ez-zor", "2024-12-06T14:00:00Z", "2024-12-06T18:00:00Z", "control",
        "held", ("sdf",), NOBODY, "corroborated", NONE,
        "A neutral agency is the second origin at 15:10.",
    ),
    Expected(
        "sy-palmyra", "2024-12-07T12:00:00Z", "2024-12-07T12:00:00Z", "control",
        "vacated", NOBODY, NOBODY, "credible", (("held", ("sfa",), "unconfirmed"),),
        "The army left by a neutral report; that the Syrian Free Army is there, only it says.",
    ),
    Expected(
        "sy-palmyra", "2024-12-07T12:00:00Z", "2024-12-08T12:00:00Z", "control",
        "held", ("sfa",), NOBODY, "corroborated", NONE,
        "The control map of 8 December is a second origin; the capture takes effect at 09:00 on the 7th.",
    ),
    Expected(
        "sy-daraa", "2024-12-06T21:00:00Z", "2024-12-06T21:00:00Z", "control",
        "held", SAA, NOBODY, "credible", (("held", ("southern-operations-room",), "unconfirmed"),),
        "The armed groups' own media report the capture, alone.",
    ),
    Expected(
        "sy-daraa", "2024-12-06T21:00:00Z", "2024-12-07T12:00:00Z", "control",
        "held", ("southern-operations-room",), NOBODY, "corroborated", NONE,
        "The monitor joins at 05:00; the army's 'redeployment' is no claim and changes nothing.",
    ),
    # The coast
    Expected(
        "sy-latakia", "2024-12-08T20:00:00Z", "2024-12-08T20:00:00Z", "control",
        "held", SAA, NOBODY, "credible", (HTS_UNCONFIRMED,),
        "HTS media alone report the entry; an army that has ceased elsewhere holds on here in the record.",
    ),
    Expected(
        "sy-latakia", "2024-12-08T20:00:00Z", "2024-12-09T12:00:00Z", "control",
        "held", HTS, NOBODY, "corroborated", NONE,
        "TASS is aligned with Russia, whom this capture neither favours nor disfavours: a usable neutral second origin.",
    ),
    Expected(
        "sy-hmeimim-airbase", "2024-12-08T20:00:00Z", "2024-12-09T12:00:00Z", "control",
        "held", ("russia",), NOBODY, "credible", NONE,
        "TASS on a Russian base serves its own side and is unconfirmed; it asserts what the baseline does.",
    ),
    Expected(
        "sy-salma", "2024-12-02T20:00:00Z", "2024-12-08T12:00:00Z", "control",
        "unknown", NOBODY, NOBODY, None, NONE,
        "An advance stopped is a clash: it says nothing about who holds the town, so there is no claim.",
    ),
    # Access
    Expected(
        "iq-sy-border", "2024-12-03T12:00:00Z", "2024-12-02T20:00:00Z", "access",
        "unknown", NOBODY, NOBODY, None, (("closed", ("iraq",), "unconfirmed"),),
        "The article alone: its report counts, but a D source is not usable.",
    ),
    Expected(
        "iq-sy-border", "2024-12-03T12:00:00Z", "2024-12-03T12:00:00Z", "access",
        "closed", ("iraq",), NOBODY, "corroborated", NONE,
        "Iraqi authorities are a second origin on the 3rd; closing favours nobody, so their report is neutral.",
    ),
    Expected(
        "iq-sy-border", "2024-12-03T12:00:00Z", "2024-12-03T12:00:00Z", "control",
        "unknown", NOBODY, NOBODY, None, NONE,
        "A closure bears on access only; reinforcements are no claim.",
    ),
    Expected(
        "sy-al-bukamal-crossing", "2024-12-08T12:00:00Z", "2024-12-08T09:00:00Z", "access",
        "open", ("iraq",), NOBODY, "credible", NONE,
        "Open since 30 September 2019; that the whole border was closed sets no status of the crossing.",
    ),
    Expected(
        "sy-al-bukamal-crossing", "2024-12-08T12:00:00Z", "2024-12-08T12:00:00Z", "access",
        "closed", ("iraq",), NOBODY, "credible", NONE,
        "Closed by a report of 10:00 with credibility 1, one origin.",
    ),
    Expected(
        "sy-m5", "2024-12-01T12:00:00Z", "2024-12-01T12:00:00Z", "access",
        "closed", HTS, NOBODY, "credible", NONE,
        "The monitor's report of 28 November; the authority of a closure stands as its holder.",
    ),
)
# fmt: on
