"""The page's columns as a browser reads them, in Python: decoded, asked at a moment, and changes laid over what was fetched."""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np

FACETS = ("control", "access")
BOUNDS = ("valid_from", "valid_until", "known_from", "known_until")

#: The rectangles of a place: by facet, sorted, each its bounds and what is said.
Map = dict[str, list[str]]


@dataclass
class Columns:
    """The header, and each column by its name."""

    header: dict[str, Any]
    arrays: dict[str, Any]

    def answers(self, facet: str, at: datetime, known: datetime) -> list[int | None]:
        """The number of the answer of each place at a moment."""
        times = self.arrays["times"]
        a, k = (int(np.searchsorted(times, one.timestamp() * 1000, "right")) - 1 for one in (at, known))
        of = {name: self.arrays[f"{facet}.{name}"] for name in ("offsets", *BOUNDS, "answer")}
        met = (of["valid_from"] <= a) & (a < of["valid_until"]) & (of["known_from"] <= k) & (k < of["known_until"])
        places = np.searchsorted(of["offsets"], np.flatnonzero(met), "right") - 1
        assert len(set(places)) == len(places), "two rectangles of a place overlap"
        found: list[int | None] = [None] * (len(of["offsets"]) - 1)
        for place, row in zip(places, np.flatnonzero(met), strict=True):
            found[place] = int(of["answer"][row])
        return found

    def maps(self, ids: list[str]) -> dict[str, Map]:
        """The belief map of each place, whatever the order and the numbers in which it was told."""
        found: dict[str, Map] = {one: {} for one in ids}
        for facet in FACETS:
            offsets = self.arrays[f"{facet}.offsets"]
            assert len(offsets) == len(ids) + 1
            bounds = [self.arrays["times"][self.arrays[f"{facet}.{name}"]].tolist() for name in BOUNDS]
            said = [json.dumps(self.header["answers"][one]) for one in self.arrays[f"{facet}.answer"]]
            rows = [repr(row) for row in zip(*bounds, said, strict=True)]
            for number, one in enumerate(ids):
                found[one][facet] = sorted(rows[offsets[number] : offsets[number + 1]])
        return found


def decoded(data: bytes) -> Columns:
    """Columns out of their bytes, all of which they take."""
    assert data[:4] == b"TLB1"
    length = int.from_bytes(data[4:8], "little")
    header = json.loads(data[8 : 8 + length])
    at, arrays = (8 + length + 7) // 8 * 8, {}
    for name, kind, count in header["columns"]:
        arrays[name] = np.frombuffer(data, f"<{np.dtype(kind).str[1:]}", count, at)
        at += arrays[name].nbytes
    assert at == len(data)
    return Columns(header, arrays)
