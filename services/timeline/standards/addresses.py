"""Whole addresses for links that go out of our hands: a feed, a map program or an archive resolves no relative ones."""

import re
from urllib.parse import quote, urlencode

from fastapi import Request

#: A host and perhaps a port, as a browser would say it; anything else is not repeated into an answer.
_HOST = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(:\d{1,5})?")


def base(request: Request) -> str:
    """Where this service is found by whoever asks: by the host that they asked for, and the scheme that proxies tell."""
    host = request.headers.get("host", "")
    if not _HOST.fullmatch(host):
        server = request.scope.get("server") or ("localhost", None)
        host = f"{server[0]}:{server[1]}" if server[1] else server[0]
    return f"{request.url.scheme}://{host}"


def whole(request: Request, path: str, **query: object) -> str:
    """A whole address below this service; parameters that are None are left out."""
    said = urlencode([(name, str(value)) for name, value in query.items() if value is not None])
    return f"{base(request)}{quote(path, safe='/:')}" + (f"?{said}" if said else "")


def this(request: Request, **instead: object) -> str:
    """The address that was asked, with some parameters instead of its own; None takes one away."""
    kept = [(name, value) for name, value in request.query_params.multi_items() if name not in instead]
    said = urlencode([*kept, *((name, str(value)) for name, value in instead.items() if value is not None)])
    return f"{base(request)}{quote(request.url.path, safe='/:')}" + (f"?{said}" if said else "")
