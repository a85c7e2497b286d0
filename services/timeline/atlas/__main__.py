"""Draws one atlas: a process of the keeper's, told on its standard input which one. It stays out of the way of who serves."""

import os
import sys
from pathlib import Path

import msgspec

from events.log import Log
from projections.views import UnknownView
from services.timeline.atlas.draft import TooMuch
from services.timeline.atlas.drawing import CannotDraw, draw
from services.timeline.atlas.keeper import Order
from services.timeline.cycles import collect_rarely
from services.timeline.pools import pool_on


def main() -> int:
    order = msgspec.json.decode(sys.stdin.buffer.read(), type=Order)
    os.nice(5)
    collect_rarely()
    try:
        with pool_on(order.conninfo) as pool:
            draw(Log(pool), Path(order.folder), order.view)
    except (CannotDraw, TooMuch, UnknownView, OSError) as error:
        print(error, file=sys.stderr)  # noqa: T201  (the keeper reads it)
        return 1
    return 0


sys.exit(main())
