"""Tells addresses of the Internet from those of this machine and of private networks.

An IPv4 address in a form of IPv6 is judged as the IPv4 that it leads to: IPv4-mapped, as a socket for both families
shows it, NAT64 (RFC 6052) and 6to4 (RFC 3056). Pure.
"""

from __future__ import annotations

import ipaddress
from typing import Final

_UNICAST: Final = ipaddress.IPv6Network("2000::/3")
"""All that IANA has given out of IPv6. What is elsewhere is loopback, site-local, IPv4-compatible, or not there yet."""
_NAT64: Final = ipaddress.IPv6Network("64:ff9b::/96")
_DOCUMENTATION: Final = ipaddress.IPv6Network("3fff::/20")
_RELAYS: Final = ipaddress.IPv4Network("192.88.99.0/24")
"""Of 6to4, which nobody runs any more: where they lead is up to the network."""
_LAST_32_BITS: Final = 0xFFFF_FFFF


def is_public(host: str) -> bool:
    """Tell whether an address is one of the Internet; ValueError when the host is no address but a name."""
    address = _address(host)
    if isinstance(address, ipaddress.IPv6Address) and (address not in _UNICAST or address in _DOCUMENTATION):
        return False
    if address.version == _RELAYS.version and address in _RELAYS:
        return False
    return address.is_global and not address.is_multicast and not address.is_reserved


def is_internal(host: str) -> bool:
    """Tell whether a host is an address of this machine or of a private network: where an operator's probes are."""
    try:
        address = _address(host)
    except ValueError:
        return False
    return address.is_loopback or address.is_private or address.is_link_local


def _address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    """Return the address without its zone; the IPv4 address that it leads to, where it is one in a form of IPv6."""
    parsed = ipaddress.ip_address(host.partition("%")[0])
    if isinstance(parsed, ipaddress.IPv4Address):
        return parsed
    if parsed in _NAT64:
        return ipaddress.IPv4Address(int(parsed) & _LAST_32_BITS)
    return parsed.ipv4_mapped or parsed.sixtofour or parsed
