"""Developments as a table for people, or as the JSON of the API for programs."""

import sys

from rich.markup import escape
from rich.table import Table

from services.timeline import console, narration, wire
from services.timeline.asked import Asked
from services.timeline.reader import Reader
from services.timeline.wire_developments import DevelopmentOut, DevelopmentPage


def show(reader: Reader, asked: Asked, page: DevelopmentPage, *, as_json: bool) -> None:
    """A page of developments; where it ended, if others follow, beside it."""
    if as_json:
        sys.stdout.write(wire.encode(page).decode() + "\n")
        return
    names = narration.Names(reader.catalogue(page.known_position), asked)
    table = Table("position", "occurred", "place", "kind", "standing", "reports", "denials", "summary", "id",
                  box=None, header_style="dim")  # fmt: skip
    for one in page.developments:
        table.add_row(*(escape(cell) for cell in _cells(one, names)))
    console.out.print(f"[dim]view {escape(page.view)} ({page.policy}), position {page.known_position:,}[/dim]")
    console.out.print(table if page.developments else "No development is as you ask.")
    if page.next is not None:
        console.note(f"there are more: --cursor {page.next}")


def _cells(one: DevelopmentOut, names: narration.Names) -> tuple[str, ...]:
    place = names.location(one.location_id)
    if one.destination_id is not None:
        place += f" to {names.location(one.destination_id)}"
    return (
        str(one.position),
        f"{one.occurred.start} ({one.occurred.precision})",
        place,
        one.kind,
        f"{one.standing} into {one.merged_into}" if one.merged_into else one.standing,
        str(one.reports),
        str(one.denials),
        one.summary,
        one.development_id,
    )
