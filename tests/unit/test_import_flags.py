"""Every kind of dirt has one name: in the code that finds it, in the table that explains it, and in the documentation."""

import re
from pathlib import Path

from services.timeline.importers.flags import FLAGS, LEAVES_OUT, REFUSES

ROOT = Path(__file__).parents[2]


def test_every_flag_is_documented_by_name() -> None:
    """In docs/formats.md, in the table of flags, and no other one there."""
    text = (ROOT / "docs" / "formats.md").read_text("utf-8")
    table = text.partition("## Flags")[2].partition("\n## ")[0]
    assert set(re.findall(r"^\| `([a-z0-9-]+)`", table, re.MULTILINE)) == set(FLAGS)


def test_every_flag_is_given_somewhere_and_none_is_unknown() -> None:
    """By the literal name, so that a search finds where."""
    code = "\n".join(
        path.read_text("utf-8") for path in (ROOT / "services/timeline/importers").glob("*.py") if path.stem != "flags"
    )
    assert [flag for flag in FLAGS if f'"{flag}"' not in code] == []
    given = set(re.findall(r'(?:Flag|RefusedRow)\(\s*"([a-z0-9-]+)"', code))
    assert given - FLAGS.keys() == set()
    assert (REFUSES | LEAVES_OUT) - FLAGS.keys() == set()
