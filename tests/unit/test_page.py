"""The page before a browser sees it: the state in an address, sentences, the files beside it, and what is escaped."""

import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from services.timeline.api import security
from services.timeline.page import assets, shell, vendoring
from services.timeline.page.packing import packed, takes_gzip
from services.timeline.page.state import started, state
from services.timeline.page.telling import Said
from services.timeline.page.texts import Clock, age, filled, listed, sentences, texts
from services.timeline.wire import FacetStatus, PendingGroup

NOON = datetime(2024, 12, 2, 12, tzinfo=UTC)


def status(mode: str = "held", *holders: str, pending: tuple[PendingGroup, ...] = ()) -> FacetStatus:
    return FacetStatus(mode, holders, (), "credible", None, None, None, None, pending, ())


def claim(*holders: str, standing: str = "unconfirmed") -> PendingGroup:
    return PendingGroup("held", holders, (), standing, "", "", 1)


# The address


def test_an_address_is_read_whole() -> None:
    """Place, both times, the switch, the view and the position that pins it."""
    said = "place=sy-hama&at=2024-12-02T12:00:00Z&known=2024-12-03T12:00:00Z&follow=free&view=published&position=297"
    found = state(dict(part.split("=") for part in said.split("&")))

    assert (found.place, found.view, found.position) == ("sy-hama", "published", 297)
    assert (found.at, found.known_at) == (NOON, NOON + timedelta(days=1))
    assert found.wrong == ()


@pytest.mark.parametrize(("follow", "known"), [("then", NOON), ("today", None), ("free", NOON + timedelta(hours=1))])
def test_the_switch_makes_the_known_time_of_both(follow: str, known: datetime | None) -> None:
    """As seen then it is the moment itself, as known today there is none."""
    assert state({"at": "2024-12-02T12:00:00Z", "known": "2024-12-02T13:00:00Z", "follow": follow}).known_at == known


def test_what_is_wrong_in_an_address_is_told_and_left_out() -> None:
    """A mangled link still opens the page."""
    found = state({"at": "yesterday", "known": "2024-12-02", "follow": "me", "position": "-1", "place": "\x00"})

    assert (found.at, found.known, found.follow, found.position, found.place) == (None, None, "then", None, None)
    assert [one.split(":")[0] for one in found.wrong] == ["follow", "at", "known", "position"]


def test_a_plus_that_arrived_as_a_space_is_mended() -> None:
    """As everywhere else in the service."""
    assert state({"at": "2024-12-02T15:00:00 03:00"}).at == NOON


def test_the_start_link_holds_where_an_address_names_nothing() -> None:
    """Whole, or as what follows its question mark."""
    assert started("https://example.org/?place=a&view=b", {}) == {"place": "a", "view": "b"}
    assert started("place=a", {"place": "b"}) == {"place": "b"}
    assert started(None, {}) == {}


# Sentences


def test_a_sentence_says_what_is_accepted_and_what_is_claimed_beside_it() -> None:
    """In the order of the claims, each with its standing."""
    held = status("held", "saa", pending=(claim("hts"), claim("sna", standing="disputed")))

    first, also = sentences("Hama", held, str.upper)
    assert first == "Hama is held by SAA."
    assert also == "Also claimed: held by HTS (unconfirmed); held by SNA (disputed)."


def test_no_claim_and_nothing_accepted_are_two_sentences() -> None:
    """The reader can tell."""
    nothing = sentences("Hama", status("unknown"), str)
    pending = sentences("Hama", status("unknown", pending=(claim("hts"),)), str)
    assert nothing[0] != pending[0]
    assert nothing[1] == ""


@pytest.mark.parametrize("mode", ["held", "vacated", "contested", "besieged", "shared", "open", "closed"])
def test_every_mode_has_its_words(mode: str) -> None:
    """No blank stays unfilled."""
    first, _ = sentences("Hama", status(mode, "saa"), str)
    assert first.startswith("Hama is ")
    assert "{" not in first


def test_times_of_the_place_come_first_and_utc_beside() -> None:
    """With the date too where it is another there."""
    clock = Clock("Asia/Damascus")
    assert clock.tell(NOON + timedelta(hours=3)) == "2 Dec 2024, 18:00 Damascus (15:00 UTC)"
    assert clock.tell(NOON + timedelta(hours=10)) == "3 Dec 2024, 01:00 Damascus (2 Dec 2024, 22:00 UTC)"
    assert Clock(None).tell(NOON) == "2 Dec 2024, 12:00 UTC"


