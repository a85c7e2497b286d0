"""Control tables: what a list says from snapshot to snapshot, and what it does not say."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from events.developments import DevelopmentReported
from events.reference import LocationRegistered
from services.timeline.importers.made import WrongFormat
from tests.foreign import TABLE_TOML, Import, listing, made

FIRST, SECOND, THIRD = "1 March 2022 12h00 UTC", "1 June 2022 12h00 UTC", "1 September 2022 12h00 UTC"
JUNE = datetime(2022, 6, 1, 12, tzinfo=UTC)


def table(tmp_path: Path, *files: str, more: str = "", claims: tuple[DevelopmentReported, ...] = ()) -> Import:
    return made(tmp_path, "control-table", *files, mapping=TABLE_TOML + more, claims=claims)


def said(found: Import) -> list[tuple[str, str, str]]:
    """Each claim as (place, kind, holders)."""
    return [
        (one.location_id.partition(".")[2], one.kind, "+".join(p.actor_id for p in one.participants))
        for one in found.reported
    ]


def test_consecutive_equal_rows_are_one_claim_and_a_change_is_another(tmp_path: Path) -> None:
    """And never a capture: a list cannot tell one from a correction of the list."""
    found = table(
        tmp_path, listing(FIRST, ("A", "North"), ("B", "North")), listing(SECOND, ("A", "North"), ("B", "Contested"))
    )
    assert said(found) == [("a", "held", "north"), ("b", "held", "north"), ("b", "contested", "north+south")]
    assert {one.report.published_at for one in found.reported[2:]} == {JUNE}
    assert found.flags == {"no-coordinates": 2}


def test_the_files_may_come_in_any_order(tmp_path: Path) -> None:
    """Snapshots are read by their dates."""
    files = listing(FIRST, ("A", "North")), listing(SECOND, ("A", "South")), listing(THIRD, ("B", "South"))
    assert table(tmp_path, *files).events == table(tmp_path, *reversed(files)).events


def test_a_place_that_leaves_the_list_is_delisted_and_its_status_stands(tmp_path: Path) -> None:
    """A development of a kind that bears on no status says so, once."""
    found = table(
        tmp_path,
        listing(FIRST, ("A", "North"), ("B", "South")),
        *(listing(one, ("B", "South")) for one in (SECOND, THIRD)),
    )
    gone = found.reported[-1]
    assert (gone.kind, gone.tags, gone.participants, gone.report.published_at) == ("other", ("delisted",), (), JUNE)
    assert found.flags["delisted"] == 1


def test_a_place_that_comes_back_is_claimed_again(tmp_path: Path) -> None:
    """The list says anew what it had ceased to say."""
    found = table(
        tmp_path, *(listing(when, (place, "North")) for when, place in ((FIRST, "A"), (SECOND, "B"), (THIRD, "A")))
    )
    assert [one for one in said(found) if one[0] == "a"] == [
        ("a", "held", "north"),
        ("a", "other", ""),
        ("a", "held", "north"),
    ]


def test_a_date_of_its_own_says_from_when(tmp_path: Path) -> None:
    """A day, known from the snapshot on."""
    [claim] = table(tmp_path, listing(SECOND, ("A", "North", "2 May 2014"))).reported
    begin = datetime(2014, 5, 2, tzinfo=UTC)
    assert (claim.occurred.start, claim.occurred.end, claim.occurred.precision) == (
        begin,
        begin + timedelta(days=1),
        "day",
    )
    assert claim.report.published_at == JUNE


@pytest.mark.parametrize(
    ("as_of", "flag"),
    [
        ("1 January 2022", "as-of-lags"),
        ("1 July 2022", "as-of-ahead"),
        ("2 May 1753", "date-out-of-range"),
        ("May", "date-unreadable"),
    ],
)
def test_a_date_that_cannot_order_the_claims_gives_way_to_the_snapshot(tmp_path: Path, as_of: str, flag: str) -> None:
    """Dated before a snapshot that said otherwise, it would hide behind what it replaces."""
    found = table(tmp_path, listing(FIRST, ("A", "North")), listing(SECOND, ("A", "South", as_of)))
    assert found.reported[1].occurred.start == JUNE
    assert found.flags[flag] == 1


def test_a_new_label_is_no_capture(tmp_path: Path) -> None:
    """The claim says who holds it now under which name, with a tag."""
    more = '[[relabelled]]\nfrom = "north"\nto = "east"\n'
    found = table(
        tmp_path,
        listing(FIRST, ("A", "North"), ("B", "South")),
        listing(SECOND, ("A", "East"), ("B", "East")),
        more=more,
    )
    tags = [one.tags for one in found.reported[2:]]
    assert tags == [("control-table", "relabelled"), ("control-table",)]
    assert found.flags["relabelled"] == 1


def test_a_holder_that_vanishes_at_once_is_pointed_out(tmp_path: Path) -> None:
    """Unless the mapping says already that it is a label; and not where some of its places are its own still."""
    places = ("A", "B", "C", "D")
    before = listing(FIRST, *((one, "North") for one in places), ("E", "South"))
    after = listing(SECOND, *((one, "East") for one in places), ("E", "South"))
    partly = listing(SECOND, *((one, "East") for one in places[1:]), ("A", "North"), ("E", "South"))
    assert table(tmp_path, before, after).flags["label-vanished"] == 1
    assert table(tmp_path, before, partly).flags["label-vanished"] == 0
    known = '[[relabelled]]\nfrom = "north"\nto = "east"\n'
    assert table(tmp_path, before, after, more=known).flags["label-vanished"] == 0


def test_a_word_that_asserts_nothing_makes_no_claim(tmp_path: Path) -> None:
    """The place is listed still, so it is not delisted either."""
    found = table(tmp_path, listing(FIRST, ("A", "North")), listing(SECOND, ("A", "Unknown")))
    assert len(found.reported) == 1
    assert (found.flags["no-claim"], found.flags["delisted"]) == (1, 0)


def test_homonyms_are_told_apart_by_qualifier_and_by_coordinates(tmp_path: Path) -> None:
    """Ten kilometres make two places; less is the same place, moved."""
    found = table(
        tmp_path,
        listing(FIRST, ("A", "North", "", "Hill", "48.00", "35.0"), ("A", "South", "", "Dale", "48.00", "35.0")),
        listing(SECOND, ("A", "South", "", "Hill", "48.05", "35.0"), ("A", "South", "", "Dale", "49.00", "35.0")),
    )
    places = [one.location_id for one in found.of(LocationRegistered)]
    assert places == ["the-list.a", "the-list.a-dale", "the-list.a-49.00n35.00e"]
    assert (found.flags["homonym"], found.flags["moved-coordinates"], found.flags["delisted"]) == (2, 1, 1)


def test_one_place_twice_in_a_snapshot_counts_once_or_where_it_disagrees_not_at_all(tmp_path: Path) -> None:
    """Two homonyms that somebody put on one spot cannot be told apart afterwards."""
    found = table(tmp_path, listing(FIRST, ("A", "North"), ("A", "North"), ("B", "North"), ("B", "South")))
    assert said(found) == [("a", "held", "north")]
    assert found.flags["same-place-twice"] == 1
    assert found.refused == [(4, "contradicts-itself"), (5, "contradicts-itself")]


def test_snapshots_imported_one_by_one_say_the_same_as_all_at_once(tmp_path: Path) -> None:
    """Each import goes on from what the list said before; and importing all again says nothing else."""
    files = [
        listing(FIRST, ("A", "North"), ("B", "South"), ("C", "North")),
        listing(SECOND, ("A", "North"), ("B", "North", "1 January 2022")),
        listing(THIRD, ("A", "South"), ("C", "North")),
    ]
    at_once = table(tmp_path, *files)
    claims: list[DevelopmentReported] = []
    places: list[LocationRegistered] = []
    for file in files:
        found = made(tmp_path, "control-table", file, mapping=TABLE_TOML, claims=claims, held=places)
        claims += found.reported
        places += found.of(LocationRegistered)
    again = made(tmp_path, "control-table", *files, mapping=TABLE_TOML, claims=claims, held=places)
    assert sorted(claims, key=repr) == sorted(at_once.reported, key=repr)
    assert sorted(again.reported, key=repr) == sorted(at_once.reported, key=repr)


@pytest.mark.parametrize("name", ["Camp #3", "Camp ~3", "A|B | C", "مخيم", "N" * 250])
def test_a_place_is_found_again_whatever_its_name(tmp_path: Path, name: str) -> None:
    """Also where a homonym stands beside it, told apart by coordinates alone."""
    file = listing(FIRST, (name, "North", "", "D", "48.0", "35.0"), (name, "South", "", "D", "49.0", "35.0"))
    places = table(tmp_path, file).of(LocationRegistered)
    again = made(tmp_path, "control-table", file, mapping=TABLE_TOML, held=places)
    assert (len(places), again.of(LocationRegistered)) == (2, [])


def test_a_wide_table_has_a_column_for_each_snapshot(tmp_path: Path) -> None:
    """An empty cell is a place that is not listed then."""
    toml = TABLE_TOML.replace('status = "Held by"\nsnapshot = "Taken"\nas_of = "As of"', 'wide = "%Y-%m-%d"').replace(
        'qualifier = ["District"]\nlatitude = "Lat"\nlongitude = "Lon"\n', ""
    )
    wide = "Name,2022-03-01,2022-03-02,2022-03-03\nA,North,North,South\nB,,South,\n"
    found = made(tmp_path, "control-table", wide, mapping=toml)
    assert said(found) == [("a", "held", "north"), ("b", "held", "south"), ("a", "held", "south"), ("b", "other", "")]
    assert found.reported[0].occurred.precision == "day"


def test_places_may_be_named_by_a_code_that_is_registered(tmp_path: Path) -> None:
    """As VIINA does with GeoNames ids; what is not registered is refused by line."""
    town = LocationRegistered(location_id="gn-7", name="A", kind="town", codes={"geonames": "7"})
    content = "geonameid,date,status\n7,20220301,UA\n8,20220301,RU\n"
    viina = Path("services/timeline/importers/mappings/viina.toml").read_text("utf-8")
    found = made(tmp_path, "control-table", content, mapping=viina, held=[town])
    assert [one.location_id for one in found.reported] == ["gn-7"]
    assert found.refused == [(3, "incomplete-row")]


@pytest.mark.parametrize(
    ("file", "words"),
    [
        (listing(FIRST, ("A", "Truce"), ("B", "Truce")), ["'Truce' (2, first", ":2)", "[status]"]),
        (listing("yesterday", ("A", "North")), [":2:", "Taken", "'yesterday'"]),
        ("Name,Taken\nA,x\n", ["missing", "Held by", "District", "found Name, Taken"]),
    ],
)
def test_a_table_that_the_mapping_does_not_fit_is_refused_as_a_whole(
    tmp_path: Path, file: str, words: list[str]
) -> None:
    """Status words drift; what is not mapped is told with where it stands."""
    with pytest.raises(WrongFormat) as refused:
        table(tmp_path, listing(SECOND, ("A", "North")), file)
    assert all(word in str(refused.value) for word in words), refused.value
