"""Encrypts secrets of users before they are stored, with keys from the environment."""

from __future__ import annotations

from collections.abc import Sequence

from cryptography.fernet import Fernet, InvalidToken, MultiFernet


class Unreadable(Exception):  # noqa: N818 - a state of what was stored, not a mistake of ours
    """Sealed with a key that is gone, or not by us."""


class Encryption:
    """The newest key seals, all of them open: a key can be replaced while its seals live on."""

    def __init__(self, keys: Sequence[str]) -> None:
        """Keys as `Fernet.generate_key` makes them, newest first."""
        self._fernet = MultiFernet([Fernet(key) for key in keys])

    def seal(self, secret: str) -> str:
        return self._fernet.encrypt(secret.encode()).decode()

    def open(self, sealed: str) -> str:
        """Raises `Unreadable`."""
        try:
            return self._fernet.decrypt(sealed.encode()).decode()
        except InvalidToken as error:
            raise Unreadable from error


def is_key(text: str) -> bool:
    """Whether it is 32 bytes of url-safe base64."""
    try:
        Fernet(text)
    except ValueError:
        return False
    return True
