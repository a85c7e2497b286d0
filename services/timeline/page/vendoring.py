"""Fetches the libraries and the basemap that stand beside the page, and lists them in `vendor.json` (not at run time).

    python -m services.timeline.page.vendoring            fetches what `vendor.json` names, by npm, and writes it anew
    python -m services.timeline.page.vendoring --check    only compares the files held with the list; exit 1 where they differ

To take a newer version, write it into `vendor.json` and run the first line.
"""

import hashlib
import json
import re
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

FOLDER: Final = Path(__file__).parent / "static" / "vendor"
LIST: Final = FOLDER / "vendor.json"

Topology = dict[str, Any]


def basemap(topology: Topology) -> bytes:
    """Land and the borders between countries out of the atlas, as arcs in steps of its grid: about a third of GeoJSON."""
    land = [polygon for one in topology["objects"]["land"]["geometries"] for polygon in _polygons(one)]
    uses: dict[int, set[int]] = {}
    for number, country in enumerate(topology["objects"]["countries"]["geometries"]):
        for polygon in _polygons(country):
            for arc in (arc for ring in polygon for arc in ring):
                uses.setdefault(arc if arc >= 0 else ~arc, set()).add(number)
    borders = sorted(arc for arc, countries in uses.items() if len(countries) > 1)
    wanted = sorted({arc if arc >= 0 else ~arc for polygon in land for ring in polygon for arc in ring} | set(borders))
    at = {arc: number for number, arc in enumerate(wanted)}
    said = {
        "transform": topology["transform"],
        "arcs": [[step for point in topology["arcs"][arc] for step in point] for arc in wanted],
        "land": [[[at[arc] if arc >= 0 else ~at[~arc] for arc in ring] for ring in polygon] for polygon in land],
        "borders": [at[arc] for arc in borders],
    }
    return json.dumps(said, separators=(",", ":")).encode()


def _polygons(geometry: Topology) -> list[Any]:
    if geometry["type"] == "GeometryCollection":
        return [polygon for one in geometry["geometries"] for polygon in _polygons(one)]
    found: dict[str, Callable[[], list[Any]]] = {
        "Polygon": lambda: [geometry["arcs"]],
        "MultiPolygon": lambda: list(geometry["arcs"]),
    }
    return found.get(geometry["type"], list)()


def without_map(script: bytes) -> bytes:
    """A script without the line that names its source map, which does not stand beside it."""
    return re.sub(rb"\n//# sourceMappingURL=[^\n]*\n?\Z", b"\n", script)


#: What becomes of a file on its way, by the name in `vendor.json`.
MADE: Final[dict[str, Callable[[bytes], bytes]]] = {
    "as it is": lambda data: data,
    "without the name of its source map": without_map,
    "land and borders, as arcs": lambda data: basemap(json.loads(data)),
}


def fetch() -> None:
    """Fetch every package of the list, write its files and their sums."""
    listed = json.loads(LIST.read_bytes())
    for package in listed:
        with tempfile.TemporaryDirectory() as folder:
            wanted = f"{package['name']}@{package['version']}"
            packed = ["npm", "pack", "--silent", "--pack-destination", folder, wanted]
            subprocess.run(packed, check=True, stdout=subprocess.DEVNULL)  # noqa: S603  (of our own list)
            with tarfile.open(next(Path(folder).glob("*.tgz"))) as archive:
                for file in package["files"]:
                    held = archive.extractfile(f"package/{file['from']}")
                    assert held is not None, file["from"]
                    data = MADE[file["made"]](held.read())
                    FOLDER.joinpath(file["file"]).write_bytes(data)
                    file["sha256"] = hashlib.sha256(data).hexdigest()
    LIST.write_text(json.dumps(listed, indent=2) + "\n", "utf-8")


def differing() -> list[str]:
    """The files that are missing, or are not those of the list; and files that nobody listed."""
    named = {file["file"]: file["sha256"] for package in json.loads(LIST.read_bytes()) for file in package["files"]}
    held = {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in FOLDER.iterdir() if path.name != LIST.name
    }
    return sorted(name for name in named.keys() | held.keys() if named.get(name) != held.get(name))


def main(arguments: list[str]) -> int:
    if arguments != ["--check"]:
        fetch()
    wrong = differing()
    for name in wrong:
        sys.stderr.write(f"{name}: not the file that vendor.json lists\n")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
