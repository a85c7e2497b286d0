"""The files of the page: read once, packed once, under an address that changes when any of them does.

All stand below `/page/RELEASE/`, the release being a hash of all of them: modules find each other by relative paths, every
file may be kept for ever, and a new program's page never mixes with an old one's.
"""

import hashlib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Final

from services.timeline.page.packing import packed

ROOT: Final = files("services.timeline").joinpath("page", "static")

MEDIA_TYPES: Final = {
    "css": "text/css; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "json": "application/json",
    "mjs": "text/javascript; charset=utf-8",
    "svg": "image/svg+xml",
    "txt": "text/plain; charset=utf-8",
}


@dataclass(frozen=True, slots=True)
class Asset:
    """One file: its bytes, the same packed, and a tag of them."""

    data: bytes
    gzipped: bytes
    media_type: str
    tag: str


@cache
def release() -> str:
    """The first twelve digits of a hash of every file and its name."""
    whole = hashlib.sha256()
    for name, file in sorted(_files(ROOT)):
        whole.update(name.encode() + b"\0" + hashlib.sha256(file.read_bytes()).digest())
    return whole.hexdigest()[:12]


@cache
def asset(path: str) -> Asset | None:
    """One file by its path below the release; None where there is none."""
    file = names().get(path)
    if file is None:
        return None
    data = file.read_bytes()
    tag = f'"{hashlib.sha256(data).hexdigest()[:32]}"'
    return Asset(data, packed(data), MEDIA_TYPES[path.rpartition(".")[2]], tag)


@cache
def names() -> dict[str, Traversable]:
    """Every file by its path: what is not in here is not served, whatever an address says."""
    return dict(_files(ROOT))


def _files(folder: Traversable, prefix: str = "") -> list[tuple[str, Traversable]]:
    found: list[tuple[str, Traversable]] = []
    for one in folder.iterdir():
        if one.is_dir():
            found += _files(one, f"{prefix}{one.name}/")
        elif one.name.rpartition(".")[2] in MEDIA_TYPES:
            found.append((f"{prefix}{one.name}", one))
    return found
