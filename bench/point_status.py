"""Point status over REST against the same server answering a constant JSON of the same length.

Random place, random `at`, random known position; no request twice. At ordinary places and at one with 20,000 claims;
after an arrival as published and after a shuffled one. The two kinds of request alternate, on one connection each.
"""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from random import Random
from urllib.parse import urlencode

import httpx2
import uvicorn
from fastapi import Response

from bench import histories
from bench.ground import fresh_timeline, median, percentile, say, working
from services.timeline.api.app import create
from services.timeline.composition import Timeline

EVENTS, PLACES, CROWDED = 100_000, 5_000, 20_000
ROUNDS, REQUESTS = 7, 150


def run() -> None:
    say(
        "point status / constant JSON, over REST on one connection: median of the rounds' medians, and the 95th percentile"
    )
    for arrival in ("as published", "shuffled"):
        with fresh_timeline() as timeline:
            load(timeline, arrival)
            with served(timeline) as url, httpx2.Client(base_url=url) as client:
                for name, choose in (("any place", _any_place), ("crowded place", _crowded_place)):
                    _measure(client, timeline, f"{name}, {arrival}", choose)


def load(timeline: Timeline, arrival: str) -> None:
    """Fill the log and fold it; then let the database tidy up, as it does by itself after a while."""
    told = histories.developments(EVENTS, PLACES, CROWDED)
    for upto in histories.append(timeline.log, histories.reference(PLACES) + histories.arrived(told, arrival)):
        working(f"{arrival}: {upto:,} events")
    timeline.follower.follow(lambda position: working(f"{arrival}: folded {position:,}"))
    with timeline.log.pool.connection() as connection:
        connection.execute("VACUUM ANALYZE")


@contextmanager
def served(timeline: Timeline) -> Iterator[str]:
    """The service on a port of its own, with one more route: the constant."""
    app = create(timeline)
    body = b'{"constant": "' + b"x" * 600 + b'"}'

    @app.get("/constant")
    def constant() -> Response:
        return Response(body, media_type="application/json")

    listening = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, log_config=None, access_log=False, server_header=False))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
    thread.start()
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join()
        listening.close()


def _any_place(random: Random) -> str:
    return histories.place(random.randrange(1, PLACES))


def _crowded_place(_: Random) -> str:
    return histories.CROWDED


def _measure(client: httpx2.Client, timeline: Timeline, name: str, choose: Callable[[Random], str]) -> None:
    random = Random(name)
    head = timeline.log.head().position
    medians: list[tuple[float, float]] = []
    every: list[float] = []
    for round_ in range(-1, ROUNDS):
        constants, statuses = [], []
        for _ in range(REQUESTS):
            at = histories.BEGIN + timedelta(seconds=random.randrange(histories.DAYS * 24 * 3600))
            asked = {"at": at.isoformat(), "known_position": random.randrange(PLACES + 100, head)}
            place = choose(random)
            statuses.append(_timed(client, f"/v1/locations/{place}/status?{urlencode(asked)}"))
            constants.append(_timed(client, "/constant"))
        if round_ >= 0:  # the first one warms up
            medians.append((median(statuses), median(constants)))
            every += statuses
    ratio = median([status / constant for status, constant in medians])
    status, constant = median([one for one, _ in medians]), median([other for _, other in medians])
    say(
        f"{name:28} {ratio:5.2f}x   {status * 1000:6.2f} ms / {constant * 1000:5.2f} ms"
        f"   p95 {percentile(every, 95) * 1000:6.2f} ms"
    )


def _timed(client: httpx2.Client, path: str) -> float:
    before = time.perf_counter()
    answer = client.get(path)
    took = time.perf_counter() - before
    assert answer.status_code == 200, answer.text
    return took
