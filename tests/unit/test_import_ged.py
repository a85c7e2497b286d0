"""UCDP GED: fatal events with three figures, precisions, and the articles that told of them."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from events.developments import DevelopmentCorroborated
from events.reference import ActorRegistered, LocationRegistered, SourceRegistered
from services.timeline.importers.made import WrongFormat
from tests.foreign import ged, made


def day(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def test_a_row_is_an_event_without_a_claim(tmp_path: Path) -> None:
    """Who fought, where below what, when as a half-open day, and how many died, in all and by side."""
    found = made(tmp_path, "ucdp-ged", ged({}))
    [said] = found.reported
    assert (said.kind, said.occurred.precision) == ("clash", "day")
    assert (said.occurred.start, said.occurred.end) == (day("2016-05-02"), day("2016-05-03"))
    assert [(one.actor_id, one.role) for one in said.participants] == [("ucdp-118", "party"), ("ucdp-234", "party")]
    figures = [(one.group, one.low, one.best, one.high, one.relation) for one in said.figures]
    assert figures == [
        (None, 3, 3, 4, "range"),
        ("ucdp-118", None, 1, None, "about"),
        ("ucdp-234", None, 2, None, "about"),
    ]
    assert said.tags == ("clarity-1", "where-prec-1", "date-prec-1")
    assert [one.kind for one in found.of(ActorRegistered)] == ["government", "non_state_armed_group"]
    above = [(one.name, one.kind, one.parent_id) for one in found.of(LocationRegistered)]
    assert above == [
        ("Testland", "country", None),
        ("East Governorate", "governorate", "the-source.testland"),
        ("Mill district", "district", "the-source.east-governorate"),
        ("Milltown village", "village", "the-source.mill-district"),
    ]
    assert found.flags == {}


def test_the_same_row_has_the_same_ids_wherever_it_stands(tmp_path: Path) -> None:
    """Alone or among others, in any order."""
    one, two = {"id": "1"}, {"id": "2", "where_coordinates": "Elsewhere town"}
    alone = {event.event_id for event in made(tmp_path, "ucdp-ged", ged(one)).reported}
    ids = [
        {event.event_id for event in made(tmp_path, "ucdp-ged", ged(*rows)).events} for rows in ((one, two), (two, one))
    ]
    assert ids[0] == ids[1]
    assert alone < ids[0]


@pytest.mark.parametrize(
    ("code", "precision"), [("1", "day"), ("2", "week"), ("3", "week"), ("4", "month"), ("5", "year")]
)
def test_the_precision_of_dates_is_kept(tmp_path: Path, code: str, precision: str) -> None:
    """The end date belongs to the period: it becomes the begin of the day after."""
    [said] = made(tmp_path, "ucdp-ged", ged({"date_prec": code, "date_end": "2016-05-04"})).reported
    assert (said.occurred.precision, said.occurred.end) == (precision, day("2016-05-05"))


def test_within_25_km_of_a_place_is_not_at_the_place(tmp_path: Path) -> None:
    """where_prec 2 is an area around it; a district or province named itself is that district or province."""
    found = made(
        tmp_path, "ucdp-ged",
        ged({}, {"where_prec": "2"}, {"where_prec": "3", "where_coordinates": "Mill district"},
            {"where_prec": "4", "where_coordinates": "East Governorate", "adm_2": ""}),
    )  # fmt: skip
    assert [one.location_id for one in found.reported] == [
        "the-source.milltown-village", "the-source.around-milltown-village", "the-source.mill-district",
        "the-source.east-governorate",
    ]  # fmt: skip
    assert found.of(LocationRegistered)[-1].kind == "area"


def test_each_article_is_a_report_and_the_earliest_comes_first(tmp_path: Path) -> None:
    """Carried by the data set and the outlet; the original source is the origin where one is named."""
    row = {"source_office": "Paper;Radio One", "source_date": "2016-05-05;2016-05-03", "source_original": "Observatory"}
    found = made(tmp_path, "ucdp-ged", ged(row))
    [first], [second] = found.reported, found.of(DevelopmentCorroborated)
    assert first.report.chain == ("the-source", "radio-one", "observatory")
    assert first.report.published_at == datetime(2016, 5, 3, 23, 59, 59, tzinfo=UTC)
    assert second.report.chain == ("the-source", "paper", "observatory")
    assert {one.reliability for one in found.of(SourceRegistered)} == {"F"}
    assert found.flags == {"several-values": 2}


def test_of_several_original_sources_none_is_said_to_be_the_origin(tmp_path: Path) -> None:
    """Which of them an article quotes is not said, so they stand as written."""
    [said] = made(tmp_path, "ucdp-ged", ged({"source_original": "Observatory, a witness"})).reported
    assert (said.report.chain, said.report.unnamed_end) == (("the-source", "radio-one"), "Observatory, a witness")


def test_an_original_source_that_is_registered_is_that_source(tmp_path: Path) -> None:
    """By its name, in any case: an agency that two data sets quote is one origin."""
    held = SourceRegistered(source_id="obs", name="The Observatory", kind="ngo", reliability="B")
    found = made(tmp_path, "ucdp-ged", ged({"source_original": "the observatory\n"}), held=[held])
    assert found.reported[0].report.origin == "obs"
    assert "obs" not in [one.source_id for one in found.of(SourceRegistered)]


@pytest.mark.parametrize(
    ("row", "flag"),
    [
        ({"source_date": "1753-01-01"}, "date-out-of-range"),
        ({"source_date": "2919-03-01"}, "date-out-of-range"),
        ({"source_date": "spring"}, "date-unreadable"),
        ({"source_date": ""}, "published-unknown"),
        ({"source_date": "2016-04-30"}, "published-before-event"),
        ({"low": "5", "best": "3"}, "figures-out-of-order"),
        ({"deaths_a": "0"}, "figures-do-not-add-up"),
        ({"high": "many"}, "figure-unreadable"),
        ({"latitude": "350"}, "coordinates-unusable"),
        ({"side_a": "GouvernÃ© of Testland"}, "doubly-encoded"),
    ],
)
def test_dirt_is_kept_and_flagged(tmp_path: Path, row: dict[str, str], flag: str) -> None:
    """The row is taken; a source's impossible date becomes the last moment of the event."""
    found = made(tmp_path, "ucdp-ged", ged(row))
    [said] = found.reported
    assert found.flags[flag] == 1
    if row.get("source_date", "2016")[:4] != "2016":
        assert said.report.published_at == datetime(2016, 5, 2, 23, 59, 59, tzinfo=UTC)


