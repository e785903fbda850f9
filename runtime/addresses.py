"""Tells addresses of the Internet from those of this machine and of private networks.

IPv4 in the form of IPv6, as a socket for both families shows it, is judged as the IPv4 that it is. Pure.
"""

from __future__ import annotations

import ipaddress


def is_public(host: str) -> bool:
    """Tell whether an address is one of the Internet; ValueError when the host is no address but a name."""
    address = _address(host)
    return address.is_global and not address.is_multicast


def is_internal(host: str) -> bool:
    """Tell whether a host is an address of this machine or of a private network: where an operator's probes are."""
    try:
        address = _address(host)
    except ValueError:
        return False
    return address.is_loopback or address.is_private or address.is_link_local


def _address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    """Return the address without its zone."""
    parsed = ipaddress.ip_address(host.partition("%")[0])
    return (isinstance(parsed, ipaddress.IPv6Address) and parsed.ipv4_mapped) or parsed
