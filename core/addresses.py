"""Which IP addresses belong to ordinary hosts on the public internet.

The fetcher asks before each connection. The chart's network policies repeat the list
(deploy/chart/templates/_helpers.tpl); a test compares them. The list follows IANA's special-purpose
registries (RFC 6890). Python's `is_global` would change with its version.
"""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network

NOT_PUBLIC = (
    ip_network("0.0.0.0/8"),  # this network
    ip_network("10.0.0.0/8"),  # private
    ip_network("100.64.0.0/10"),  # carrier-grade NAT; Alibaba's metadata service lives here
    ip_network("127.0.0.0/8"),  # loopback
    ip_network("168.63.129.16/32"),  # Azure's platform service, reachable from inside only
    ip_network("169.254.0.0/16"),  # link-local; metadata services
    ip_network("172.16.0.0/12"),  # private
    ip_network("192.0.0.0/24"),  # protocol assignments; Oracle's metadata service lives here
    ip_network("192.0.2.0/24"),  # documentation
    ip_network("192.31.196.0/24"),  # AS112
    ip_network("192.52.193.0/24"),  # AMT
    ip_network("192.88.99.0/24"),  # 6to4 relays
    ip_network("192.168.0.0/16"),  # private
    ip_network("192.175.48.0/24"),  # AS112
    ip_network("198.18.0.0/15"),  # benchmarking
    ip_network("198.51.100.0/24"),  # documentation
    ip_network("203.0.113.0/24"),  # documentation
    ip_network("224.0.0.0/4"),  # multicast
    ip_network("240.0.0.0/4"),  # reserved, and the broadcast address
    ip_network("::/96"),  # unspecified, loopback, IPv4-compatible
    ip_network("::ffff:0:0/96"),  # IPv4-mapped; `is_public` looks at what is embedded
    ip_network("64:ff9b:1::/48"),  # NAT64 of one's own network
    ip_network("100::/64"),  # discard-only
    ip_network("100:0:0:1::/64"),  # dummy prefix
    ip_network("2001::/23"),  # Teredo and other protocol assignments
    ip_network("2001:db8::/32"),  # documentation
    ip_network("2002::/16"),  # 6to4 hides an IPv4 address
    ip_network("2620:4f:8000::/48"),  # AS112
    ip_network("3fff::/20"),  # documentation
    ip_network("5f00::/16"),  # segment routing
    ip_network("fc00::/7"),  # unique local
    ip_network("fe80::/10"),  # link-local
    ip_network("fec0::/10"),  # site-local
    ip_network("ff00::/8"),  # multicast
)
_GLOBAL_UNICAST = IPv6Network("2000::/3")
# Networks with only IPv6 reach IPv4 through it. It may not carry private addresses (RFC 6052).
NAT64 = IPv6Network("64:ff9b::/96")


def is_public(address: str) -> bool:
    """Whether it is the address of an ordinary host on the public internet."""
    try:
        ip = ip_address(address)
    except ValueError:
        return False
    if isinstance(ip, IPv6Address):
        embedded = _embedded_ipv4(ip)
        if embedded is None and ip not in _GLOBAL_UNICAST:
            return False
        ip = embedded or ip
    return not any(ip.version == net.version and ip in net for net in NOT_PUBLIC)


def _embedded_ipv4(ip: IPv6Address) -> IPv4Address | None:
    """The IPv4 address that packets to a mapped or NAT64 address go to; None without one."""
    if ip.ipv4_mapped is not None:
        return ip.ipv4_mapped
    if ip in NAT64:
        return IPv4Address(int(ip) & 0xFFFF_FFFF)
    return None