@pytest.mark.parametrize(
    ("row", "flag"),
    [
        ({"date_start": "1753-01-01"}, "date-out-of-range"),
        ({"date_end": "2919-01-01"}, "date-out-of-range"),
        ({"date_start": "?"}, "date-unreadable"),
        ({"date_end": "2016-04-01"}, "incomplete-row"),
        ({"id": "x"}, "incomplete-row"),
        ({"type_of_violence": "7"}, "incomplete-row"),
    ],
)
def test_a_row_that_cannot_be_an_event_is_refused_by_line(tmp_path: Path, row: dict[str, str], flag: str) -> None:
    """And the others stand."""
    found = made(tmp_path, "ucdp-ged", ged({}, row, {}))
    assert found.refused == [(3, flag)]
    assert len(found.reported) == 2


def test_homonyms_are_told_apart_and_a_place_that_moved_is_one_place(tmp_path: Path) -> None:
    """The district tells homonyms apart; the same place with other coordinates keeps its first ones."""
    found = made(tmp_path, "ucdp-ged", ged({}, {"adm_2": "Other district"}, {"latitude": "35.2"}))
    ids = [one.location_id for one in found.reported]
    assert ids == [
        "the-source.milltown-village",
        "the-source.milltown-village-other-district",
        "the-source.milltown-village",
    ]
    assert (found.flags["homonym"], found.flags["moved-coordinates"]) == (1, 1)