@pytest.mark.parametrize(("minutes", "words"), [(0, "no time"), (59, "59 min"), (150, "2 h"), (3 * 1440 + 5, "3 days")])
def test_an_age_is_told_roughly(minutes: int, words: str) -> None:
    """In the unit that a person would take."""
    assert age(timedelta(minutes=minutes)) == words


def test_lists_and_blanks() -> None:
    """A blank without a value stays as it is."""
    assert (listed([]), listed(["a"]), listed(["a", "b", "c"])) == ("nobody", "a", "a, b and c")
    assert filled("{a} of {b}", a=1) == "1 of {b}"


def test_every_text_is_used_by_a_script_or_by_the_server() -> None:
    """A text that nobody shows is removed."""
    scripts = "".join(
        file.read_text("utf-8")
        for path, file in assets.names().items()
        if path.startswith("app/") and path.endswith(".js")
    )
    servers = "".join(
        path.read_text("utf-8") for path in Path(shell.__file__).parent.iterdir() if path.name.endswith(".py")
    )
    by_value = {
        "standing",
        "modes",
        "kinds",
        "parts",
        "figure",
        "says",
        "when",
    }  # looked up by what the service answers
    unused = [
        f"{room}.{name}"
        for room, names in texts().items()
        if isinstance(names, dict) and room not in by_value
        for name in names
        if not re.search(rf"\b{name}\b", scripts + servers)
    ]
    assert unused == []


# The shell


def hostile(words: str) -> Said:
    return Said(words, words, words, words, (words,), None, NOON, (words,))


@pytest.mark.parametrize(
    "words", ["<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "</title><svg onload=alert(1)>"]
)
def test_what_somebody_said_stays_text(words: str) -> None:
    """In the title, the description, the sentence and the panel."""
    for html in (
        shell.page(hostile(words), {"start": words}),
        shell.embedded(hostile(words), {"start": words}, f"/?{words}"),
    ):
        assert words not in html.decode()
        assert html.decode().count("<script") == 1


def test_nothing_is_written_into_the_page_that_runs_or_styles() -> None:
    """The strict policy would refuse it."""
    html = shell.page(hostile("x"), {}).decode()

    assert not re.search(r"<style|\sstyle=|\son[a-z]+=|javascript:", html)
    assert re.findall(r"<script[^>]*></script>", html) == re.findall(r"<script.*?</script>", html, re.DOTALL)
    assert "unsafe" not in security.PAGE[security.POLICY]
    assert "http" not in security.PAGE[security.POLICY]


# The files


def test_the_vendored_files_are_those_that_are_listed() -> None:
    """Each with its sum; nothing beside them."""
    assert vendoring.differing() == []


def test_only_what_is_there_is_served() -> None:
    """Whatever an address says."""
    assert assets.asset("app/main.js") is not None
    for path in ("../state.py", "app/../../state.py", "/etc/passwd", "app", "", "app/nothing.js"):
        assert assets.asset(path) is None


def test_packed_is_the_same_for_the_same() -> None:
    """Without a time in it."""
    assert packed(b"timeline" * 100) == packed(b"timeline" * 100)


@pytest.mark.parametrize(
    ("said", "takes"),
    [("gzip, br", True), ("br;q=1, GZIP;q=0.5", True), ("gzip;q=0", False), ("br", False), ("", False)],
)
def test_who_takes_gzip(said: str, takes: bool) -> None:
    """As it is said."""
    assert takes_gzip(said) is takes


def test_the_basemap_keeps_land_and_the_borders_between_two() -> None:
    """Arcs that nobody needs are left out, and the others are renumbered."""
    square: dict[str, Any] = {
        "transform": {"scale": [1, 1], "translate": [0, 0]},
        "arcs": [[[9, 9]], [[0, 0], [1, 0]], [[1, 0], [0, 1]], [[5, 5]]],
        "objects": {
            "land": {"geometries": [{"type": "Polygon", "arcs": [[1, ~2]]}]},
            "countries": {
                "geometries": [{"type": "Polygon", "arcs": [[1, 2]]}, {"type": "MultiPolygon", "arcs": [[[~2]]]}]
            },
        },
    }
    found = json.loads(vendoring.basemap(square))

    assert found["land"] == [[[0, ~1]]]
    assert found["borders"] == [1]
    assert found["arcs"] == [[0, 0, 1, 0], [1, 0, 0, 1]]
