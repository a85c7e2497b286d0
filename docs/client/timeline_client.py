"""A client of Timeline in one file: copy it. It needs httpx2, for tables pyarrow, for data frames pandas; nothing of the service.

    with Client("http://127.0.0.1:8000") as timeline:
        print(timeline.status("sy-hama", at="2024-12-02T12:00:00Z", known_at="2024-12-02T18:00:00Z")["control"])
        for one in timeline.developments(location="sy-hama", kind=["captured"]):
            print(one["occurred"]["start"], one["standing"], one["summary"])

Lists are iterators that fetch page after page. What is too much for the service at the moment, or lost on the way, is asked
again with patience; an event that is recorded has an id from the beginning, so that asking again records it once. Times are
strings in RFC 3339 or aware datetimes; answers are dicts of the types below, as the service documents them in /openapi.json.
"""

from __future__ import annotations

import json
import random
import time
import uuid
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal, NotRequired, TypedDict, cast
from urllib.parse import quote, urljoin

import httpx2 as httpx

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

Moment = str | datetime
Facet = Literal["control", "access"]

#: Asked again after so many seconds, a little more each time; the service's own Retry-After goes before.
WAIT, LONGEST_WAIT = 0.25, 20.0

#: The service is busy, or is coming back.
AGAIN = (429, 502, 503, 504)


class Refused(Exception):
    """The service's answer that it will not, or cannot: a problem after RFC 9457.

    Attributes:
        status: The status of the answer.
        problem: What was told; `errors` names the fields that are wrong.
    """

    def __init__(self, status: int, problem: Problem) -> None:
        self.status, self.problem = status, problem
        fields = "; ".join(f"{one['field']}: {one['message']}" for one in problem.get("errors", []))
        super().__init__(f"{status} {problem['title']}: {fields or problem['detail']}")


