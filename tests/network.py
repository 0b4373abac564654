"""Keeps tests off the network: Python's own sockets reach loopback and Unix sockets only."""

from __future__ import annotations

import ipaddress
import socket
import sys


class NetworkUsedError(BaseException):
    """A test reached for the network. Not an Exception, so that no retry loop swallows it."""


def allow_loopback_only() -> None:
    """From now on, and for the whole process: an audit hook can't be taken back."""
    sys.addaudithook(_refuse_outside)


def _refuse_outside(event: str, arguments: tuple[object, ...]) -> None:
    if event == "socket.connect" and isinstance(address := arguments[1], tuple):
        host = str(address[0])
        if not _is_local(host):
            raise NetworkUsedError(f"A test tried to connect to {host}")
    elif event == "socket.getaddrinfo":
        host = arguments[0]
        if host is not None and not (_is_address(_text(host)) or _is_local(_text(host))):
            raise socket.gaierror(socket.EAI_NONAME, "Tests resolve no outside names")


def _is_local(host: str) -> bool:
    if not _is_address(host):
        return host in {"", "localhost"}
    return ipaddress.ip_address(host).is_loopback


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _text(host: object) -> str:
    return host.decode() if isinstance(host, bytes) else str(host)
