"""Which IP addresses the fetcher may connect to: public unicast ones, undisguised."""

from __future__ import annotations

from ipaddress import (
    IPv4Address,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)

# Global by the registries' tables, yet never a shop.
_NEVER = (
    ip_network("0.0.0.0/8"),
    ip_network("100.64.0.0/10"),  # carrier-grade NAT; Alibaba's metadata service lives here
    ip_network("192.0.0.0/24"),  # protocol assignments; Oracle's metadata service lives here
    ip_network("192.88.99.0/24"),  # 6to4 relays
    ip_network("198.18.0.0/15"),  # benchmarking
    ip_network("168.63.129.16/32"),  # Azure's platform service, reachable from inside only
    ip_network("2001::/23"),  # Teredo and other protocol assignments
    ip_network("2001:db8::/32"),  # documentation
    ip_network("2002::/16"),  # 6to4 hides an IPv4 address
    ip_network("3fff::/20"),  # documentation
)
_GLOBAL_UNICAST = IPv6Network("2000::/3")
_NAT64 = IPv6Network("64:ff9b::/96")


def is_public(address: str) -> bool:
    """False for all but ordinary hosts on the public internet; also for what is no address."""
    try:
        ip = ip_address(address)
    except ValueError:
        return False
    if isinstance(ip, IPv6Address):
        embedded = _embedded_ipv4(ip)
        if embedded is None and ip not in _GLOBAL_UNICAST:
            return False
        ip = embedded or ip
    return (
        ip.is_global
        and not ip.is_multicast
        and not ip.is_reserved
        and not any(ip.version == net.version and ip in net for net in _NEVER)
    )


def _embedded_ipv4(ip: IPv6Address) -> IPv4Address | None:
    """The address that a packet would really go to; IPv6-only hosts reach IPv4 through NAT64."""
    if ip.ipv4_mapped is not None:
        return ip.ipv4_mapped
    if ip in _NAT64:
        return IPv4Address(int(ip) & 0xFFFF_FFFF)
    return None