class Client:
    """A service of Timeline.

    Args:
        url: Where it answers, as http://127.0.0.1:8000.
        key: A key of access, where it wants one.
        timeout: One answer is waited for so many seconds.
        patience: A question is asked again for so many seconds, while the service is busy or away.
    """

    def __init__(self, url: str, key: str | None = None, *, timeout: float = 30.0, patience: float = 60.0) -> None:
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        self._http = httpx.Client(base_url=url.rstrip("/"), headers=headers, timeout=timeout, follow_redirects=True)
        self._patience = patience

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._http.close()

    # What holds of places

    def status(
        self,
        location_id: str,
        *,
        at: Moment | None = None,
        known_at: Moment | None = None,
        known_position: int | None = None,
        view: str = "current",
        min_position: int | None = None,
    ) -> LocationStatus:
        """Who held a place at `at`, as known at `known_at` (both default to now)."""
        asked = _asked(at, known_at, known_position, view, min_position)
        return cast("LocationStatus", self._json(f"/v1/locations/{quote(location_id)}/status", asked))

    def explain(
        self,
        location_id: str,
        *,
        at: Moment | None = None,
        known_at: Moment | None = None,
        known_position: int | None = None,
        view: str = "current",
        min_position: int | None = None,
    ) -> Explanation:
        """The same, with every claim that was considered and the rule that decided it."""
        asked = _asked(at, known_at, known_position, view, min_position)
        return cast("Explanation", self._json(f"/v1/locations/{quote(location_id)}/explain", asked))

    def history(
        self,
        location_id: str,
        *,
        known_at: Moment | None = None,
        known_position: int | None = None,
        view: str = "current",
        min_position: int | None = None,
    ) -> History:
        """The stretches of a place's status along the time in the world, as known at one moment."""
        asked = _asked(None, known_at, known_position, view, min_position)
        return cast("History", self._json(f"/v1/locations/{quote(location_id)}/history", asked))

    def beliefs(
        self,
        location_id: str,
        *,
        facet: Facet = "control",
        known_at: Moment | None = None,
        known_position: int | None = None,
        view: str = "current",
        min_position: int | None = None,
    ) -> Beliefs:
        """What was believed of a place: rectangles of the time in the world and the time by which it was known."""
        asked = _asked(None, known_at, known_position, view, min_position) | {"facet": facet}
        return cast("Beliefs", self._json(f"/v1/locations/{quote(location_id)}/beliefs", asked))

    def statuses(
        self,
        *,
        within: str | None = None,
        bbox: tuple[float, float, float, float] | None = None,
        mode: str | None = None,
        holder: str | None = None,
        at: Moment | None = None,
        known_at: Moment | None = None,
        known_position: int | None = None,
        view: str = "current",
        min_position: int | None = None,
    ) -> AllStatus:
        """The status of every place, or of those within another, in a box (west, south, east, north), of a mode or holder."""
        asked = _asked(at, known_at, known_position, view, min_position)
        asked |= {"within": within, "bbox": _box(bbox), "mode": mode, "holder": holder}
        return cast("AllStatus", self._json("/v1/status", asked))

    def changes(
        self,
        start: Moment,
        end: Moment,
        *,
        axis: Literal["valid", "known"] = "valid",
        at: Moment | None = None,
        known_at: Moment | None = None,
        known_position: int | None = None,
        within: str | None = None,
        view: str = "current",
        min_position: int | None = None,
        limit: int = 1000,
    ) -> Iterator[Change]:
        """The places whose answers differ between two moments in the world, or two by which something was known."""
        asked = _asked(at, known_at, known_position, view, min_position)
        asked |= {"from": _moment(start), "to": _moment(end), "axis": axis, "within": within, "limit": limit}
        return cast("Iterator[Change]", self._every("/v1/changes", asked, "changes"))

    def replay(
        self,
        start: Moment | int | None = None,
        end: Moment | int | None = None,
        *,
        place: str | None = None,
        view: str = "current",
        speed: str = "max",
    ) -> Iterator[StatusChange]:
        """Each change of status in the order in which it became known, with its causes; `speed` as `3600x`, or `max`."""
        asked = {"from": _bound(start), "to": _bound(end), "place": place, "view": view, "speed": speed, "f": "ndjson"}
        with self._stream("/v1/replay", asked) as answer:
            for line in answer.iter_lines():
                yield cast("StatusChange", json.loads(line))

    # What was said

    def developments(
        self,
        *,
        location: str | None = None,
        within: str | None = None,
        kind: Iterable[str] = (),
        standing: Iterable[str] = (),
        source: str | None = None,
        start: Moment | None = None,
        end: Moment | None = None,
        text: str | None = None,
        tag: str | None = None,
        order: Literal["newest", "oldest"] = "newest",
        known_at: Moment | None = None,
        known_position: int | None = None,
        view: str = "current",
        min_position: int | None = None,
        limit: int = 100,
    ) -> Iterator[DevelopmentOut]:
        """What is said to have happened, with its standing now or as known then; a list that was begun does not shift."""
        asked = {
            "location": location, "within": within, "kind": list(kind), "standing": list(standing), "source": source,
            "from": _moment(start), "to": _moment(end), "text": text, "tag": tag, "order": order, "view": view,
            "known_at": _moment(known_at), "known_position": known_position, "min_position": min_position, "limit": limit,
        }  # fmt: skip
        return cast("Iterator[DevelopmentOut]", self._every("/v1/developments", asked, "developments"))

    def development(
        self,
        development_id: str,
        *,
        known_at: Moment | None = None,
        known_position: int | None = None,
        view: str = "current",
        min_position: int | None = None,
    ) -> DevelopmentWhole:
        """One development with its whole trail: every event, and the standing and the rule after each."""
        asked = _asked(None, known_at, known_position, view, min_position)
        return cast("DevelopmentWhole", self._json(f"/v1/developments/{quote(development_id)}", asked))

    def events(self, after: int = 0, *, limit: int = 1000) -> Iterator[RecordedOut]:
        """The log in order, after a position."""
        return cast("Iterator[RecordedOut]", self._every("/v1/events", {"after": after, "limit": limit}, "events"))

    def follow(self, after: int = 0) -> Iterator[RecordedOut]:
        """The log in order, and then each event as it is recorded, for as long as somebody asks; lost, it is taken up again."""
        given_up = 0.0
        while True:
            try:
                asked = {"after": after}
                with self._stream("/v1/events", asked, {"Accept": "text/event-stream"}, timeout=60.0) as answer:
                    for told in _sent(answer.iter_lines()):
                        one = cast("RecordedOut", json.loads(told))
                        after, given_up = one["position"], 0.0
                        yield one
            except (httpx.TransportError, Refused) as error:
                now = time.monotonic()
                given_up = given_up or now + self._patience
                if now > given_up or (isinstance(error, Refused) and error.status not in AGAIN):
                    raise
            time.sleep(WAIT * (1 + random.random()))

    def sources(self, *, limit: int = 1000) -> Iterator[SourceOut]:
        """Every source that is registered."""
        return cast("Iterator[SourceOut]", self._every("/v1/sources", {"limit": limit}, "sources"))

    def actors(self, *, limit: int = 1000) -> Iterator[ActorOut]:
        """Every actor that is registered."""
        return cast("Iterator[ActorOut]", self._every("/v1/actors", {"limit": limit}, "actors"))

    def locations(self, q: str | None = None, *, limit: int = 1000) -> Iterator[LocationOut]:
        """Every place that is registered, or those whose name, in any script, begins with `q`."""
        return cast("Iterator[LocationOut]", self._every("/v1/locations", {"q": q, "limit": limit}, "locations"))

    def checkpoint(self) -> str:
        """The newest signed checkpoint of the log: keep it, and nobody can change what it covers without being found out."""
        return self._ask("GET", "/v1/log/checkpoint").text

    # Recording

    def record(self, event: Mapping[str, Any], *, expected_version: int | None = None) -> Recorded:
        """Record one event; it is given an id where it has none, so that it is recorded once however often it is sent.

        Raises:
            Refused: it will not do (422), contradicts what is recorded (409), or the version is another by now (412).
        """
        body = {"event_id": str(uuid.uuid4())} | dict(event)
        answer = self._ask("POST", "/v1/events", {"expected_version": expected_version}, json_body=body)
        return cast("Recorded", answer.json())

    # Tables

    def stretches_table(self, **asked: Any) -> pa.Table:
        """The stretches of every place (`/v1/stretches`) as a table of Arrow; `within`, `bbox`, `facet`, both times, `view`."""
        return self._table("/v1/stretches", asked)

    def beliefs_table(self, **asked: Any) -> pa.Table:
        """The belief maps of every place (`/v1/beliefs`) as a table of Arrow."""
        return self._table("/v1/beliefs", asked)

    def stretches_frame(self, **asked: Any) -> pd.DataFrame:
        """The same as `stretches_table`, as a data frame."""
        return self.stretches_table(**asked).to_pandas()

    def beliefs_frame(self, **asked: Any) -> pd.DataFrame:
        """The same as `beliefs_table`, as a data frame."""
        return self.beliefs_table(**asked).to_pandas()

    def status_frame(self, **asked: Any) -> pd.DataFrame:
        """The status of every place with its coordinates: a row each; asked as `statuses` is."""
        import pandas as pd  # (only who wants frames needs it)

        told = self._ask("GET", "/v1/status", _plain(asked) | {"f": "csv"}).content
        return pd.read_csv(_file(told))

    def developments_frame(self, **asked: Any) -> pd.DataFrame:
        """Developments as rows, asked as `developments` is, with the beginning and end of when they occurred as times."""
        import pandas as pd

        found = pd.json_normalize(cast("list[dict[str, Any]]", list(self.developments(**asked))))
        for name in ("occurred.start", "occurred.end", "published_at"):
            if name in found:
                found[name] = pd.to_datetime(found[name], format="ISO8601", utc=True)
        return found

    def _table(self, path: str, asked: Mapping[str, Any]) -> pa.Table:
        import pyarrow.ipc

        told = self._ask("GET", path, _plain(asked) | {"f": "arrow"}).content
        return pyarrow.ipc.open_stream(told).read_all()

    # Asking

    def _json(self, path: str, asked: Mapping[str, Any]) -> Any:
        return self._ask("GET", path, asked).json()

    def _every(self, path: str, asked: Mapping[str, Any], name: str) -> Iterator[Any]:
        """What a list has, page after page, by the link from each to the next (RFC 8288)."""
        answer = self._ask("GET", path, asked)
        while True:
            yield from answer.json()[name]
            onward = answer.links.get("next", {}).get("url")
            if onward is None:
                return
            answer = self._ask("GET", urljoin(str(answer.url), onward))

    def _ask(
        self, method: str, path: str, asked: Mapping[str, Any] | None = None, *, json_body: Any = None
    ) -> httpx.Response:
        give_up, wait = time.monotonic() + self._patience, WAIT
        parameters = _given(asked or {}) or None
        while True:
            try:
                answer = self._http.request(method, path, params=parameters, json=json_body)
            except httpx.TransportError:
                if time.monotonic() + wait > give_up:
                    raise
                said = None
            else:
                if answer.is_success:
                    return answer
                if answer.status_code not in AGAIN or time.monotonic() + wait > give_up:
                    raise _refused(answer)
                said = answer.headers.get("Retry-After")
            time.sleep(float(said) if said and said.isdigit() else wait * (0.5 + random.random()))
            wait = min(2 * wait, LONGEST_WAIT)

    @contextmanager
    def _stream(
        self,
        path: str,
        asked: Mapping[str, Any],
        headers: Mapping[str, str] | None = None,
        timeout: float | None = None,
    ) -> Iterator[httpx.Response]:
        with self._http.stream("GET", path, params=_given(asked), headers=headers, timeout=timeout) as answer:
            if not answer.is_success:
                answer.read()
                raise _refused(answer)
            yield answer


