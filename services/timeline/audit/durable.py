"""Small files that must not be lost or half-written: written beside, synced, and put in place at once."""

import os
from pathlib import Path


def write(file: Path, text: str) -> None:
    """Write a file that only we may read, durably."""
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as out:
        out.write(text)
        out.flush()
        os.fsync(out.fileno())


def replace(file: Path, text: str) -> None:
    """Put a file in place of another: whoever reads it finds the one or the other, also after a crash."""
    fresh = file.with_name(file.name + ".new")
    write(fresh, text)
    fresh.replace(file)
    folder = os.open(file.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
