"""The demo's story against what was written down by hand before the fold; and its data against the article's items."""

import json
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from datetime import datetime
from importlib.resources import files
from pathlib import Path

import pytest

from services.timeline import narration, story, wire
from services.timeline.composition import Timeline, opened
from services.timeline.settings import Settings
from tests.acceptance.expected_statuses import EXPECTED, Expected
from tests.acceptance.test_cli import COMMAND, environment
from tests.conftest import fresh_database


@pytest.fixture(scope="module")
def told(postgres_18: str) -> Iterator[Timeline]:
    """The demo, loaded into a database."""
    with fresh_database(postgres_18) as database, opened(Settings(database_url=database)) as timeline:
        story.load(timeline)
        yield timeline


@pytest.mark.parametrize("expected", EXPECTED, ids=lambda row: f"{row.place} {row.at} {row.known_at} {row.facet}")
def test_the_story_answers_as_was_written_down_by_hand(told: Timeline, expected: Expected) -> None:
    """One row of the table, with its reason."""
    with told.reader.asking("published", at=_moment(expected.at), known_at=_moment(expected.known_at)) as asked:
        answer = wire.location_status(asked, expected.place, told.reader.status(asked, expected.place))
    status = getattr(answer, expected.facet)

    assert status.mode == expected.mode, expected.reason
    assert (status.holders, status.challengers) == (expected.holders, expected.challengers), expected.reason
    assert status.standing == expected.standing, expected.reason
    pending = tuple((group.mode, group.holders, group.standing) for group in status.pending)
    assert pending == tuple(expected.pending), expected.reason


def test_the_table_is_long_enough_and_much_of_it_differs_in_known_at_alone() -> None:
    """Thirty rows, ten of them about what was known rather than what was."""
    questions = {(row.place, row.at, row.facet) for row in EXPECTED}

    assert len(EXPECTED) >= 30
    assert len(EXPECTED) - len(questions) >= 10
    assert all(row.reason for row in EXPECTED)


def test_loading_the_demo_twice_changes_nothing(told: Timeline) -> None:
    """Every event carries its id."""
    before = told.log.head()
    story.load(told)

    assert told.log.head() == before


@pytest.mark.parametrize("tag", [
    "false-fall", "refuted-fall", "withdrawal-denied", "units-remain-north", "units-remain-east", "reinforcement-hama",
    "advance-repelled-sana", "areas-retaken-near-hama", "morek-strikes", "idlib-strikes", "convoy", "joint-strikes",
    "former-name", "aleppo-parts", "displaced-two-million", "abu-al-duhur-repelled", "airbase-footage",
    "aleppo-airport-redeployment", "boundary-areas-retaken", "salma-advance-stopped", "killed-300", "casualties-1000",
    "offensive-start", "pledge", "talks-iraq", "talks-emirates", "iraq-border-closed", "iraq-border-reinforced",
    "hama-entry-denied", "hama-admission", "hama-captured", "baseline",
])  # fmt: skip
def test_every_development_of_the_article_is_found_by_its_tag(tag: str) -> None:
    """What the project began with is in the demo."""
    assert tag in {tag for event in map(json.loads, story.lines()) for tag in event.get("tags", ())}


def test_no_summary_takes_sides() -> None:
    """Neutral words only."""
    loaded = ("terror", "regime", "liberat", "rebel", "martyr", "takfiri", "invade", "crush")
    for event in map(json.loads, story.lines()):
        assert not [word for word in loaded if word in event.get("summary", "").lower()], event["summary"]


def test_the_six_moments_are_rows_of_the_table_and_explained_in_words(told: Timeline) -> None:
    """What the demo prints was written down by hand too."""
    rows = {(row.place, _moment(row.at), _moment(row.known_at)) for row in EXPECTED}
    moments = story.moments()

    assert len(moments) == 6
    for moment in moments:
        assert (moment.place, moment.at, moment.known_at) in rows
        with told.reader.asking(moment.view, at=moment.at, known_at=moment.known_at) as asked:
            explanation = narration.explained(told.reader, asked, moment.place)
        assert explanation.sentence
        assert all(claim.words for claim in explanation.claims)


def test_the_demo_says_what_it_is() -> None:
    """A demonstration, with a page that says so."""
    assert "demonstration" in files("services.timeline").joinpath("demo/README.md").read_text("utf-8")


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_a_demo_that_is_ended_takes_its_postgresql_with_it(how: signal.Signals) -> None:
    """By the keyboard, or by whoever stops services."""
    home = Path(tempfile.mkdtemp(prefix="timeline-demo-"))
    home.chmod(0o711)  # run by root, the server drops to a user who has to walk there
    told = environment("", {"TIMELINE_HOME": str(home)})
    del told["TIMELINE_DATABASE_URL"]
    try:
        with subprocess.Popen(
            [COMMAND, "demo", "--port", "0"], env=told, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        ) as demo:
            assert demo.stdout is not None
            assert any(b"openapi.json" in line for line in demo.stdout)
            assert list(home.rglob("postmaster.pid"))
            demo.send_signal(how)
            demo.communicate(timeout=60)
        assert not list(home.rglob("postmaster.pid"))
    finally:
        shutil.rmtree(home, ignore_errors=True)
