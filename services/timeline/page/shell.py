"""The page as HTML, with its sentence and its reasons in it (pure). Everything that was said by somebody is escaped."""

from collections.abc import Iterable, Mapping
from html import escape

from services.timeline import wire
from services.timeline.page.assets import release
from services.timeline.page.telling import Said
from services.timeline.page.texts import Texts, filled, texts


def page(said: Said | None, told: Mapping[str, str]) -> bytes:
    """The whole page; `said` is None where the asker may not know yet, `told` what the scripts are to begin with."""
    words = texts()
    body = f"""<body>
<header class="top">
<h1 class="sentence" id="sentence" aria-live="polite">{_sentence(said)}</h1>
<div class="tools" id="tools"></div>
</header>
<main class="stage">
<div class="bar" id="bar" hidden></div>
<div class="map" id="map"></div>
<aside class="panel" id="panel" aria-label="{escape(words["panel"]["why"])}" tabindex="-1">{_panel(said, words)}</aside>
</main>
<footer class="dock" id="dock" aria-label="{escape(words["dock"]["world"])}"></footer>
<noscript><p class="notice">{escape(words["noscript"])}</p></noscript>
</body>"""
    styles = ("vendor/maplibre-gl.css", "vendor/uPlot.min.css", "page.css", "parts.css", "desk.css", "paper.css")
    return _document(said, told, "main", styles, body)


def embedded(said: Said | None, told: Mapping[str, str], link: str) -> bytes:
    """The page as others show it in a frame: sentence, map, where it comes from, and the way to the whole page."""
    words = texts()["embed"]
    sentence = _sentence(said) if said is not None else f'<span id="key">{escape(words["key"])}</span>'
    body = f"""<body class="embed">
<header class="top"><h1 class="sentence" id="sentence" aria-live="polite">{sentence}</h1></header>
<main class="stage">
<div class="bar" id="bar" hidden></div>
<div class="map" id="map"></div>
</main>
<footer class="source"><p id="source"></p>
<a id="whole" href="{escape(link)}" target="_blank" rel="noopener">{escape(words["whole"])}</a></footer>
</body>"""
    return _document(said, told, "embed", ("vendor/maplibre-gl.css", "page.css", "parts.css", "embed.css"), body)


def _document(said: Said | None, told: Mapping[str, str], script: str, styles: Iterable[str], body: str) -> bytes:
    words, base = texts(), f"/page/{release()}"
    title, description = escape(_title(said, words)), escape(_description(said))
    data = "".join(f' data-{name}="{escape(value)}"' for name, value in sorted(told.items()))
    links = "\n".join(f'<link rel="stylesheet" href="{base}/{one}">' for one in styles)
    return f"""<!doctype html>
<html lang="en"{data}>
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{title}</title>
<meta name="description" content="{description}">
<meta property="og:title" content="{title}">
<meta property="og:description" content="{description}">
<meta property="og:type" content="website">
<meta property="og:site_name" content="{escape(words["title"])}">
<meta name="twitter:card" content="summary">
<link rel="icon" href="{base}/icon.svg" type="image/svg+xml">
{links}
<script type="module" src="{base}/app/{script}.js"></script>
</head>
{body}
</html>
""".encode()


def _title(said: Said | None, words: Texts) -> str:
    return f"{said.is_so} {said.when}. {words['title']}" if said and said.is_so else str(words["title"])


def _description(said: Said | None) -> str:
    return " ".join(filter(None, (f"{said.when}:", said.is_so, said.also))) if said else ""


def _sentence(said: Said | None) -> str:
    if said is None:
        return ""
    when = f'<span class="when">{escape(said.when)}:</span>'
    return f'{when} <strong>{escape(said.is_so)}</strong> <span class="also">{escape(said.also)}</span>'


def _panel(said: Said | None, words: Texts) -> str:
    if said is None:
        return ""
    wrong = "".join(f'<p class="wrong">{escape(filled(words["wrong"], said=one))}</p>' for one in said.wrong)
    if said.explanation is None:
        return wrong + f"<p>{escape(said.is_so)}</p><p>{escape(words['panel']['choose'])}</p>"
    panel = words["panel"]
    why = "".join(f"<li>{escape(one)}</li>" for one in said.why)
    claims = said.explanation.claims
    return (
        f"{wrong}<h2>{escape(said.explanation.name)}</h2>"
        f"<p><strong>{escape(said.is_so)}</strong> {escape(said.also)}</p>"
        f'<p class="age">{escape(said.age)}</p>'
        f"<h3>{escape(panel['why'])}</h3><ol>{why}</ol>"
        f"<details><summary>{escape(filled(panel['why_more'], n=len(claims)))}</summary>"
        f"<ol>{''.join(_claims(claims, words))}</ol></details>"
    )


def _claims(claims: Iterable[wire.ConsideredClaim], words: Texts) -> Iterable[str]:
    for one in claims:
        statements = "".join(f"<li>{escape(each.words)}</li>" for each in one.statements)
        part = words["parts"].get(one.part, one.part)
        yield (
            f"<li><p><b>{escape(part)}</b> {escape(one.summary)}</p><p>{escape(one.words)}</p><ul>{statements}</ul></li>"
        )
