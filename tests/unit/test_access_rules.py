"""Roles and rights as tables: each role by what it may, and nothing that nobody may."""

import pytest

from events.problems import UnusableEvent
from events.reference import SourceReliabilityAssessed
from events.shape import EVENT_TYPES
from services.timeline import access
from services.timeline.access import RIGHTS, ROLES, Principal, Role


def of(*roles: Role) -> Principal:
    return Principal("key:somebody", frozenset(roles))


def test_every_right_is_somebodys_and_an_admin_has_them_all() -> None:
    """A right that no role had would close what takes it."""
    assert all(access.with_right(right) for right in RIGHTS)
    assert all(of("admin").has(right) for right in RIGHTS)
    assert access.LOCAL.roles == set(ROLES)


def test_every_type_of_event_has_its_right() -> None:
    """A new type is for admins until somebody decides."""
    assert set(access.RECORDING) == set(EVENT_TYPES)


def test_an_analyst_may_what_a_reporter_may_and_a_reporter_what_a_reader_may() -> None:
    """An auditor reads too, and records nothing."""
    assert access.RIGHTS_OF["reader"] < access.RIGHTS_OF["reporter"] < access.RIGHTS_OF["analyst"]
    assert access.RIGHTS_OF["reader"] < access.RIGHTS_OF["auditor"]
    assert not any(access.may_record(of("auditor", "reader"), name) for name in EVENT_TYPES)


def test_a_principal_without_roles_may_what_is_open_and_no_more() -> None:
    """A token may name roles that are none of ours."""
    assert [route for route in access.USING if access.may_use(of(), route)] == [
        route for route, right in access.USING.items() if right is None
    ]


def test_roles_add_up() -> None:
    """Whoever has two may what either may."""
    both = of("reporter", "auditor")
    assert [right for right in RIGHTS if both.has(right)] == ["read", "report", "audit"]


def test_what_is_not_allowed_says_which_role_would_do() -> None:
    """And which the principal has."""
    verdict = SourceReliabilityAssessed(source_id="s", reliability="A", reason="because")
    access.recording(of("analyst"))(verdict)
    with pytest.raises(UnusableEvent, match="takes the role analyst or admin; key:somebody has reporter") as refused:
        access.recording(of("reporter"))(verdict)
    assert isinstance(refused.value, access.NotAllowed)


def test_of_words_only_roles_are_taken() -> None:
    """Whatever else an issuer lists."""
    assert access.known_roles(["admin ", "Analyst", "reader", "offline_access", ""]) == {"reader"}
    assert access.listed(access.known_roles([])) == "no role"


def test_what_was_recorded_through_a_tool_is_ones_own_and_nobody_elses() -> None:
    """Tools run as `local`; the name of another may hold any words, so nothing is taken off it."""
    imported = access.via(access.LOCAL, "ucdp-ged/1")
    assert imported == "local via ucdp-ged/1"
    unprivileged = Principal("local", frozenset({"reader"}))
    assert access.recorder_shown(unprivileged, imported) == imported
    assert access.recorder_shown(unprivileged, "key:local via ucdp-ged/1") is None
    assert access.recorder_shown(of("reader"), imported) is None
    assert access.recorder_shown(Principal("oidc:a", frozenset({"reader"})), "oidc:a via ucdp-ged/1") is None
