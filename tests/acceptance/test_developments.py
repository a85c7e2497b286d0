"""Lists of developments and one with its trail, over REST: filters, pages that do not shift, what was said step by step."""

import json
import re
from collections.abc import Iterator, Sequence
from typing import Any
from urllib.parse import quote
from uuid import UUID

import httpx2
import pytest

from events.redaction import EventRedacted
from services.timeline import developments as lists
from services.timeline import story
from tests.acceptance.test_rest import Desk, Tree, _desk, about, assert_problem, place, reported, small_world, source

CLASH, MOVED, HELD = (UUID(int=number) for number in (11, 12, 13))
JUNE = {"start": "2024-06-01T00:00:00Z", "end": "2024-07-01T00:00:00Z", "precision": "month"}
INSTANT = {"start": "2024-07-01T00:00:00Z", "end": "2024-07-01T00:00:00Z", "precision": "exact"}


def world() -> list[Tree]:
    """The small world with a place in it, and four developments more, each different in what lists ask for."""
    party = [{"actor_id": "hts", "role": "party"}]
    return [
        *small_world(),
        place("hama-airport", parent_id="hama", kind="airport"),
        source("agency", reliability="A"),
        source("rumour", reliability="F"),
        reported(development_id=str(CLASH), kind="clash", location_id="hama-airport", occurred=JUNE,
                 participants=[], summary="Clashes near the aéroport.", tags=["Night", "air"]),
        reported({"chain": ["rumour"]}, development_id=str(MOVED), kind="movement", location_id="homs",
                 destination_id="hama", occurred=INSTANT, participants=party, summary="A convoy moves north."),
        reported({"chain": ["monitor", "agency"]}, development_id=str(HELD), kind="held", location_id="homs",
                 summary="The city of إدلب is held."),
        about("DevelopmentDenied", MOVED, report={"chain": ["agency"], "published_at": "2024-12-05T13:00:00Z"},
              reason="There was no column of vehicles."),
        about("DevelopmentAssessed", CLASH, reasoning="Geolocated by the water tower."),
    ]  # fmt: skip


@pytest.fixture(scope="module")
def told(postgres_18: str) -> Iterator[Desk]:
    """The world, served; for reading."""
    with _desk(postgres_18) as desk:
        desk.timeline.writer.append([json.dumps(one).encode() for one in world()], "desk", atomic=True)
        assert desk.get(f"/v1/status?min_position={desk.head()}").status_code == 200
        yield desk


def ids(answer: httpx2.Response) -> list[UUID]:
    assert answer.status_code == 200, answer.text
    return [UUID(one["development_id"]) for one in answer.json()["developments"]]


def test_a_development_is_listed_with_its_newest_state_whatever_its_kind(told: Desk) -> None:
    """A movement, that bears on no status, is denied and so disputed; both in its chains are named."""
    found = told.get("/v1/developments?kind=movement").json()

    assert found["known_position"] == found["begun_position"] == told.head()
    assert (found["view"], found["policy"], found["clock"], found["next"]) == (
        "current",
        "assessed/1",
        "recorded",
        None,
    )
    (one,) = found["developments"]
    assert one == {
        "development_id": str(MOVED),
        "position": 16,
        "kind": "movement",
        "location_id": "homs",
        "destination_id": "hama",
        "occurred": INSTANT,
        "published_at": "2024-12-05T12:00:00Z",
        "standing": "disputed",
        "rule": "denied",
        "sources": ["agency", "rumour"],
        "merged_into": None,
        "reports": 1,
        "denials": 1,
        "summary": "A convoy moves north.",
        "tags": [],
    }


@pytest.mark.parametrize(
    ("query", "wanted"),
    [
        ("location=homs", [HELD, MOVED]),
        ("location=hama-airport", [CLASH]),
        ("within=hama-airport", [CLASH]),
        ("within=homs", [HELD, MOVED]),
        ("within=sy&location=homs", [HELD, MOVED]),
        ("within=homs&location=hama", []),
        ("kind=clash&kind=movement", [MOVED, CLASH]),
        ("standing=disputed", [MOVED]),
        ("standing=disputed&standing=probable", [MOVED, CLASH]),
        ("source=agency", [HELD, MOVED]),
        ("source=rumour", [MOVED]),
        ("to=2024-07-01T00:00:00Z", [CLASH]),
        ("from=2024-06-30T23:59:59Z&to=2024-07-01T00:00:00Z", [CLASH]),
        ("from=2024-07-01T00:00:00Z&to=2024-08-01T00:00:00Z", [MOVED]),
        ("from=2024-07-01T00:00:00Z&to=2024-07-01T00:00:00Z", [MOVED]),
        ("from=2024-06-01T00:00:00Z&to=2024-06-01T00:00:00Z", [CLASH]),
        ("from=2024-05-01T00:00:00Z&to=2024-06-01T00:00:00Z", []),
        ("from=2024-07-01T00:00:00Z&location=homs", [HELD, MOVED]),
        ("text=CONVOY", [MOVED]),
        ("text=vehicles+no", [MOVED]),
        ("text=Aeroport", [CLASH]),
        ("text=water", [CLASH]),
        (f"text={quote('ادلب')}", [HELD]),
        ("text=convoy+tower", []),
        ("text=convoy&source=agency&standing=disputed&within=sy", [MOVED]),
        ("tag=night", [CLASH]),
        ("tag=nigh", []),
        ("text=summary", []),
    ],
)  # fmt: skip
def test_each_filter_keeps_what_it_names(told: Desk, query: str, wanted: Sequence[UUID]) -> None:
    """Newest first; several filters all have to hold, several values of one only one of them."""
    assert ids(told.get(f"/v1/developments?{query}")) == list(wanted)
    assert ids(told.get(f"/v1/developments?{query}&order=oldest")) == list(wanted)[::-1]


