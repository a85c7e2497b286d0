"""What a cell says: whole numbers as text (`1.0`, `1,200`), and templates filled from a row (pure)."""

import re
from functools import lru_cache
from typing import Final

from services.timeline.importers.tables import Row

_NUMBER: Final = re.compile(r"\d{1,3}(?:[, ]\d{3})+|\d+")
_FIELD: Final = re.compile(r"\{([^{}]+)\}")


@lru_cache(maxsize=4_096)
def whole_number(cell: str) -> int | None:
    """The whole number that a cell means; None where it means none."""
    plain = re.sub(r"\.0*\Z", "", cell.strip())
    if not _NUMBER.fullmatch(plain):
        return None
    found = int(re.sub(r"[, ]", "", plain))
    return found if found < 2**53 else None


def filled(template: str, row: Row) -> str:
    """A template with the row's cells in place of `{column}`."""
    return re.sub(r"\s+", " ", _FIELD.sub(lambda one: row[one[1]], template)).strip()


def fields(template: str) -> list[str]:
    """The columns that a template names."""
    return _FIELD.findall(template)
