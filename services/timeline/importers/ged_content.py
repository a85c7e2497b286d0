"""What a row of UCDP GED says beside who, where and when: its figures, one neutral sentence, its codes as tags (pure)."""

import re
from collections.abc import Sequence

from events.developments import Figure, Participant
from services.timeline.importers.cells import whole_number
from services.timeline.importers.flags import Flag
from services.timeline.importers.tables import Row

_SUMMARY = 1_900


def figures(row: Row, participants: Sequence[Participant], flags: list[Flag]) -> tuple[Figure, ...]:
    """Deaths in all, as low, best and high; and the best figure of each side where it is more than none."""
    bounds = {name: _number(row, name, flags) for name in ("low", "best", "high")}
    relation = "exact" if bounds["low"] == bounds["best"] == bounds["high"] else "range"
    total = Figure(of="killed", relation=relation, **bounds)  # type: ignore[arg-type]
    if total.out_of_order:
        flags.append(Flag("figures-out-of-order", "low {low}, best {best}, high {high}".format(**bounds)))
    groups = [one.actor_id for one in participants][:2] if len(participants) == 2 else ["side_a", "side_b"]
    sides = dict(zip(("deaths_a", "deaths_b", "deaths_civilians", "deaths_unknown"), (*groups, "civilians", "unknown"),
                     strict=True))  # fmt: skip
    counted = {group: _number(row, column, flags) or 0 for column, group in sides.items()}
    if bounds["best"] is not None and sum(counted.values()) != bounds["best"]:
        flags.append(Flag("figures-do-not-add-up", f"sides {sum(counted.values())}, best {bounds['best']}"))
    said = [Figure(of="killed", best=count, relation="about", group=group) for group, count in counted.items() if count]
    return (total, *said)


def _number(row: Row, column: str, flags: list[Flag]) -> int | None:
    found = whole_number(row[column])
    if found is None and row[column]:
        flags.append(Flag("figure-unreadable", f"{column}: {row[column]!r}"))
    return found


def summary(row: Row, kind: str) -> str:
    """One neutral sentence, and the headline as it was."""
    what = (
        "One-sided violence by {side_a} against {side_b}"
        if kind == "attack_on_civilians"
        else "Violence between {side_a} and {side_b}"
    )
    head = what.format(side_a=row["side_a"], side_b=row["side_b"])
    told = re.sub(r"\s+", " ", row["source_headline"])
    said = f"{head}, {row['where_coordinates']}; deaths {_plain(row, 'best')} ({_plain(row, 'low')} to {_plain(row, 'high')})."
    return (f"{said} Headline: {told}" if told else said)[:_SUMMARY]


def _plain(row: Row, column: str) -> str:
    return row[column].removesuffix(".0") or "?"


def tags(row: Row) -> tuple[str, ...]:
    """How clearly it was told, and how precisely where and when, in the codebook's numbers."""
    codes = (("clarity", "event_clarity"), ("where-prec", "where_prec"), ("date-prec", "date_prec"))
    return tuple(f"{tag}-{_plain(row, column)}"[:64] for tag, column in codes)
