"""Any CSV by a mapping; an ACLED export among them (made-up rows: the real ones must not be handed on)."""

from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from events.reference import LocationRegistered
from services.timeline.importers import mapping
from services.timeline.importers.made import WrongFormat
from tests.foreign import made, table

ACLED = Path("services/timeline/importers/mappings/acled.toml").read_text("utf-8")
ACLED_ROW = {
    "event_id_cnty": "TST1", "event_date": "2024-12-02", "time_precision": "1", "disorder_type": "Political violence",
    "sub_event_type": "Armed clash", "actor1": "Military of Testland", "actor2": "Northern Front", "country": "Testland",
    "admin1": "East", "admin2": "Mill", "location": "Milltown", "latitude": "35.0", "longitude": "36.0",
    "geo_precision": "1", "source": "Radio One", "notes": "Both sides exchanged fire.", "fatalities": "3",
}  # fmt: skip

PLAIN = """
rows = ["id"]
summary = "{what} at {where}"
[dates]
formats = ["iso", "%d.%m.%Y", "%d.%m.%Y %H:%M"]
[place]
name = "where"
[occurred]
start = "from"
end = "to"
[kind]
column = "what"
values = { "raid" = "air_strike" }
[[figures]]
of = "injured"
low = "least"
high = "most"
[report]
published = "told"
"""
ROW = {"id": "1", "where": "A", "from": "2024-12-01", "to": "2024-12-02", "what": "raid", "least": "3", "most": "1,200",
       "told": "2024-12-03"}  # fmt: skip


def test_an_acled_row_is_a_development(tmp_path: Path) -> None:
    """Kind, roles, figures, place below its homonyms' qualifiers, original source."""
    found = made(tmp_path, "csv", table([ACLED_ROW]), mapping=ACLED)
    [said] = found.reported
    assert (said.kind, said.occurred.precision, said.summary) == (
        "clash", "day", "Armed clash, Milltown: Both sides exchanged fire.",
    )  # fmt: skip
    roles = [(one.actor_id, one.role) for one in said.participants]
    assert roles == [("acled.military-of-testland", "initiator"), ("acled.northern-front", "target")]
    assert [(one.of, one.best) for one in said.figures] == [("killed", 3)]
    assert said.report.chain == ("acled", "radio-one")
    assert said.tags == ("disorder: Political violence", "time-precision-1", "geo-precision-1")


def test_a_change_of_hands_is_a_claim(tmp_path: Path) -> None:
    """The roles differ by kind."""
    [said] = made(
        tmp_path, "csv", table([ACLED_ROW | {"sub_event_type": "Government regains territory"}]), mapping=ACLED
    ).reported
    assert [(said.kind, one.role) for one in said.participants] == [
        ("captured", "holder"),
        ("captured", "former_holder"),
    ]


@pytest.mark.parametrize(
    ("end_is", "end", "flags"),
    [("inclusive", 3, 0), ("exclusive", 2, 0), (None, 3, 1)],
)
def test_whether_an_end_belongs_to_the_period_is_said(tmp_path: Path, end_is: str | None, end: int, flags: int) -> None:
    """Inclusive in one set, exclusive in another; where nobody says, inclusive, with a flag."""
    toml = PLAIN.replace('end = "to"', f'end = "to"\nend_is = "{end_is}"') if end_is else PLAIN
    found = made(tmp_path, "csv", table([ROW]), mapping=toml)
    assert found.reported[0].occurred.end == datetime(2024, 12, end, tzinfo=UTC)
    assert found.flags["ends-assumed-inclusive"] == flags


def test_dates_in_several_forms_and_a_zone(tmp_path: Path) -> None:
    """A bare day is the whole local day; with a time of day it is an instant."""
    zone = ZoneInfo("Asia/Damascus")
    row = ROW | {"from": "01.12.2024", "to": "01.12.2024", "told": "03.12.2024 09:30"}
    [said] = made(tmp_path, "csv", table([row]), mapping=PLAIN, zone=zone).reported
    assert said.occurred.start == datetime(2024, 11, 30, 21, tzinfo=UTC)
    assert said.occurred.end == datetime(2024, 12, 1, 21, tzinfo=UTC)
    assert said.report.published_at == datetime(2024, 12, 3, 6, 30, tzinfo=UTC)


