"""Whose budget a request is taken from, and who is behind a proxy."""

import pytest

from services.timeline.access import LOCAL, NOBODY, PUBLIC, USING, Principal
from services.timeline.budgets import Budgets, budget_of, neighbourhood, spender
from services.timeline.proxies import asker_behind, networks
from services.timeline.settings import Settings

READER = Principal("key:reader", frozenset({"reader"}))
OURS = networks(["10.0.0.0/8", "127.0.0.1", "fd00::/8"])


@pytest.mark.parametrize(
    ("peer", "forwarded", "found"),
    [
        ("10.0.0.1", [], "10.0.0.1"),
        ("10.0.0.1", ["203.0.113.7"], "203.0.113.7"),
        ("10.0.0.1", ["198.51.100.1, 203.0.113.7"], "203.0.113.7"),  # the first was written by whoever asks
        ("10.0.0.1", ["198.51.100.1, 203.0.113.7, 10.9.9.9"], "203.0.113.7"),
        ("10.0.0.1", ["198.51.100.1", "203.0.113.7"], "203.0.113.7"),  # two headers are one list
        ("203.0.113.7", ["198.51.100.1"], "203.0.113.7"),  # no proxy of ours
        ("10.0.0.1", ["203.0.113.7:4711"], "203.0.113.7"),
        ("10.0.0.1", ["[2001:db8::1]:4711"], "2001:db8::1"),
        ("10.0.0.1", ["::ffff:203.0.113.7"], "203.0.113.7"),
        ("10.0.0.1", ["203.0.113.7, nonsense"], "10.0.0.1"),
        ("", ["203.0.113.7"], ""),
        ("10.0.0.1", ["10.0.0.2, 10.0.0.3"], "10.0.0.2"),
    ],
)
def test_a_forwarded_address_is_believed_as_far_as_proxies_of_ours_wrote_it(
    peer: str, forwarded: list[str], found: str
) -> None:
    """From the right, up to the first stranger."""
    assert asker_behind(peer, forwarded, OURS) == found
    assert asker_behind(peer, forwarded, ()) == peer


def test_whoever_has_one_address_of_ipv6_has_all_of_its_network() -> None:
    """So they are counted as one; of IPv4 each by itself."""
    assert neighbourhood("2001:db8:1:2:3::4") == neighbourhood("2001:db8:1:2::9") == "address:2001:db8:1:2::"
    assert neighbourhood("::ffff:203.0.113.7") == neighbourhood("203.0.113.7") == "address:203.0.113.7"
    assert neighbourhood("fe80::1%eth0") == "address:fe80::"
    assert neighbourhood("") == "address:unknown"


def test_a_principal_is_counted_by_name_others_by_address_and_local_not_at_all() -> None:
    """Two keys behind one proxy do not share a budget."""
    assert spender(READER, "203.0.113.7") == "key:reader"
    assert spender(NOBODY, "203.0.113.7") == spender(PUBLIC, "203.0.113.7") == "address:203.0.113.7"
    assert spender(LOCAL, "127.0.0.1") is None


def test_every_route_spends_from_a_budget_and_the_costly_ones_from_their_own() -> None:
    """Those that fold, write archives, or tell everything."""
    found = {route: budget_of(route) for route in USING}
    assert {found["GET /v1/status"], found["GET /v1/events"]} == {"reads"}
    assert {found["POST /v1/events"], found["DELETE /v1/views/{view}"]} == {"writes"}
    for route in (
        "POST /v1/audit/bundles/{location_id}",
        "GET /v1/beliefs",
        "POST /v1/views",
        "GET /v1/audit/recorded",
    ):
        assert found[route] == "costly"
    assert budget_of("GET /v1/events", streamed=True) == "streams"


def test_a_budget_is_spent_by_each_for_themselves_and_says_what_is_left() -> None:
    """And when there is more; the fourth of three is not granted."""
    budgets = Budgets(Settings(limit_reads="3/hour", limit_writes="off"))
    spent = [budgets.spend("key:a", "reads") for _ in range(4)]

    assert [one.granted for one in spent if one] == [True, True, True, False]
    assert [one.left for one in spent if one] == [2, 1, 0, 0]
    assert spent[0] is not None
    assert spent[0].headers["RateLimit-Policy"] == '"reads";q=3;w=3600'
    assert spent[0].headers["RateLimit"].startswith('"reads";r=2;t=')
    assert "Retry-After" not in spent[0].headers
    assert spent[3] is not None
    assert 0 < int(spent[3].headers["Retry-After"]) <= 3600
    other, free = budgets.spend("key:b", "reads"), budgets.spend("key:a", "writes")
    assert other is not None
    assert (other.left, free) == (2, None)
