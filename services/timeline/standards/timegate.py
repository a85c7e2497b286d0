"""Datetime negotiation after RFC 7089: which original is asked for, where its mementos are, and the way to one of them."""

from datetime import datetime
from typing import Annotated, NamedTuple
from urllib.parse import urlencode

from fastapi import Header, Request, Response

from services.timeline.api.asking import Wanted
from services.timeline.api.problems import problem
from services.timeline.standards import addresses, memento
from services.timeline.standards.memento import digits, http_date

LINK_FORMAT = "application/link-format"

AcceptDatetime = Annotated[
    str | None,
    Header(max_length=100, description="Go to what was told at this moment (RFC 7089): an HTTP date in GMT."),
]


class Original(NamedTuple):
    """A status that has mementos: of which place and view, and where the address fixes it, at which moment in the world."""

    base: str
    location_id: str
    kept: tuple[tuple[str, str], ...]

    def address(self, below: str, **more: object) -> str:
        """An address at the place, with what fixes the question."""
        query = urlencode([*self.kept, *((name, str(value)) for name, value in more.items() if value is not None)])
        return f"{self.base}/{below}" + (f"?{query}" if query else "")

    def links(self) -> list[str]:
        """What leads from anything here to the rest. The status is its own TimeGate."""
        return [
            f'<{self.address("status")}>; rel="original timegate"',
            f'<{self.address("timemap")}>; rel="timemap"; type="{LINK_FORMAT}"',
        ]

    def memento(self, moment: datetime, rel: str = "memento") -> str:
        """The link to a memento."""
        return f'<{self.address(f"status/{digits(moment)}")}>; rel="{rel}"; datetime="{http_date(moment)}"'


def original(request: Request, location_id: str) -> Original:
    """The original that a request is about, as everybody links to it: without what changes nothing."""
    kept = [(name, value) for name, value in request.query_params.multi_items() if name in ("view", "at")]
    return Original(addresses.whole(request, f"/v1/locations/{location_id}"), location_id, tuple(sorted(kept)))


def told(request: Request, location_id: str, response: Response) -> Response:
    """A status that has mementos says so, and that another moment may be asked for."""
    response.headers["Link"] = ", ".join(original(request, location_id).links())
    response.headers["Vary"] = f"{response.headers.get('vary', 'Accept')}, Accept-Datetime"
    return response


def negotiated(request: Request, location_id: str, accept_datetime: str, wanted: Wanted) -> Response:
    """To the memento of the moment that is accepted; of one before all, or still to come, to the first or the last."""
    try:
        moment = memento.read_http_date(accept_datetime)
    except ValueError as error:
        return problem(400, "Cannot be understood", f"Accept-Datetime: {error}", headers={"Vary": "Accept-Datetime"})
    with wanted.settled() as asked:
        found = memento.nearest(wanted.opened.reader, asked, location_id, moment)
    of = original(request, location_id)
    headers = {
        "Location": of.address(f"status/{digits(found)}"),
        "Link": ", ".join([*of.links(), of.memento(found)]),
        "Vary": "Accept, Accept-Datetime",
        "Cache-Control": "no-cache",
    }
    return Response(status_code=302, headers=headers)
