"""The page as HTML, with its sentence and its reasons in it (pure). Everything that was said by somebody is escaped."""

from collections.abc import Iterable
from html import escape
from typing import Final

from services.timeline import wire
from services.timeline.page.assets import release
from services.timeline.page.telling import Said
from services.timeline.page.texts import Texts, filled, texts

#: Nothing but our own files, no script or style written into the page, nobody's frame. MapLibre makes images from blobs.
POLICY: Final = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data: blob:",
        "connect-src 'self'",
        "worker-src 'self'",
        "font-src 'self'",
        "manifest-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    )
)

HEADERS: Final = {
    "Content-Security-Policy": POLICY,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


def page(said: Said | None, told: dict[str, str]) -> bytes:
    """The whole page; `said` is None where the asker may not know yet, `told` what the scripts are to begin with."""
    words, base = texts(), f"/page/{release()}"
    title = _title(said, words)
    data = "".join(f' data-{name}="{escape(value)}"' for name, value in sorted(told.items()))
    return f"""<!doctype html>
<html lang="en"{data}>
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{escape(title)}</title>
<meta name="description" content="{escape(_description(said))}">
<meta property="og:title" content="{escape(title)}">
<meta property="og:description" content="{escape(_description(said))}">
<meta property="og:type" content="website">
<link rel="icon" href="{base}/icon.svg" type="image/svg+xml">
<link rel="stylesheet" href="{base}/vendor/maplibre-gl.css">
<link rel="stylesheet" href="{base}/vendor/uPlot.min.css">
<link rel="stylesheet" href="{base}/page.css">
<link rel="stylesheet" href="{base}/parts.css">
<link rel="stylesheet" href="{base}/paper.css">
<script type="module" src="{base}/app/main.js"></script>
</head>
<body>
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
</body>
</html>
""".encode()


def _title(said: Said | None, words: Texts) -> str:
    return f"{said.is_so} {words['title']}" if said and said.is_so else str(words["title"])


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
