"""The demo: loads its events, and tells them in captioned moments."""

from importlib.resources import files
from pathlib import Path

import msgspec
from rich.markup import escape

from events.times import Instant
from services.timeline import console, narration
from services.timeline.composition import Timeline

_DATA = files("services.timeline").joinpath("demo")

DEMO = "demo"

#: Where the page opens: Hama on the afternoon of 2 December, as seen then, with Latakia, Aleppo and Homs around it.
START = "place=sy-hama&at=2024-12-02T15:00:00Z&follow=then&view=published&map=6.9/35.45/36.75"
ZONE = "Asia/Damascus"
MOMENTS = Path(str(_DATA.joinpath("moments.json")))


class Moment(msgspec.Struct, frozen=True):
    """One captioned moment of the story."""

    caption: str
    place: str
    at: Instant
    known_at: Instant
    view: str


#: The parts of claims that the story tells; what was superseded, or comes later, is left to `explain`.
_TOLD = ("basis", "pending", "ignored", "conflicting")


def moments() -> list[Moment]:
    """The captioned moments, in the order in which they are told."""
    return msgspec.json.decode(_DATA.joinpath("moments.json").read_bytes(), type=list[Moment])


def lines() -> list[bytes]:
    """The demo's events, one JSON object each, in the order of their recording."""
    return [line for line in _DATA.joinpath("story.ndjson").read_bytes().splitlines() if line.strip()]


def load(timeline: Timeline) -> None:
    """Record the demo's events, those that are not there already, and fold them."""
    timeline.writer.append(lines(), DEMO, atomic=True)
    console.follow(timeline)


def tell(timeline: Timeline) -> None:
    """Tell the story: for each moment its caption, both times, the status, and what had not been told of it before."""
    console.out.print("[bold]Hama, December 2024: what was said, and what was known when[/bold]")
    said: set[tuple[str, str]] = set()
    for number, moment in enumerate(moments(), start=1):
        with timeline.reader.asking(moment.view, at=moment.at, known_at=moment.known_at) as asked:
            told = narration.explained(timeline.reader, asked, moment.place)
        console.out.print(f"\n[bold cyan]{number}. {escape(moment.caption)}[/bold cyan]")
        console.out.print(f"   [dim]at {told.at}, as published by {told.known_at}[/dim]")
        console.out.print(f"   [bold]{escape(told.sentence)}[/bold]")
        for claim in told.claims[-4:]:
            if claim.part in _TOLD and (claim.summary, claim.words) not in said:
                console.out.print(f"   {claim.part}: {escape(claim.summary)}\n      [dim]{escape(claim.words)}[/dim]")
                said.add((claim.summary, claim.words))


def urls(base: str) -> None:
    """Where to look on, once the demo is served."""
    console.out.print(f"\nServed on [bold]{base}[/bold] until Ctrl-C: open it in a browser. Or ask, for example:")
    for path in (
        "/v1/locations/sy-hama/status?at=2024-12-02T12:00:00Z&known_at=2024-12-02T18:00:00Z&view=published",
        "/v1/locations/sy-hama/explain?at=2024-12-02T12:00:00Z&known_at=2024-12-03T12:00:00Z&view=published",
        "/v1/locations/sy-hama/beliefs?view=published",
        "/v1/status?at=2024-12-08T12:00:00Z&view=published&f=csv",
        "/openapi.json",
    ):
        console.out.print(f"  {base}{path}")