def test_numbers_as_text_are_numbers(tmp_path: Path) -> None:
    """1,200 and 3.0; two bounds are a range."""
    [said] = made(tmp_path, "csv", table([ROW | {"least": "3.0"}]), mapping=PLAIN).reported
    assert [(one.low, one.best, one.high, one.relation) for one in said.figures] == [(3, None, 1200, "range")]


@pytest.mark.parametrize(
    ("row", "flag"),
    [
        ({"what": "storm"}, "kind-unmapped"),
        ({"least": "9", "most": "3"}, "figures-out-of-order"),
        ({"least": "a few"}, "figure-unreadable"),
        ({"told": ""}, "published-unknown"),
        ({"told": "03.12.1753"}, "date-out-of-range"),
        ({"told": "soon"}, "date-unreadable"),
        ({"told": "2024-11-01"}, "published-before-event"),
    ],
)
def test_dirt_is_kept_and_flagged(tmp_path: Path, row: dict[str, str], flag: str) -> None:
    """The row is taken."""
    found = made(tmp_path, "csv", table([ROW | row]), mapping=PLAIN)
    assert (len(found.reported), found.flags[flag]) == (1, 1)


@pytest.mark.parametrize(
    ("row", "flag"),
    [
        ({"from": "2919-01-01"}, "date-out-of-range"),
        ({"from": "then"}, "date-unreadable"),
        ({"to": "2024-11-01"}, "incomplete-row"),
        ({"id": ""}, "incomplete-row"),
        ({"where": ""}, "incomplete-row"),
    ],
)
def test_a_row_that_cannot_be_a_development_is_refused_by_line(tmp_path: Path, row: dict[str, str], flag: str) -> None:
    """And the others stand."""
    found = made(tmp_path, "csv", table([ROW, ROW | {"id": "2"} | row]), mapping=PLAIN)
    assert (len(found.reported), found.refused) == (1, [(3, flag)])


def test_several_sources_in_a_cell_are_nobodys_claim_to_be_the_origin(tmp_path: Path) -> None:
    """They stand as written, behind the data set."""
    [said] = made(tmp_path, "csv", table([ACLED_ROW | {"source": "Radio One; Paper"}]), mapping=ACLED).reported
    assert (said.report.chain, said.report.unnamed_end) == (("acled",), "Radio One, Paper")


def test_another_separator_is_found(tmp_path: Path) -> None:
    """Semicolons and tabs, as spreadsheets write them."""
    comma, tab = (made(tmp_path, "csv", table([ROW | {"most": "12"}], delimiter=one), mapping=PLAIN) for one in ",\t")
    assert comma.events == tab.events
    assert len(comma.of(LocationRegistered)) == 1


@pytest.mark.parametrize("name", mapping.shipped())
def test_the_mappings_that_come_along_can_be_read(name: str) -> None:
    """By name, without a path."""
    assert mapping.read(name).source is not None


@pytest.mark.parametrize(
    ("toml", "words"),
    [
        ("rows = [", ["not readable as TOML"]),
        ("colour = 1", ["colour"]),
        ('[kind]\nvalues = { "x" = "conquered" }', ["kind.values.'x'", "'conquered' is no kind"]),
        ('[status]\n"N" = { kind = "held", holder = ["north"] }', ["north", "[actors]"]),
    ],
)
def test_a_mapping_that_will_not_do_is_refused_by_its_key(tmp_path: Path, toml: str, words: list[str]) -> None:
    """In one line."""
    path = tmp_path / "mapping.toml"
    path.write_text(toml, "utf-8")
    with pytest.raises(WrongFormat) as refused:
        mapping.read(str(path))
    assert all(word in str(refused.value) for word in words), refused.value


def test_a_mapping_that_is_not_there_names_those_that_are() -> None:
    """A name mistyped is seen at once."""
    with pytest.raises(WrongFormat, match="acled, viina"):
        mapping.read("acldd")


def test_a_column_that_the_mapping_names_is_there(tmp_path: Path) -> None:
    """All that are missing are told at once."""
    with pytest.raises(WrongFormat, match="missing where, least, most"):
        made(tmp_path, "csv", "id,from,to,what,told\n1,2,3,4,5\n", mapping=PLAIN)
