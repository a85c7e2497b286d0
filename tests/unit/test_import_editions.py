"""A row that reads otherwise than when it was imported: what is amended, and what is left alone."""

from datetime import UTC, datetime
from pathlib import Path

import msgspec

from events.developments import DevelopmentAmended, DevelopmentChanges, DevelopmentReported
from events.marks import REDACTED
from events.records import Event, changed
from services.timeline.importers.editions import correction
from services.timeline.importers.flags import Flag
from tests.foreign import ged, made, recorded

EDITION = datetime(2020, 6, 1, tzinfo=UTC)


def row(tmp_path: Path, **changes: str) -> DevelopmentReported:
    """The development of one row."""
    return made(tmp_path, "ucdp-ged", ged({"id": "1", **changes})).reported[0]


def corrected(now: DevelopmentReported, *held: Event) -> tuple[DevelopmentAmended | None, Flag]:
    return correction(recorded(*held), now, "local via ucdp-ged", EDITION)


def test_only_what_changed_is_amended_from_the_edition_on(tmp_path: Path) -> None:
    """With the same id however often it is imported."""
    before, now = row(tmp_path), row(tmp_path, high="9.0", date_prec="2")
    amended, flag = corrected(now, before)
    assert amended is not None
    assert set(changed(amended.changes)) == {"occurred", "figures", "summary", "tags"}
    assert (amended.amended_at, flag.name) == (EDITION, "amended")
    assert corrected(now, before)[0] == amended


def test_an_edition_that_was_imported_already_changes_nothing(tmp_path: Path) -> None:
    """Neither the newest, nor an older one handed in again."""
    first, second = row(tmp_path), row(tmp_path, high="9.0")
    amended, _ = corrected(second, first)
    assert amended is not None
    assert corrected(second, first, amended)[1].name == "report-differs"
    assert corrected(first, first, amended) == (
        None,
        Flag("earlier-edition", "figures, summary: corrected since"),
    )


def test_an_edition_older_than_a_correction_changes_nothing(tmp_path: Path) -> None:
    """Also where it was never imported before."""
    first, second, between = (row(tmp_path, high=high) for high in ("4.0", "9.0", "7.0"))
    amended, _ = corrected(second, first)
    assert amended is not None
    older = correction(recorded(first, amended), between, "local via ucdp-ged", datetime(2019, 6, 1, tzinfo=UTC))
    assert (older[0], older[1].name) == (None, "earlier-edition")


def test_what_the_desk_corrected_stands(tmp_path: Path) -> None:
    """The data set is followed in what the desk left alone."""
    before, now = row(tmp_path), row(tmp_path, date_prec="2", deaths_a="0.0", deaths_b="3.0")
    desk = DevelopmentAmended(
        development_id=before.development_id,
        changes=DevelopmentChanges(figures=()),
        amended_at=EDITION,
        reason="counted",
    )
    history = [*recorded(before), *recorded(desk, by="key:desk")]
    amended, flag = correction(history, now, "local via ucdp-ged", EDITION)
    assert amended is not None
    assert "figures" not in changed(amended.changes)
    assert flag.name == "amended"
    only = msgspec.structs.replace(before, figures=now.figures)
    assert correction(history, only, "local via ucdp-ged", EDITION)[1].name == "desk-amended"


def test_text_that_was_redacted_is_not_brought_back(tmp_path: Path) -> None:
    """A lawful redaction outlives the next edition."""
    before = row(tmp_path)
    told = msgspec.structs.replace(before, summary=REDACTED, tags=(REDACTED,))
    blank = msgspec.structs.replace(recorded(told)[0], redaction=9, text_sha256="0" * 64)
    assert before.tags
    assert correction([blank], before, "local via ucdp-ged", EDITION)[0] is None
    amended, _ = correction([blank], row(tmp_path, high="9.0", date_prec="2"), "local via ucdp-ged", EDITION)
    assert amended is not None
    assert set(changed(amended.changes)) == {"occurred", "figures"}