def _asked(
    at: Moment | None, known_at: Moment | None, known_position: int | None, view: str, min_position: int | None
) -> dict[str, Any]:
    return {
        "at": _moment(at), "known_at": _moment(known_at), "known_position": known_position, "view": view,
        "min_position": min_position,
    }  # fmt: skip


def _plain(asked: Mapping[str, Any]) -> dict[str, Any]:
    """What somebody asks in Python, as an address has it."""
    told: dict[str, Any] = {
        name: _moment(value) if isinstance(value, datetime) else value for name, value in asked.items()
    }
    return told | ({"bbox": _box(told["bbox"])} if isinstance(told.get("bbox"), tuple) else {})


def _given(asked: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in asked.items() if value not in (None, [])}


def _moment(moment: Moment | None) -> str | None:
    if isinstance(moment, datetime):
        if moment.tzinfo is None:
            raise ValueError(f"{moment}: a time without an offset means nothing here; give it one, as timezone.utc")
        return moment.isoformat()
    return moment


def _bound(bound: Moment | int | None) -> str | None:
    return str(bound) if isinstance(bound, int) else _moment(bound)


def _box(box: tuple[float, float, float, float] | None) -> str | None:
    return None if box is None else ",".join(map(str, box))


def _sent(lines: Iterator[str]) -> Iterator[str]:
    """The data of server-sent events."""
    data: list[str] = []
    for line in lines:
        if line.startswith("data:"):
            data.append(line[5:].removeprefix(" "))
        elif not line and data:
            yield "\n".join(data)
            data = []