@pytest.mark.parametrize(
    ("query", "status", "words"),
    [
        ("kind=captures", 422, "one of captured"),
        ("standing=sure", 422, "one of confirmed"),
        ("from=2024-07-01T00:00:00Z&to=2024-06-01T00:00:00Z", 422, "swapped"),
        ("from=2024-07-01", 422, "offset"),
        ("cursor=nonsense", 422, "not a cursor"),
        ("cursor=%F0%9F%98%80", 422, "not a cursor"),
        (
            "cursor=WzEsIngiLDEwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAsMV0",
            422,
            "not a cursor",
        ),  # a position beyond what PostgreSQL counts
        ("limit=0", 422, "limit"),
        ("at=2024-07-01T00:00:00Z", 422, "no such parameter"),
        ("location=nowhere", 404, "nowhere"),
        ("within=nowhere", 404, "nowhere"),
        ("source=nobody", 404, "nobody"),
        ("view=nope", 404, "nope"),
    ],
)
def test_what_makes_no_sense_is_refused_in_words(told: Desk, query: str, status: int, words: str) -> None:
    """A filter that names nothing is no empty list."""
    assert words in json.dumps(assert_problem(told.get(f"/v1/developments?{query}"), status))


def linked(answer: httpx2.Response) -> str | None:
    """The address of the next page by its `Link`."""
    found = re.fullmatch(r'<([^>]+)>; rel="next"', answer.headers.get("Link", ""))
    return found[1] if found else None


@pytest.mark.parametrize("order", ["newest", "oldest"])
@pytest.mark.parametrize("narrowed", ["", "&text=city"])
def test_a_list_once_begun_does_not_shift_while_events_arrive(postgres_18: str, order: str, narrowed: str) -> None:
    """Each development that was there when the list began comes once, in order; none that came later."""
    with _desk(postgres_18) as desk:
        desk.timeline.writer.append([json.dumps(one).encode() for one in small_world()], "test")
        desk.timeline.writer.append([json.dumps(reported()).encode() for _ in range(20)], "test")
        whole = ids(desk.get(f"/v1/developments?order={order}&limit=1000&min_position={desk.head()}{narrowed}"))
        assert len(whole) == 23

        found, begun = [], desk.head()
        address: str | None = f"/v1/developments?order={order}&limit=4{narrowed}"
        while address is not None:
            answer = desk.get(address)
            found += ids(answer)
            assert answer.json()["begun_position"] == begun
            desk.post(reported())
            assert desk.get(f"/v1/status?min_position={desk.head()}").status_code == 200
            address = linked(answer)
            assert (address is None) == (answer.json()["next"] is None)

        assert found == whole
        assert len(ids(desk.get("/v1/developments?limit=1000"))) > len(whole)


def test_a_cursor_is_for_its_own_question(told: Desk) -> None:
    """With other filters, or in another view, it would skip what nobody has seen."""
    cursor = told.get("/v1/developments?limit=1&location=homs").json()["next"]

    assert ids(told.get(f"/v1/developments?limit=1&location=homs&cursor={cursor}")) == [MOVED]
    for other in ("location=hama", "location=homs&view=published", "location=homs&order=oldest"):
        assert_problem(told.get(f"/v1/developments?{other}&cursor={cursor}"), 422)


