"""A small world with two people at risk, one registered so and one protected later; and every form in which a word may stand."""

import base64
import gzip
import json
import zlib
from typing import Any
from urllib.parse import quote
from uuid import UUID

from tests.acceptance.redacted_world import FOUND, LOST, TWICE, VOID
from tests.acceptance.test_rest import about, place, reported, source

#: Stands in every text that tells who they are, and in nothing else; and a word that is written otherwise in most places.
SECRET = "Qwyxzimt"
FOREIGN = "Żółćwska"
NAME = f"{SECRET} {FOREIGN}"

#: Under which ids they are told to everybody.
REGISTERED, LATER = "s-7f3a", "monitor"

REPEATED = UUID(int=41)

_URL = f"https://example.org/{SECRET}/{FOREIGN}"
_SAID = f"Known to the desk as {NAME}."


def _report(chain: list[str]) -> dict[str, Any]:
    return {
        "chain": chain,
        "published_at": "2024-12-05T12:00:00Z",
        "credibility": 2,
        "unnamed_end": f"a cousin of {NAME}",
        "url": _URL,
        "evidence": [{"kind": "footage", "url": _URL, "sha256": "0" * 64}],
    }


def sensitive_world() -> list[dict[str, Any]]:
    """Every type of event that may tell of a source, about each of the two; the second is protected by the last event."""
    both = [REGISTERED, LATER]
    events = [
        {"type": "ActorRegistered", "actor_id": "hts", "name": "HTS", "kind": "other"},
        source(REGISTERED, name=NAME, url=_URL, sensitive=True, reliability="B", event_id=str(REPEATED)),
        source(LATER, name=NAME, url=_URL, reliability="B"),
        source("paper", name="The Paper", reliability="B"),
        place("sy", kind="country"),
        place("hama", parent_id="sy"),
        place("homs", parent_id="sy"),
    ]
    for one in both:
        events += [
            {"type": "SourceReliabilityAssessed", "source_id": one, "reliability": "A", "reason": _SAID},
            {"type": "SourceAlignmentStated", "source_id": one, "aligned_with": [], "reason": _SAID},
        ]
    events += [
        reported(_report(["paper", REGISTERED]), development_id=str(LOST), summary="The city has fallen."),
        reported(_report([LATER]), development_id=str(FOUND), summary="It has not.", kind="held", occurred={"start": "2024-12-05T21:00:00Z", "end": "2024-12-06T21:00:00Z", "precision": "day"}),
        reported(_report([REGISTERED]), development_id=str(TWICE), summary="Twice."),
        reported({"chain": ["paper"], "url": "https://example.org/paper"}, development_id=str(VOID), summary="Void."),
        about("DevelopmentCorroborated", LOST, report=_report([LATER])),
        about("DevelopmentDenied", LOST, report=_report([REGISTERED]), reason=_SAID),
        about("DevelopmentDenied", FOUND, report=_report([LATER]), reason=_SAID),
        about("ReportRetracted", TWICE, source_id=REGISTERED, reason=_SAID, retracted_at="2024-12-05T13:00:00Z"),
        about("DevelopmentAssessed", FOUND, analyst="desk", reasoning="The square is seen."),
        about("DevelopmentMerged", TWICE, into_id=str(LOST)),
        {"type": "SourceProtected", "source_id": LATER, "reason": _SAID},
    ]  # fmt: skip
    return events


def found_in(answer: bytes) -> list[str]:
    """The forms in which the name stands in some bytes: plain, escaped, encoded, packed."""
    looked_in = {"": answer, "unzipped": _unzipped(answer), "unhexed": b""}
    return [f"{name} {form}".strip() for name, raw in looked_in.items() for form, said in FORMS if said in raw.lower()]


def _unzipped(answer: bytes) -> bytes:
    for unpack in (gzip.decompress, zlib.decompress):
        try:
            return unpack(answer)
        except (OSError, EOFError, zlib.error):
            continue
    return b""


def _forms() -> list[tuple[str, bytes]]:
    found: list[tuple[str, bytes]] = []
    for word in (SECRET, FOREIGN):
        raw = word.encode()
        found += [
            ("plain", word.lower().encode()),
            ("as it is", raw),
            ("JSON", json.dumps(word)[1:-1].lower().encode()),
            ("HTML", word.encode("ascii", "xmlcharrefreplace").lower()),
            ("percent", quote(word).lower().encode()),
            ("hexadecimal", raw.hex().encode()),
            ("UTF-16", word.encode("utf-16-le")),
        ]
        for shift in range(3):  # wherever it begins within three bytes
            whole = base64.b64encode(b"x" * shift + raw)
            inside = whole[4 if shift else 0 : -4]
            found += [("base64", inside.lower()), ("base64url", inside.replace(b"+", b"-").replace(b"/", b"_").lower())]
    return [(name, said.lower()) for name, said in found]


FORMS = _forms()
