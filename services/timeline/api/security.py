"""What a browser is told that it may do with an answer: the headers of all of them in one place (pure).

An answer of the API is data: it loads, runs and frames nothing, should a browser open it. The page runs its own files alone.
Who may frame an answer stands in its policy; `X-Frame-Options`, which knows no list, goes with those that nobody may frame.
"""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Final

POLICY: Final = "Content-Security-Policy"
NOBODYS_FRAME: Final = "frame-ancestors 'none'"

_ALL: Final = {
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}

#: Nothing but our own files, no script or style written into the page. MapLibre makes images from blobs.
_OWN_FILES: Final = (
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
)
_NOTHING: Final = ("default-src 'none'", "base-uri 'none'", "form-action 'none'")


def _unframed(policy: Sequence[str]) -> Mapping[str, str]:
    return MappingProxyType(_ALL | {POLICY: "; ".join((*policy, NOBODYS_FRAME)), "X-Frame-Options": "DENY"})


#: On every answer that says nothing else itself.
DATA: Final = _unframed(_NOTHING)

#: The page and its files.
PAGE: Final = _unframed(_OWN_FILES)


def framed(origins: Sequence[str]) -> dict[str, str]:
    """Those of the page as others show it in a frame: our own pages, and those of the origins that the operator names."""
    policy = "; ".join((*_OWN_FILES, " ".join(("frame-ancestors 'self'", *origins))))
    shared = {"Cross-Origin-Resource-Policy": "cross-origin"} if origins else {}
    return _ALL | shared | {POLICY: policy}


def missing(said: Mapping[str, str]) -> dict[str, str]:
    """What an answer lacks that has these headers already."""
    lacking = {name: value for name, value in DATA.items() if name not in said}
    if NOBODYS_FRAME not in said.get(POLICY, NOBODYS_FRAME):
        lacking.pop("X-Frame-Options", None)
    return lacking
