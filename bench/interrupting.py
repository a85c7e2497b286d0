"""Twenty builds of one view, each with parts of another size, whose workers are killed (-9) in the middle: one digest.

The digest to come to is that of `current`, which the follower folded event by event. A kill counts only where the worker
was at work: the others found nothing to interrupt.
"""

import os
import random
import signal
import time

from bench import news
from bench.ground import fresh_timeline, say, working
from projections import builds, digests, planning, rebuilding, views
from projections.builds import Build
from projections.policies import Reading
from projections.views import Database
from services.timeline import logs
from services.timeline.build_workers import Workers, connected

EVENTS, PLACES, ROUNDS = 20_000, 1_000, 20
PARTS = (20, 100, 500, 2_000, 10_000)


def run() -> None:
    """Print how many builds were interrupted, how often, and how many came to another digest."""
    logs.configure("error")  # that workers end is what is wanted here
    dice = random.Random(6)
    with fresh_timeline() as timeline:
        news.load(timeline.log, EVENTS, places=PLACES)
        timeline.follower.follow()
        with connected(str(timeline.log.pool.conninfo)) as connection:
            expected = digests.digest(connection, views.find(connection, "current"))
            kills, interrupted, different = 0, 0, 0
            for number in range(ROUNDS):
                killed, digest = _built(connection, str(timeline.log.pool.conninfo), number, dice)
                kills += killed
                interrupted += killed > 0
                different += digest != expected
                working(f"round {number + 1}: killed {killed} times, {digest.hex()[:16]}")
    say(
        f"{ROUNDS} builds of {EVENTS:,} events in parts of {min(PARTS):,} to {max(PARTS):,}: {kills} workers killed (-9) at work, in "
        f"{interrupted} of the builds; {different} digests differ from the follower's, {expected.hex()[:16]}"
    )


def _built(connection: Database, conninfo: str, number: int, dice: random.Random) -> tuple[int, bytes]:
    """One build: how often a worker was killed at work, and the digest of what came of it."""
    build = builds.ask(connection, f"interrupted-{number}", Reading(), None)
    assert isinstance(build, Build)
    planning.plan(connection, build, dice.choice(PARTS))
    killed = 0
    while not _done(connection, build):
        with Workers(conninfo, build, dice.randint(1, 2)) as workers:
            until = time.monotonic() + dice.uniform(0.4, 1.4)  # a worker takes a third of a second to start
            while workers.at_work() and (time.monotonic() < until or killed >= 3):
                time.sleep(0.01)
            for process in workers.processes:
                if process.poll() is None:
                    os.kill(process.pid, signal.SIGKILL)
                    killed += 1
    rebuilding.complete(connection, build)
    view = builds.publish(connection, build)
    assert view is not None
    return killed, digests.digest(connection, view)


def _done(connection: Database, build: Build) -> bool:
    row = connection.execute(
        "SELECT count(*) FROM build_part WHERE build_id = %s::int AND NOT done", [build.build_id]
    ).fetchone()
    return row == (0,)
