"""Bytes packed with gzip, the same for the same bytes (pure)."""

import gzip


def packed(data: bytes, level: int = 9) -> bytes:
    """Gzip without a name or a time in it."""
    return gzip.compress(data, level, mtime=0)


def takes_gzip(accepted: str) -> bool:
    """Whether an Accept-Encoding takes gzip."""
    for one in accepted.lower().split(","):
        name, _, weight = one.partition(";")
        if name.strip() == "gzip":
            return weight.replace(" ", "") not in ("q=0", "q=0.0")
    return False
