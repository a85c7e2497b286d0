"""Environment → Settings: defaults, what is set, and one line for what will not do."""

import os
from pathlib import Path

import pytest

from services.timeline.settings import PREFIX, Settings, UnusableSettings, settings


@pytest.fixture(autouse=True)
def _no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is set but what a test sets."""
    for name in os.environ:
        if name.upper().startswith(PREFIX):
            monkeypatch.delenv(name)


def test_without_anything_set_the_embedded_database_in_a_folder_of_the_user_is_meant() -> None:
    """And `info` on standard error."""
    found = settings()
    assert (found.database_url, found.log_level) == (None, "info")
    assert found.home.is_absolute()
    assert found.home.name == "timeline"


def test_what_is_set_is_taken(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Every setting by its name in capitals."""
    monkeypatch.setenv("TIMELINE_HOME", str(tmp_path))
    monkeypatch.setenv("TIMELINE_DATABASE_URL", "postgresql://somewhere/timeline")
    monkeypatch.setenv("TIMELINE_LOG_LEVEL", "debug")
    found = settings()
    assert (found.home, found.database_url, found.log_level) == (tmp_path, "postgresql://somewhere/timeline", "debug")


def test_others_variables_are_none_of_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only the prefix counts."""
    monkeypatch.setenv("HOME", "/elsewhere")
    monkeypatch.setenv("DATABASE_URL", "postgresql://elsewhere")
    monkeypatch.setenv("MY_TIMELINE_HOME", "/elsewhere")
    assert settings().database_url is None


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("TIMELINE_HOEM", "did you mean TIMELINE_HOME?"),
        ("TIMELINE_DATABASE", "did you mean TIMELINE_DATABASE_URL?"),
        ("TIMELINE_LOGLEVEL", "did you mean TIMELINE_LOG_LEVEL?"),
        ("TIMELINE_XYZZY", "TIMELINE_"),
        ("TIMELINE_", "TIMELINE_"),
    ],
)
def test_an_unknown_setting_is_refused_with_the_nearest_known_one(
    monkeypatch: pytest.MonkeyPatch, name: str, words: str
) -> None:
    """A misspelt one would be silently without effect."""
    monkeypatch.setenv(name, "x")
    with pytest.raises(UnusableSettings, match=f"^{name}: unknown setting") as refused:
        settings()
    assert words in str(refused.value)
    assert "\n" not in str(refused.value)


def test_an_unusable_value_is_told_by_the_name_of_its_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    """In one line, with what would do."""
    monkeypatch.setenv("TIMELINE_LOG_LEVEL", "loud")
    with pytest.raises(UnusableSettings, match=r"^TIMELINE_LOG_LEVEL: .*'debug'.*'error'$"):
        settings()


def test_settings_do_not_change_once_they_are_read() -> None:
    """They are read at the door."""
    with pytest.raises(ValueError, match="frozen"):
        Settings().log_level = "debug"
