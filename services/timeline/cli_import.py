"""`timeline import`: NDJSON, or a foreign format with what is told of it on the command line, or asked of a person."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Final, get_args

import typer

from events.vocabulary import RELIABILITIES, RELIABILITY_WORDS, Reliability, SourceKind
from services.timeline import console, importing, typed
from services.timeline.commanded import opened_timeline
from services.timeline.importers import running
from services.timeline.importers.formats import FORMATS
from services.timeline.importers.request import Said, look_at

FORMAT: Final = f"{', '.join(FORMATS)}. Without one: NDJSON, one event a line."

BAD: Final = 2

_DEFAULTS: Final = {"origin_reliability": "F", "zone": "UTC"}


def import_(
    paths: Annotated[list[str], typer.Argument(metavar="FILE...", help="Plain or .gz; - is standard input.")],
    format_: Annotated[str | None, typer.Option("--format", help=FORMAT)] = None,
    mapping: Annotated[str | None, typer.Option(help="TOML: what columns and words mean. See docs/formats.md.")] = None,
    source: Annotated[str | None, typer.Option(help="Id of the source whose data set it is.")] = None,
    source_name: Annotated[str | None, typer.Option(help="Its name, where it is not registered yet.")] = None,
    source_kind: Annotated[str | None, typer.Option(help="Its kind, such as monitoring_group.")] = None,
    reliability: Annotated[
        str | None, typer.Option(help="Its grade, A to F. Without one: F, and all stays pending.")
    ] = None,
    aligned_with: Annotated[
        list[str] | None, typer.Option(help="An actor it is aligned with; may be repeated.")
    ] = None,
    origin_reliability: Annotated[
        str, typer.Option(help="Grade of original sources that are not registered yet.")
    ] = "F",
    credibility: Annotated[
        int | None, typer.Option(min=1, max=6, help="Of its reports, 1 to 6; 6, the default: not judged.")
    ] = None,
    zone: Annotated[str, typer.Option(help="Time zone of bare dates, such as Asia/Damascus.")] = "UTC",
    published: Annotated[str | None, typer.Option(help="When this edition was published. Default now.")] = None,
    within: Annotated[str | None, typer.Option(help="Location above places that have no other.")] = None,
    encoding: Annotated[str | None, typer.Option(help="Of files that are not UTF-8, such as cp1256.")] = None,
    report: Annotated[Path | None, typer.Option(help="Write what came of it as JSON.")] = None,
    look_alikes: Annotated[
        bool, typer.Option("--look-alikes", help="Warn of developments that look like others held (slower).")
    ] = False,
) -> None:
    """Record events from files: one JSON object a line, or a foreign --format. Good lines stand; refused ones are told (exit 2).

    A file may be imported again, also after a stop in the middle: what is there already is not recorded twice.
    """
    if look_alikes and format_ is not None:
        raise typed.Unusable("--look-alikes is for NDJSON; a foreign format tells the same things apart by its own ids")
    told = said(
        format_, paths, mapping=mapping, source=source, source_name=source_name, source_kind=source_kind,
        reliability=reliability, aligned_with=aligned_with, origin_reliability=origin_reliability, credibility=credibility,
        zone=zone,
        published=published, within=within, encoding=encoding, report=report,
    )  # fmt: skip
    ready = look_at(told) if told is not None else None
    with opened_timeline() as timeline:
        if ready is not None:
            refused = running.run(timeline, ready, ask)
        else:
            refused = sum(importing.import_file(timeline, path, look_alikes=look_alikes) for path in paths)
        console.catch_up(timeline)
        console.follow(timeline)
    if refused:
        raise typer.Exit(BAD)


def said(format_: str | None, paths: Sequence[str], *, published: str | None, zone: str, **more: Any) -> Said | None:
    """What was said of a foreign format; None where the files are NDJSON.

    Raises:
        Unusable: an option that only foreign formats have without one, or a value that will not do.
    """
    options = {**more, "zone": zone, "published": published}
    if format_ is None:
        strange = next((name for name, value in options.items() if value not in (None, _DEFAULTS.get(name))), None)
        if strange is not None:
            raise typed.Unusable(f"--{strange.replace('_', '-')} is for foreign formats; name the --format")
        return None
    for name in ("reliability", "origin_reliability"):
        options[name] = _grade(f"--{name.replace('_', '-')}", options[name])
    kind = options["source_kind"]
    if kind is not None and kind not in get_args(SourceKind):
        raise typed.Unusable(f"--source-kind {kind!r}: one of {', '.join(get_args(SourceKind))}")
    options["published"] = typed.moment("--published", published, zone)
    return Said(format=format_, paths=paths, **options)


def ask(source: str) -> Reliability | None:
    """Ask a person for a source's grade; nobody is asked where there is no terminal."""
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        return None
    for grade, words in RELIABILITY_WORDS.items():
        console.note(f"  {grade}  {words}")
    while True:
        answer = typer.prompt(f"How reliable is {source}? A to F", default="F", err=True)
        try:
            return _grade("reliability", answer)
        except typed.Unusable as wrong:
            console.note(str(wrong))


def _grade(option: str, text: str | None) -> Reliability | None:
    if text is None:
        return None
    for grade in RELIABILITIES:
        if text.strip().upper() == grade:
            return grade
    raise typed.Unusable(f"{option} {text!r}: one of {', '.join(RELIABILITIES)}")
