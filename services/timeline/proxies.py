"""Who is at the other end where proxies stand before the service: X-Forwarded-For, believed as far as proxies of ours wrote it (pure)."""

from collections.abc import Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

Network = IPv4Network | IPv6Network


def networks(said: Sequence[str]) -> tuple[Network, ...]:
    """Addresses and networks as the setting lists them."""
    return tuple(ip_network(one, strict=False) for one in said)


def asker_behind(peer: str, forwarded_for: Sequence[str], trusted: Sequence[Network]) -> str:
    """The address that asks: the last one that no trusted proxy has.

    Each proxy adds whom it heard to the end of the list, so what stands before the first stranger from the right was written by
    the stranger, and is not believed. An entry that is no address ends the walk: the proxy that passed it on counts.
    """
    found = peer
    entries = [one.strip() for line in forwarded_for for one in line.split(",")]
    while entries and is_trusted(found, trusted):
        one = _address(entries.pop())
        if one is None:
            break
        found = str(one)
    return found


def is_trusted(said: str, trusted: Sequence[Network]) -> bool:
    """Whether an address is that of a proxy of ours."""
    address = _address(said)
    return address is not None and any(address in network for network in trusted if network.version == address.version)


def _address(said: str) -> IPv4Address | IPv6Address | None:
    """An address, also with a port behind it or in brackets, as some proxies write them."""
    bare = said.removeprefix("[").partition("]")[0] if said.startswith("[") else said
    if bare.count(":") == 1:
        bare = bare.partition(":")[0]
    try:
        found = ip_address(bare)
    except ValueError:
        return None
    return found.ipv4_mapped or found if isinstance(found, IPv6Address) else found