def _refused(answer: httpx.Response) -> Refused:
    try:
        problem = answer.json()
    except ValueError:  # of something that stands before the service
        problem = {
            "type": "about:blank",
            "title": answer.reason_phrase,
            "status": answer.status_code,
            "detail": answer.text[:500],
        }
    return Refused(answer.status_code, problem)


def _file(told: bytes) -> Any:
    import io

    return io.BytesIO(told)


# What the service answers, as /openapi.json has it


class FacetStatus(TypedDict):
    """The status of one facet: what the basis asserts, and what stands beside it."""

    mode: str
    holders: list[str]
    challengers: list[str]
    standing: str | None
    basis: str | None
    since: str | None
    valid_from: str | None
    valid_until: str | None
    pending: list[PendingGroup]
    conflicting: list[str]


class PendingGroup(TypedDict):
    """Pending claims after the basis that assert one thing other than it."""

    mode: str
    holders: list[str]
    challengers: list[str]
    standing: str
    since: str
    latest: str
    count: int


class RollupEntry(TypedDict):
    """How many of the places below share a mode and holders."""

    mode: str
    holders: list[str]
    count: int


class Rollup(TypedDict):
    """All places below a location, by mode and holders."""

    places: int
    control: list[RollupEntry]


class LocationStatus(TypedDict):
    """The status of one location at a moment of both axes."""

    location_id: str
    at: str
    known_at: str
    known_position: int
    view: str
    policy: str
    clock: str
    control: FacetStatus
    access: FacetStatus | None
    rollup: Rollup


