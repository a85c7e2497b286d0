"""The page over HTTP: who is told what, under which policy; its files; and the columns that it draws from."""

import gzip
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import pytest

from services.timeline import keys
from services.timeline.api import security
from services.timeline.page import assets
from tests.browser import Served
from tests.columns import decoded

Tree = dict[str, Any]

BEGIN = datetime(2024, 11, 26, tzinfo=UTC)


def test_the_page_has_its_sentence_before_any_script_runs(demo: Served) -> None:
    """And its reasons, its title and its link preview, for the state that the start link names."""
    html = demo[0].get("/").text

    assert "2 Dec 2024, 18:00 Damascus (15:00 UTC), as published by then:" in html
    assert "<strong>Hama is held by Syrian Arab Army.</strong>" in html
    assert "Also claimed: held by Hay&#x27;at Tahrir al-Sham (unconfirmed)." in html
    assert (
        "<title>Hama is held by Syrian Arab Army. 2 Dec 2024, 18:00 Damascus (15:00 UTC), as published by then. Timeline</title>"
        in html
    )
    assert "Corroborated: 2 origins report it" in html


def test_a_link_is_told_for_its_own_times(demo: Served) -> None:
    """A day later the claim is refuted, about the same moment."""
    later = "/?place=sy-hama&at=2024-12-02T12:00:00Z&known=2024-12-03T12:00:00Z&follow=free&view=published"
    html = demo[0].get(later).text

    assert "as published by 3 Dec 2024, 15:00 Damascus (12:00 UTC)" in html
    assert "Also claimed" not in html


@pytest.mark.parametrize(
    "query", ["place=nowhere", "view=nobody", "at=never", "position=99999999", "utm_source=x&place=sy"]
)
def test_an_odd_link_still_opens_the_page(demo: Served, query: str) -> None:
    """It says what it could not make out."""
    answer = demo[0].get(f"/?{query}")
    assert answer.status_code == 200
    assert answer.text.count("<h1") == 1


def test_the_page_and_its_files_are_under_a_strict_policy(demo: Served) -> None:
    """Nobody's frame, nobody's script, no guessing of types."""
    for path in ("/", f"/page/{assets.release()}/app/main.js"):
        answer = demo[0].get(path)
        assert answer.headers["Content-Security-Policy"] == security.PAGE[security.POLICY]
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert demo[0].get("/").headers["X-Frame-Options"] == "DENY"


def test_files_are_kept_for_ever_under_their_release_alone(demo: Served) -> None:
    """Packed, tagged; 304 for who has them; 404 for what is none."""
    path = f"/page/{assets.release()}/app/main.js"
    answer = demo[0].get(path, headers={"Accept-Encoding": "gzip"})

    assert "immutable" in answer.headers["Cache-Control"]
    assert answer.headers["Content-Encoding"] == "gzip"
    assert answer.headers["Content-Type"].startswith("text/javascript")
    assert demo[0].get(path, headers={"If-None-Match": answer.headers["ETag"]}).status_code == 304
    assert demo[0].get("/page/000000000000/app/main.js").headers["Cache-Control"] == "no-cache"
    assert demo[0].get(f"/page/{assets.release()}/app/nothing.js").status_code == 404
    assert demo[0].get(f"/page/{assets.release()}/..%2Fstate.py").status_code == 404


def test_what_is_sent_before_the_data_is_under_a_megabyte_and_a_half(demo: Served) -> None:
    """All files of the page together, packed."""
    held = [assets.asset(name) for name in assets.names() if not name.endswith(".txt")]
    total = sum(len(one.gzipped) for one in held if one is not None)
    assert total < 1_500_000


def test_without_credentials_the_page_says_nothing_of_the_log(own_demo: Served) -> None:
    """It opens, and asks for a key."""
    client, timeline = own_demo
    with timeline.log.pool.connection() as connection:
        secret, _ = keys.add(connection, "desk", ["reader"], None)
    timeline.keys.refresh(within=0)

    told = client.get("/")
    assert (told.status_code, "held by" in told.text) == (200, False)
    assert "held by" in client.get("/", headers={"Authorization": f"Bearer {secret}"}).text
    assert client.get("/v1/map/places").status_code == 401


# Columns


def brief(one: Tree) -> list[Any]:
    """An answer of `/v1/status` as the columns have it."""
    pending = [[each[name] for name in ("mode", "holders", "challengers", "standing")] for each in one["pending"]]
    return [one["mode"], one["holders"], one["challengers"], one["standing"], pending]


NOBODY: list[Any] = ["unknown", [], [], None, []]


@pytest.mark.parametrize("view", ["published", "current"])
def test_the_columns_answer_as_the_service_does_at_any_moment(demo: Served, view: str) -> None:
    """Both facets of every place at random moments of both axes."""
    client, random = demo[0], Random(6)
    places = client.get("/v1/map/places", params={"view": view}).json()
    columns = decoded(client.get("/v1/map/beliefs", params={"view": view}).content)

    for _ in range(25):
        at, known = (BEGIN + timedelta(minutes=random.randrange(15 * 1440)) for _ in range(2))
        if view == "current":  # the log was recorded just now
            known = datetime.now(UTC) - timedelta(seconds=random.choice([0, 0, 86_400]))
        moment = {"at": at.isoformat(), "known_at": known.isoformat(), "view": view}
        told = client.get("/v1/status", params=moment).json()
        if view == "current" and told["known_position"] < columns.header["known_position"]:
            continue
        by_id = {one["location_id"]: one for one in told["locations"]}
        for facet in ("control", "access"):
            found = columns.answers(facet, at, known)
            for place, number in zip(places["ids"], found, strict=True):
                expected = brief(by_id[place][facet]) if by_id[place][facet] else NOBODY
                assert (columns.header["answers"][number] if number is not None else NOBODY) == expected, (
                    place,
                    at,
                    known,
                )


def test_columns_of_a_position_are_kept_for_ever_and_those_of_today_are_asked_again(demo: Served) -> None:
    """Named by the view's id and a position, they are the same for ever."""
    client = demo[0]
    today = client.get("/v1/map/beliefs?view=published")
    header = decoded(today.content).header

    assert today.headers["Cache-Control"] == "no-cache"
    pinned = client.get(f"/v1/map/beliefs?view={header['view_id']}&position={header['known_position']}")
    assert "immutable" in pinned.headers["Cache-Control"]
    again = client.get("/v1/map/beliefs?view=published", headers={"If-None-Match": today.headers["ETag"]})
    assert again.status_code == 304


def test_columns_come_packed_or_plain(demo: Served) -> None:
    """As they are asked for; the same bytes."""
    client = demo[0]
    plain = client.get("/v1/map/beliefs", headers={"Accept-Encoding": "identity"})
    with client.stream("GET", "/v1/map/beliefs", headers={"Accept-Encoding": "gzip"}) as answer:
        raw = b"".join(answer.iter_raw())

    assert "Content-Encoding" not in plain.headers
    assert gzip.decompress(raw) == plain.content


def test_places_are_told_column_by_column(demo: Served) -> None:
    """In the order of the columns; actors in the order of their registration."""
    places = demo[0].get("/v1/map/places?view=published").json()

    assert places["ids"] == sorted(places["ids"])
    hama = places["ids"].index("sy-hama")
    assert (places["names"][hama], places["lon"][hama], places["lat"][hama]) == ("Hama", 36.7578, 35.1318)
    assert places["other_names"][str(hama)] == ["حماة"]
    assert places["shapes"][str(places["ids"].index("sy-m5"))]["type"] == "LineString"
    assert [one["id"] for one in places["actors"][:3]] == ["saa", "syria-government", "hts"]
