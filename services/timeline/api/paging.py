"""Links from a page to the next, after RFC 8288."""

from urllib.parse import urlencode

from fastapi import Request, Response


def linked(response: Response, request: Request, **onward: str | int | None) -> Response:
    """The response with a `Link` to the next page: this address with the parameters of `onward`; none where they are None."""
    if any(value is None for value in onward.values()):
        return response
    kept = [(name, value) for name, value in request.query_params.multi_items() if name not in onward]
    query = urlencode([*kept, *((name, str(value)) for name, value in onward.items())])
    response.headers["Link"] = f'<{request.url.path}?{query}>; rel="next"'
    return response
