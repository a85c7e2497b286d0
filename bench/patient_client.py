"""One who posts to a service that dies: again, under the same event ids, whatever was not acknowledged."""

import json
import random
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from typing import Any
from uuid import uuid4

import httpx2

#: For how long a killed one may take to come back, in seconds.
BACK = 60.0

Tree = dict[str, Any]

WORLD: list[Tree] = [
    {"type": "ActorRegistered", "actor_id": "hts", "name": "HTS", "kind": "non_state_armed_group"},
    {"type": "SourceRegistered", "source_id": "monitor", "name": "Monitor", "kind": "monitoring_group", "reliability": "B"},
    *({"type": "LocationRegistered", "location_id": f"p-{n}", "name": f"p-{n}", "kind": "town"} for n in range(20)),
]  # fmt: skip


class PatientClient:
    """One who posts: what it said, what was acknowledged at which position, what it waits for."""

    def __init__(self, url: str, number: int) -> None:
        self._http = httpx2.Client(base_url=url, timeout=30)
        self._batch = 10 if number % 2 else 1
        self.acknowledged: dict[str, int] = {}
        self.waiting: list[Tree] = []
        self.under_way, self.ended = 0, 0.0
        self.fault: AssertionError | None = None

    def __enter__(self) -> "PatientClient":
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    def post_until(self, stop: threading.Event) -> None:
        """Post, one request after another, until told to stop or until one is not answered."""
        while not stop.is_set() and not self.waiting:
            self.waiting = [one for _ in range(self._batch) for one in _told()][: self._batch]
            self.under_way = len(self.waiting)
            try:
                self._post()
            except AssertionError as fault:
                self.fault = fault
            self.ended = time.monotonic()

    def settle(self) -> int:
        """Post again what waits, until all is acknowledged; how many events were there already."""
        already, give_up = 0, time.monotonic() + BACK
        while self.waiting:
            already += self._post()
            if self.waiting:
                _patience(give_up, f"{len(self.waiting)} events are not taken")
        return already

    def deliver(self, events: list[Tree]) -> None:
        self.wait_ready()
        self.waiting = [{**one, "event_id": str(uuid4())} for one in events]
        self.settle()

    def wait_ready(self) -> None:
        give_up = time.monotonic() + BACK
        while True:
            with suppress(httpx2.TransportError):
                if self._http.get("/readyz").status_code == 200:
                    return
            _patience(give_up, "the service is not back")

    def _post(self) -> int:
        """Post what waits; how many of it were there already. What is not acknowledged goes on waiting."""
        try:
            answered = self._one() if len(self.waiting) == 1 else self._many()
        except httpx2.TransportError:
            return 0
        already = 0
        for event_id, position, was_there in answered:
            self.acknowledged[event_id] = position
            already += was_there
        self.waiting = [one for one in self.waiting if one["event_id"] not in self.acknowledged]
        return already

    def _one(self) -> list[tuple[str, int, bool]]:
        answer = self._http.post("/v1/events", json=self.waiting[0])
        if answer.status_code not in (200, 201):
            return _not_acknowledged(answer)
        said = answer.json()
        return [(said["event_id"], said["position"], answer.status_code == 200)]

    def _many(self) -> list[tuple[str, int, bool]]:
        body = "\n".join(json.dumps(one) for one in self.waiting)
        headers = {"Content-Type": "application/x-ndjson"}
        answer = self._http.post("/v1/events", content=body.encode(), headers=headers)
        if answer.status_code != 200:
            return _not_acknowledged(answer)
        told = [json.loads(line) for line in answer.text.splitlines()]
        refused = [one for one in told if one["result"] == "refused"]
        if refused:
            raise AssertionError(f"refused: {refused[0]}")
        return [(one["event_id"], one["position"], one["result"] == "already_there") for one in told]


def _told() -> Iterator[Tree]:
    """A development, and a report that affirms it; each with a mark by which it would be known if it stood twice."""
    development, place = str(uuid4()), f"p-{random.randrange(20)}"
    at = f"2024-{random.randrange(1, 13):02}-{random.randrange(1, 29):02}T00:00:00Z"
    yield {
        "type": "DevelopmentReported",
        "event_id": str(uuid4()),
        "development_id": development,
        "kind": "held",
        "location_id": place,
        "occurred": {"start": at, "end": at},
        "participants": [{"actor_id": "hts", "role": "holder"}],
        "summary": "Said.",
        "report": _report(at),
    }
    yield {
        "type": "DevelopmentCorroborated",
        "event_id": str(uuid4()),
        "development_id": development,
        "report": _report(at),
    }


def _report(at: str) -> Tree:
    return {"chain": ["monitor"], "published_at": at, "credibility": 2, "url": f"https://example.org/{uuid4()}"}


def _not_acknowledged(answer: httpx2.Response) -> list[tuple[str, int, bool]]:
    """A 503 says that nothing is known yet; anything else is a fault of ours."""
    if answer.status_code != 503:
        raise AssertionError(f"{answer.status_code}: {answer.text}")
    return []


def _patience(give_up: float, what: str) -> None:
    if time.monotonic() > give_up:
        raise AssertionError(f"{what} after {BACK:.0f} s")
    time.sleep(0.05)