class LocationBrief(TypedDict):
    """One location among all."""

    location_id: str
    control: BriefStatus
    access: BriefStatus | None


class BriefPending(TypedDict):
    """The pending claims that assert one thing, without what is counted at read."""

    mode: str
    holders: list[str]
    challengers: list[str]
    standing: str
    latest: str


class BriefStatus(TypedDict):
    """The status of one facet without what is computed at read."""

    mode: str
    holders: list[str]
    challengers: list[str]
    standing: str | None
    basis: str | None
    pending: list[BriefPending]


class AllStatus(TypedDict):
    """The status of every registered location, ordered by id."""

    at: str
    known_at: str
    known_position: int
    view: str
    policy: str
    clock: str
    locations: list[LocationBrief]


class StretchOut(TypedDict):
    """A period of the valid axis in which the answer does not change; null is since ever, or until further notice."""

    valid_from: str | None
    valid_until: str | None
    mode: str
    holders: list[str]
    challengers: list[str]
    standing: str | None
    basis: str | None
    pending: list[BriefPending]


class History(TypedDict):
    """The stretches of a location as known at one moment."""

    location_id: str
    known_at: str
    known_position: int
    view: str
    policy: str
    clock: str
    control: list[StretchOut]
    access: list[StretchOut] | None


class RectangleOut(TypedDict):
    """A period of both axes in which the answer does not change; positions on the recorded clock only."""

    valid_from: str | None
    valid_until: str | None
    known_from: str | None
    known_until: str | None
    known_from_position: int | None
    known_until_position: int | None
    mode: str
    holders: list[str]
    challengers: list[str]
    standing: str | None
    basis: str | None
    pending: list[BriefPending]


class Beliefs(TypedDict):
    """The belief map of one facet of a location: rectangles, none overlapping, together covering the plane."""

    location_id: str
    facet: str
    known_at: str
    known_position: int
    view: str
    policy: str
    clock: str
    rectangles: list[RectangleOut]


class StatementOut(TypedDict):
    """One report or denial, what it weighs and why; `withheld`, only where it is so: it is of a sensitive source."""

    affirms: bool
    chain: list[str]
    unnamed_end: str | None
    published_at: str
    credibility: int
    url: str | None
    position: int
    counts: bool
    usable: bool
    interest: str
    speaks: bool
    effective: bool | None
    words: str
    withheld: NotRequired[bool]


class ConsideredClaim(TypedDict):
    """One claim that was considered: what it says, what it became, by which rule, and its part in the status."""

    development_id: str
    facet: str
    kind: str
    summary: str
    mode: str
    holders: list[str]
    challengers: list[str]
    takes_effect: str
    published_at: str
    occurred_start: str
    occurred_end: str
    standing: str
    bearing: str
    rule: str
    part: str
    words: str
    warnings: list[WarningOut]
    statements: list[StatementOut]


class WarningOut(TypedDict):
    """What is odd about an event: a code for programs, the field by its path, and words for people."""

    code: str
    field: str
    message: str
    candidates: NotRequired[list[CandidateOut]]


class CandidateOut(TypedDict):
    """A development that looks the same; `standing` is null where it was recorded just now and is not folded yet."""

    development_id: str
    standing: str | None
    occurred_start: str
    occurred_end: str
    sources: list[str]


class Explanation(TypedDict):
    """A status and the claims behind it, in their order."""

    location_id: str
    name: str
    at: str
    known_at: str
    known_position: int
    view: str
    policy: str
    clock: str
    sentence: str
    policy_words: str
    control: FacetStatus
    access: FacetStatus | None
    claims: list[ConsideredClaim]


