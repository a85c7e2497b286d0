"""What `timeline import --format` is told on the command line, or asks a person → what an import needs."""

import sys
from collections.abc import Sequence
from typing import Any, Final, get_args

import typer

from events.vocabulary import RELIABILITIES, RELIABILITY_WORDS, Reliability, SourceKind
from services.timeline import console, typed
from services.timeline.importers.formats import FORMATS
from services.timeline.importers.request import Said

FORMAT: Final = f"{', '.join(FORMATS)}. Without one: NDJSON, one event a line."

_DEFAULTS: Final = {"origin_reliability": "F", "zone": "UTC"}


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
