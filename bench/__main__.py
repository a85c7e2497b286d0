"""`python -m bench [NAME ...]`: runs the measurements by name, or all of them."""

import sys
from importlib import import_module

from services.timeline.cycles import collect_rarely

#: Where each measurement is: a module of this folder and its function.
BENCHES = {
    "folds": "folds:run",
    "appends": "appends:run",
    "point_status": "point_status:run",
    "tailing": "tailing:run",
    "pinned": "pinned:run",
    "killing": "killing:run",
    "following": "following:run",
    "regrading": "following:regrading",
    "answers": "answers:run",
    "importing": "importing:run",
    "whole_map": "whole_map:run",
    "rebuild": "rebuilding:run",
    "interrupting": "interrupting:run",
    "growth": "growth:run",
    "auditing": "auditing:run",
    "page": "page:run",
    "load": "load:run",
    "faults": "faults:run",
}


def main() -> int:
    names = sys.argv[1:] or list(BENCHES)
    unknown = [name for name in names if name not in BENCHES]
    if unknown:
        print(f"bench: no measurement {unknown[0]!r}; there are {', '.join(BENCHES)}", file=sys.stderr)
        return 2
    collect_rarely()  # as the command does
    for name in names:
        module, _, function = BENCHES[name].partition(":")
        getattr(import_module(f"bench.{module}"), function)()
    return 0


sys.exit(main())