class BothFacets(TypedDict):
    """The answer of one location at one moment, as `/v1/status` gives it."""

    control: BriefStatus
    access: BriefStatus | None


class Change(TypedDict):
    """A location whose answer differs: what it was and is (null: not registered then), and in which parts."""

    location_id: str
    differs: list[str]
    old: BothFacets | None
    new: BothFacets | None


class OccurredOut(TypedDict):
    """When it happened: half-open, with the precision in which it was said."""

    start: str
    end: str
    precision: str


class DevelopmentOut(TypedDict):
    """A development as amended, with its standing and the rule that gave it."""

    development_id: str
    position: int
    kind: str
    location_id: str
    destination_id: str | None
    occurred: OccurredOut
    published_at: str
    standing: str
    rule: str
    sources: list[str]
    merged_into: str | None
    reports: int
    denials: int
    summary: str
    tags: list[str]


class TrailEntry(TypedDict):
    """One event that bears on a development, and the development's standing after it."""

    position: int
    recorded_at: str
    recorded_by: str | None
    known_at: str
    redacted: bool
    redaction: int | None
    heard: bool
    standing: str
    rule: str
    event: dict[str, Any]
    withheld: NotRequired[bool]


class MergedOut(TypedDict):
    """A development that was merged into another, directly or not; `position` is that of its merger."""

    development_id: str
    into_id: str
    position: int
    summary: str


class DevelopmentWhole(TypedDict):
    """One development as known at one moment, what was merged into it, and its trail in the order of the clock."""

    known_at: str
    known_position: int
    view: str
    policy: str
    clock: str
    development: DevelopmentOut
    participants: list[dict[str, Any]]
    figures: list[dict[str, Any]]
    merged: list[MergedOut]
    trail: list[TrailEntry]


class RecordedOut(TypedDict):
    """An event in the log, with its place in it; `event` has the shape in which it was posted."""

    position: int
    recorded_at: str
    recorded_by: str | None
    version: int
    redacted: bool
    redaction: int | None
    event: dict[str, Any]
    withheld: NotRequired[bool]


class Recorded(TypedDict):
    """The answer to one event posted."""

    event_id: str
    position: int
    recorded_at: str
    warnings: NotRequired[list[WarningOut]]


class Cause(TypedDict):
    """An event by which a status changed: a report, a denial, a verdict, a correction, or a source graded anew."""

    position: int
    type: str
    development_id: str | None
    words: str


class StatusChange(TypedDict):
    """A period in which the answer of a place changed at one moment of the known axis."""

    known_at: str
    position: int | None
    location_id: str
    name: str
    facet: str
    valid_from: str | None
    valid_until: str | None
    past: bool
    old: BriefStatus
    new: BriefStatus
    causes: list[Cause]
    words: str


AliasOut = TypedDict("AliasOut", {"name": str, "from": NotRequired[str | None], "until": NotRequired[str | None]})


class SourceOut(TypedDict):
    """A source as graded at one position."""

    source_id: str
    name: str
    kind: str
    reliability: str
    aligned_with: list[str]
    url: str | None
    sensitive: NotRequired[bool]


class ActorOut(TypedDict):
    """An actor with its dated names; `name` is the one that it has now."""

    actor_id: str
    name: str
    kind: str
    aliases: list[AliasOut]


class LocationOut(TypedDict):
    """A location as it is at `at`, as known at a position; `path` leads from the outermost place down to its parent."""

    location_id: str
    name: str
    kind: str
    parent_id: str | None
    geometry: dict[str, Any] | None
    names: dict[str, str]
    codes: dict[str, str]
    path: list[str]


class FieldError(TypedDict):
    """One thing that is wrong: the field by its path, the value that stood there, and what would do."""

    field: str
    value: Any
    message: str
    line: NotRequired[int]


class Problem(TypedDict):
    """A problem after RFC 9457."""

    type: str
    title: str
    status: int
    detail: str
    errors: NotRequired[list[FieldError]]
