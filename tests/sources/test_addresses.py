"""Which addresses count as public."""

from __future__ import annotations

import re
from ipaddress import ip_network

import pytest

from core.addresses import NOT_PUBLIC, is_public
from local.layout import ROOT

# IANA's special-purpose address registries, every block, and what they leave out: multicast
# (registries of their own), Azure's platform service, site-local and IPv4-compatible addresses.
REGISTRIES = """
0.0.0.0/8 0.0.0.0/32 10.0.0.0/8 100.64.0.0/10 127.0.0.0/8 169.254.0.0/16 172.16.0.0/12 192.0.0.0/24
192.0.0.0/29 192.0.0.8/32 192.0.0.9/32 192.0.0.10/32 192.0.0.170/32 192.0.0.171/32 192.0.2.0/24
192.31.196.0/24 192.52.193.0/24 192.88.99.0/24 192.88.99.2/32 192.168.0.0/16 192.175.48.0/24
198.18.0.0/15 198.51.100.0/24 203.0.113.0/24 240.0.0.0/4 255.255.255.255/32
::1/128 ::/128 ::ffff:0:0/96 64:ff9b:1::/48 100::/64 100:0:0:1::/64 2001::/23 2001::/32
2001:1::1/128 2001:1::2/128 2001:1::3/128 2001:2::/48 2001:3::/32 2001:4:112::/48 2001:10::/28
2001:20::/28 2001:30::/28 2001:db8::/32 2002::/16 2620:4f:8000::/48 3fff::/20 5f00::/16
fc00::/7 fe80::/10 224.0.0.0/4 ff00::/8 168.63.129.16/32 fec0::/10 ::/96
"""


@pytest.mark.parametrize("network", REGISTRIES.split())
def test_every_block_of_the_registries_is_covered_by_the_list(network):
    block = ip_network(network)
    same = [each for each in NOT_PUBLIC if each.version == block.version]
    assert any(block.subnet_of(each) for each in same)
    if network != "::ffff:0:0/96":  # what is embedded decides
        assert not is_public(str(block[0]))
        assert not is_public(str(block[-1]))


def test_the_list_has_nothing_beyond_the_registries():
    assert {str(each) for each in NOT_PUBLIC} <= set(REGISTRIES.split())


def test_the_charts_network_policies_have_the_same_list():
    """Read as text: Helm is not everywhere. A NAT64 of IPv6-only networks stays reachable."""
    helpers = (ROOT / "deploy" / "chart" / "templates" / "_helpers.tpl").read_text()
    lists = re.findall(r"except:\s*\[([^\]]+)\]", helpers)
    listed = [each.strip(' "\n') for found in lists for each in found.split(",")]
    assert sorted(listed) == sorted(map(str, NOT_PUBLIC))


@pytest.mark.parametrize(
    "address",
    ["93.184.216.34", "8.8.8.8", "2606:2800:220:1::1", "::ffff:8.8.8.8", "64:ff9b::808:808"],
)
def test_ordinary_hosts_are_public(address):
    assert is_public(address) is True


@pytest.mark.parametrize(
    "address",
    [
        "0.0.0.0",
        "10.1.2.3",
        "100.64.0.1",
        "100.100.100.200",
        "127.0.0.1",
        "168.63.129.16",
        "169.254.169.254",
        "172.16.0.1",
        "192.0.0.192",
        "192.0.2.1",
        "192.88.99.1",
        "192.168.1.1",
        "198.18.0.1",
        "224.0.0.1",
        "240.0.0.1",
        "255.255.255.255",
    ],
)
def test_special_ipv4_addresses_are_not_public(address):
    assert is_public(address) is False


@pytest.mark.parametrize(
    "address",
    [
        "::",
        "::1",
        "::127.0.0.1",
        "::ffff:127.0.0.1",
        "::ffff:169.254.169.254",
        "64:ff9b::a9fe:a9fe",
        "64:ff9b:1::808:808",
        "100::1",
        "2001::1",
        "2001:db8::1",
        "2002:7f00:1::1",
        "fc00::1",
        "fd00:ec2::254",
        "fe80::1",
        "fec0::1",
        "ff02::1",
    ],
)
def test_special_ipv6_addresses_are_not_public(address):
    assert is_public(address) is False


@pytest.mark.parametrize("text", ["", "localhost", "1.2.3", "fe80::1%eth0", "127.0.0.1:80"])
def test_what_is_no_address_is_not_public(text):
    assert is_public(text) is False