def test_a_search_of_text_says_where_to_go_on_when_it_has_looked_through_much(
    told: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A page may be empty though others follow; who goes on finds all."""
    monkeypatch.setattr(lists, "SCAN", 1)
    monkeypatch.setattr(lists, "_HELPING", 2)
    found, address, pages = [], "/v1/developments?text=aeroport", 0
    while address:
        answer = told.get(address)
        found += ids(answer)
        address, pages = linked(answer) or "", pages + 1

    assert found == [CLASH]
    assert pages == 4


def test_redacted_text_is_not_found_and_not_shown(postgres_18: str) -> None:
    """The development stays in the list with its standing."""
    with _desk(postgres_18) as desk:
        desk.timeline.writer.append([json.dumps(one).encode() for one in world()], "test")
        assert ids(desk.get(f"/v1/developments?text=convoy&min_position={desk.head()}")) == [MOVED]
        for one in desk.timeline.log.streams([MOVED], desk.head()):
            desk.timeline.writer.redact(
                EventRedacted(redacted_id=one.event_id, legal_basis="An order.", reason="Asked for."), "test"
            )

        assert ids(desk.get("/v1/developments?text=convoy")) == []
        (one,) = desk.get("/v1/developments?kind=movement").json()["developments"]
        assert (one["summary"], one["standing"]) == ("[redacted]", "disputed")
        assert [step["redacted"] for step in desk.get(f"/v1/developments/{MOVED}").json()["trail"]] == [True, True]


def test_a_list_that_did_not_change_is_not_sent_again(told: Desk) -> None:
    """By its entity tag."""
    first = told.get("/v1/developments")

    assert told.get("/v1/developments", **{"If-None-Match": first.headers["ETag"]}).status_code == 304
    assert first.headers["Timeline-Position"] == str(told.head())


def test_one_development_has_its_trail_with_the_standing_after_each_step(postgres_18: str) -> None:
    """Reported, denied, merged into, assessed, amended, retracted, voided: who recorded it, and what followed."""
    with _desk(postgres_18) as desk:
        write = desk.timeline.writer.append
        write([json.dumps(one).encode() for one in world()], "importer")
        write([json.dumps(about("DevelopmentMerged", HELD, into_id=str(MOVED), reason="one column")).encode()], "lena")
        write([json.dumps(about("DevelopmentAssessed", MOVED, credibility=1, reasoning="on film")).encode()], "omar")
        changes = {"location_id": "hama", "summary": "A convoy moved west.", "tags": ["road"]}
        write([json.dumps(about("DevelopmentAmended", MOVED, changes=changes)).encode()], "omar")
        write([json.dumps(about("DevelopmentVoided", MOVED)).encode()], "omar")
        found = desk.get(f"/v1/developments/{MOVED}?min_position={desk.head()}").json()

        steps = [(one["event"]["type"], one["recorded_by"], one["standing"], one["rule"]) for one in found["trail"]]
        assert steps == [
            ("DevelopmentReported", "importer", "unconfirmed", "reports"),
            ("DevelopmentDenied", "importer", "disputed", "denied"),
            ("DevelopmentReported", "importer", "disputed", "denied"),
            ("DevelopmentMerged", "lena", "disputed", "denied"),
            ("DevelopmentAssessed", "omar", "confirmed", "assessed"),
            ("DevelopmentAmended", "omar", "confirmed", "assessed"),
            ("DevelopmentVoided", "omar", "void", "void"),
        ]
        assert [one["position"] for one in found["trail"]] == [16, 18, 17, 20, 21, 22, 23]
        assert found["trail"][2]["known_at"] == found["trail"][3]["recorded_at"] == found["trail"][3]["known_at"]
        assert found["trail"][1]["event"]["reason"] == "There was no column of vehicles."
        assert found["trail"][4]["event"]["reasoning"] == "on film"
        assert found["merged"] == [
            {"development_id": str(HELD), "into_id": str(MOVED), "position": 20, "summary": "The city of إدلب is held."}
        ]
        said = found["development"]
        assert (said["location_id"], said["summary"], said["tags"]) == ("hama", "A convoy moved west.", ["road"])
        assert (said["standing"], said["sources"]) == ("void", ["agency", "monitor", "rumour"])
        assert found["participants"] == [{"actor_id": "hts", "role": "party"}]

        other = desk.get(f"/v1/developments/{HELD}").json()
        assert (other["development"]["standing"], other["development"]["merged_into"]) == ("merged", str(MOVED))


def test_a_development_as_it_was_known_earlier_tells_nothing_later(told: Desk) -> None:
    """Its trail ends there, and so do its counts; before it was recorded there is none."""
    then = told.get(f"/v1/developments/{MOVED}?known_position=16")
    found = then.json()

    assert [one["position"] for one in found["trail"]] == [16]
    assert (found["development"]["standing"], found["development"]["denials"]) == ("unconfirmed", 0)
    assert_problem(told.get(f"/v1/developments/{MOVED}?known_position=15"), 404)
    assert_problem(told.get(f"/v1/developments/{UUID(int=5)}"), 404)
    assert_problem(told.get("/v1/developments/five"), 422)
    view = next(one for one in told.get("/v1/views").json()["views"] if one["name"] == "current")
    for_ever = told.get(f"/v1/developments/{MOVED}?known_position=16&view={view['id']}")
    assert for_ever.headers["Cache-Control"] == then.headers["Cache-Control"] == "no-cache"  # its text may be redacted


def test_every_development_of_the_demo_is_listed_once_and_agrees_with_its_own_page(postgres_18: str) -> None:
    """In both views."""
    with _desk(postgres_18) as desk:
        desk.timeline.writer.append(story.lines(), "demo", atomic=True)
        begun = {json.loads(line)["development_id"] for line in story.lines() if b'"DevelopmentReported"' in line[:40]}
        for view in ("current", "published"):
            listed = desk.get(f"/v1/developments?limit=1000&view={view}&min_position={desk.head()}").json()
            rows: list[dict[str, Any]] = listed["developments"]
            assert {one["development_id"] for one in rows} == begun
            assert len(rows) == len(begun)
            for one in rows[::7]:
                whole = desk.get(f"/v1/developments/{one['development_id']}?view={view}").json()
                assert whole["development"] == one
                assert whole["trail"][-1]["standing"] == one["standing"]


def test_a_list_as_known_then_is_each_development_as_known_then(postgres_18: str) -> None:
    """On both clocks and at every step of a third of the log: what was not known is left out, and no correction leaks back."""
    with _desk(postgres_18) as desk:
        desk.timeline.writer.append(story.lines(), "desk", atomic=True)
        head = desk.head()
        assert desk.get(f"/v1/status?min_position={head}&view=published").status_code == 200
        every = desk.get("/v1/developments?limit=1000").json()["developments"]
        moments = [f"known_position={position}" for position in range(40, head, 60)]
        moments += [f"view=published&known_at=2024-12-{day:02}T12:00:00Z" for day in (1, 2, 3, 5, 8)]
        changed = 0
        for moment in moments:
            found = {
                one["development_id"]: one
                for one in desk.get(f"/v1/developments?limit=1000&{moment}").json()["developments"]
            }
            for now in every:
                alone = desk.get(f"/v1/developments/{now['development_id']}?{moment}")
                then = found.get(now["development_id"])
                assert (None if alone.status_code == 404 else alone.json()["development"]) == then
                changed += then is not None and then["standing"] != now["standing"]
        assert changed > 10


def test_a_list_as_known_then_goes_on_and_is_filtered_as_known_then(postgres_18: str) -> None:
    """Pages join to the whole; a standing, and words of text, are those of then; it does not say which is wanted twice."""
    with _desk(postgres_18) as desk:
        desk.timeline.writer.append(story.lines(), "desk", atomic=True)
        assert desk.get(f"/v1/status?min_position={desk.head()}&view=published").status_code == 200
        asked = "/v1/developments?view=published&known_at=2024-12-02T18:00:00Z"
        whole = desk.get(f"{asked}&limit=1000").json()["developments"]
        pages, cursor = [], ""
        while cursor is not None:
            page = desk.get(f"{asked}&limit=3{cursor and f'&cursor={quote(cursor)}'}").json()
            pages += page["developments"]
            cursor = page["next"]
        assert pages == whole
        unconfirmed = desk.get(f"{asked}&limit=1000&standing=unconfirmed").json()["developments"]
        assert unconfirmed == [one for one in whole if one["standing"] == "unconfirmed"] != []
        both = desk.get("/v1/developments?known_at=2024-12-02T18:00:00Z&known_position=3")
        assert_problem(both, 422)


def test_places_are_found_by_any_name_or_a_part_of_one(postgres_18: str) -> None:
    """In any script, without regard to case, accents and the forms of Arabic letters; pages are linked."""
    with _desk(postgres_18) as desk:
        named = {"names": {"ar": "إدلب", "tr": "İdlib"}, "codes": {"pcode": "SY07"}}
        desk.timeline.writer.append(
            [json.dumps(one).encode() for one in (*small_world(), place("sy-idlib", name="Idlib", **named))], "test"
        )
        desk.get(f"/v1/status?min_position={desk.head()}")

        def found(query: str) -> list[str]:
            return [one["location_id"] for one in desk.get(f"/v1/locations?{query}").json()["locations"]]

        for name in ("idlib", "IDLIB", "ادلب", "sy07", "sy-idlib", "Ìdlib"):
            assert found(f"name={quote(name)}") == ["sy-idlib"], name
        assert found("name=idl") == []
        assert found("q=idl") == found(f"q={quote('دلب')}") == ["sy-idlib"]
        assert found("q=h") == ["hama", "homs"]
        first = desk.get("/v1/locations?q=h&limit=1")
        following = linked(first)
        assert following is not None
        assert [one["location_id"] for one in desk.get(following).json()["locations"]] == ["homs"]
        assert linked(desk.get(following)) is None