def test_an_actor_under_another_name_is_the_same_actor(tmp_path: Path) -> None:
    """UCDP's number decides; the name is flagged."""
    found = made(tmp_path, "ucdp-ged", ged({}, {"side_b": "Northern Army"}))
    assert len(found.of(ActorRegistered)) == 2
    assert found.flags == {"actor-relabelled": 1}


def test_one_sided_violence_has_an_initiator_and_a_target(tmp_path: Path) -> None:
    """Civilians are an actor of their own."""
    [said] = made(
        tmp_path, "ucdp-ged", ged({"type_of_violence": "3", "side_b": "Civilians", "side_b_new_id": "9999"})
    ).reported
    assert (said.kind, [one.role for one in said.participants]) == ("attack_on_civilians", ["initiator", "target"])


def test_a_ragged_row_is_refused_by_line(tmp_path: Path) -> None:
    """A cell too few, whatever the cells say."""
    assert made(tmp_path, "ucdp-ged", ged({}) + "1,2,3\n").refused == [(3, "ragged-row")]


def test_a_quote_that_was_never_closed_refuses_what_it_swallows(tmp_path: Path) -> None:
    """The rows before it stand."""
    swallowed = ged({}, {}) + '1,"' + "x" * 1_000_001
    assert made(tmp_path, "ucdp-ged", swallowed).refused == [(4, "ragged-row")]
    with pytest.raises(WrongFormat, match="no line of a table"):
        made(tmp_path, "ucdp-ged", '"' + "x" * 1_000_001)


def test_lines_are_counted_also_where_cells_hold_line_ends(tmp_path: Path) -> None:
    """A row is told by the line that it begins on."""
    found = made(tmp_path, "ucdp-ged", ged({"source_headline": "one\ntwo\nthree"}, {"id": "x"}))
    assert found.refused == [(5, "incomplete-row")]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", ["empty"]),
        (b" \n\n", ["empty"]),
        (
            b"id,name\n1,2\n",
            ["expected the columns of a UCDP GED event file", "missing type_of_violence", "found id, name"],
        ),
        (ged({}).encode("utf-16")[2:], ["zero bytes"]),
        (ged({"side_a": "Gouvernement é"}).encode("cp1252"), ["not utf-8", "--encoding"]),
        (b"id,id\n1,2\n", ["'id' stands twice"]),
        (b"\x1f\x8bnot really gzip", ["cannot be read"]),
    ],
)
def test_a_wrong_file_is_refused_as_a_whole(tmp_path: Path, content: bytes, words: list[str]) -> None:
    """Before anything is made of it, in one line that says what was expected and what was found."""
    with pytest.raises(WrongFormat) as refused:
        made(tmp_path, "ucdp-ged", content)
    assert all(word in str(refused.value) for word in words), refused.value
    assert "\n" not in str(refused.value)


def test_a_mark_of_byte_order_and_other_encodings_are_read(tmp_path: Path) -> None:
    """UTF-8 and UTF-16 by their marks, others where they are named."""
    text = ged({"side_a": "Gouvernement é"})
    events = made(tmp_path, "ucdp-ged", text).events
    assert made(tmp_path, "ucdp-ged", text.encode("utf-8-sig")).events == events
    assert made(tmp_path, "ucdp-ged", text.encode("utf-16")).events == events
    assert made(tmp_path, "ucdp-ged", text.encode("cp1252"), encoding="cp1252").events == events


def test_a_mapping_may_name_places_and_actors_that_are_registered(tmp_path: Path) -> None:
    """So that an archive joins what a desk holds already."""
    held = LocationRegistered(location_id="our-mill", name="The mill", kind="village")
    mapping = '[places]\n"Milltown village" = "our-mill"\n[same_actors]\n"118" = "gov"\n'
    found = made(tmp_path, "ucdp-ged", ged({}), mapping=mapping,
                 held=[held, ActorRegistered(actor_id="gov", name="Our government", kind="government")])  # fmt: skip
    [said] = found.reported
    assert (said.location_id, said.participants[0].actor_id) == ("our-mill", "gov")
    assert found.flags == {}
