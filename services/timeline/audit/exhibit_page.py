"""How the exhibit of an evidence bundle is set: a page of HTML that loads nothing, and prints on numbered sheets (pure)."""

from collections.abc import Iterable, Sequence
from html import escape
from typing import Final

#: The browser is told to load nothing at all; the style stands in the page.
_POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"

_STYLE: Final = """
@page { size: A4; margin: 20mm 16mm 22mm; @bottom-right { content: counter(page) " of " counter(pages); font: 8pt serif } }
body { font: 10.5pt/1.45 Georgia, "Noto Serif", "Noto Naskh Arabic", serif; color: #111; background: #fff; max-width: 180mm; margin: 1em auto; padding: 0 1em }
h1 { font-size: 18pt; line-height: 1.2 } h2 { font-size: 13pt; border-bottom: 1px solid #111; padding-bottom: 2pt } h3 { font-size: 10.5pt; margin: 1em 0 .2em }
section { break-before: page } section:nth-of-type(-n+2) { break-before: auto } article, tr, li { break-inside: avoid } h2, h3 { break-after: avoid }
table { border-collapse: collapse; width: 100%; font-size: 9pt; margin: .5em 0 } thead { display: table-header-group }
th, td { border: 1px solid #999; padding: 2pt 4pt; text-align: start; vertical-align: top; overflow-wrap: break-word }
dl { margin: .2em 0; display: grid; grid-template-columns: 9em 1fr; column-gap: 1em; font-size: 9.5pt } dt { color: #555 } dd { margin: 0; overflow-wrap: anywhere }
code, pre { font: 8pt/1.35 "DejaVu Sans Mono", monospace; overflow-wrap: anywhere; white-space: pre-wrap; word-break: break-all }
.answer { font-size: 13pt } .small { font-size: 8.5pt; color: #555 } .gone { font-style: italic } footer { font-size: 8pt; color: #555; margin-top: 2em; border-top: 1px solid #999 }
ol.sections { columns: 2; font-size: 9.5pt } a { color: inherit }
""".strip()


#: How each page begins. The policy stands before anything that somebody said, so it holds for all of it.
_HEAD: Final = (
    '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
    f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">\n'
    '<meta name="referrer" content="no-referrer">\n<meta name="viewport" content="width=device-width">\n'
)


def is_inert(page: bytes) -> bool:
    """Whether a page, whoever wrote it, can load, run and lead to nothing by itself: it begins with our policy and has no other."""
    head = _HEAD.encode()
    return page.startswith(head) and page.lower().count(b"<meta") == head.count(b"<meta")


def said(text: str) -> str:
    """What somebody said: escaped, and isolated, so that it turns the direction of nothing beside it."""
    return f"<bdi>{escape(text)}</bdi>"


def section(title: str, *parts: str) -> str:
    """A part of the page, which begins a sheet of its own (but for the first two, which share one)."""
    return "\n".join([f"<h2>{escape(title)}</h2>", *filter(None, parts), ""])


def facts(rows: Iterable[tuple[str, str]]) -> str:
    """Names and values, the values as HTML."""
    return f"<dl>{''.join(f'<dt>{escape(name)}</dt><dd>{value}</dd>' for name, value in rows)}</dl>"


def table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table, its cells as HTML, its heads on each sheet; nothing where it has no rows."""
    body = "".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>\n" for row in rows)
    head = "".join(f"<th>{escape(one)}</th>" for one in heads)
    return f"<table><thead><tr>{head}</tr></thead><tbody>\n{body}</tbody></table>" if body else ""


def page(title: str, foot: str, sections: Sequence[str]) -> str:
    """The whole page; each section is numbered, and named on the first sheet."""
    titles = [one.partition("</h2>")[0].removeprefix("<h2>") for one in sections]
    listed = "".join(f'<li><a href="#s{number}">{one}</a></li>' for number, one in enumerate(titles, start=1))
    body = "".join(f'<section id="s{number}">\n{one}</section>\n' for number, one in enumerate(sections, start=1))
    return (
        f"{_HEAD}<title>{escape(title)}</title>\n<style>\n{_STYLE}\n</style>\n</head>\n<body>\n"
        f"<h1>{said(title)}</h1>\n<ol class=sections>{listed}</ol>\n{body}<footer>{escape(foot)}</footer>\n</body>\n</html>\n"
    )
