"""The growth curves as a picture: what a log costs, by its length, both axes logarithmic."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl

mpl.use("svg")
mpl.rcParams["svg.hashsalt"] = "timeline"  # the same figures give the same file

from matplotlib import pyplot as plt  # noqa: E402  (the back end is chosen before)

_CURVES = (
    ("rebuild", "rebuilding a view, s"),
    ("drawing", "drawing the atlas, s"),
    ("worker_memory", "a worker's memory, MiB"),
    ("whole_map_ms", "the whole map, ms"),
)


def draw(rows: Sequence[Mapping[str, Any]], path: Path) -> None:
    """Draw a panel for each figure, a line for each order of arrival; dashed: in proportion to the first."""
    figure, panels = plt.subplots(1, len(_CURVES), figsize=(15, 3.8), layout="constrained")
    for panel, (name, title) in zip(panels, _CURVES, strict=True):
        for arrival in dict.fromkeys(row["arrival"] for row in rows):
            own = [row for row in rows if row["arrival"] == arrival]
            panel.loglog([row["events"] for row in own], [row[name] for row in own], marker="o", label=arrival)
        first, last = rows[0], rows[-1]
        ends = [first["events"], last["events"]]
        panel.loglog(ends, [first[name] * n / ends[0] for n in ends], linestyle="--", color="grey", label="linear")
        panel.set_title(title)
        panel.set_xlabel("events")
        panel.grid(visible=True, which="major", alpha=0.3)
    panels[0].legend()
    figure.savefig(path, metadata={"Date": None})
    plt.close(figure)
