"""`python -m services.timeline.build_worker`: folds parts of one build until none is left; `building.py` starts it.

What to do comes in one line on standard input, since a connection string may hold a password. When that input closes,
whoever started us is gone, and so are we.
"""

import json
import os
import sys
import threading

from projections import builds
from projections.rebuilding import Worker
from services.timeline.build_workers import connected
from services.timeline.cycles import collect_rarely


def main() -> int:
    """Fold what can be taken up; 0 also where the build is gone."""
    collect_rarely()
    asked = json.loads(sys.stdin.readline())
    threading.Thread(target=_end_with_whoever_started_us, daemon=True).start()
    with connected(asked["conninfo"]) as connection:
        build = builds.found(connection, asked["build"])
        if build is not None:
            Worker(connection, build).work()
    return 0


def _end_with_whoever_started_us() -> None:
    sys.stdin.read()
    os._exit(1)


if __name__ == "__main__":
    sys.exit(main())
