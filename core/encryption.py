"""Encrypts users' secrets before they are stored. Reads the keys in settings."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Sequence

from cryptography.fernet import Fernet, InvalidToken, MultiFernet


class DecryptionError(Exception):
    """No configured key decrypts this text."""


class Encryption:
    """Fernet with several keys: the newest one encrypts, each of them decrypts.

    To replace a key, put the new one first and keep the old one while texts of it are stored.
    """

    def __init__(self, keys: Sequence[str]) -> None:
        """Keys as `Fernet.generate_key` makes them, newest first."""
        self._fernet = MultiFernet([Fernet(key) for key in keys])

    def encrypt(self, secret: str) -> str:
        return self._fernet.encrypt(secret.encode()).decode()

    def decrypt(self, encrypted: str) -> str:
        """Raises `DecryptionError`."""
        try:
            return self._fernet.decrypt(encrypted.encode()).decode()
        except InvalidToken as error:
            raise DecryptionError from error


def is_key(text: str) -> bool:
    """Whether it is 32 bytes of url-safe base64."""
    try:
        Fernet(text)
    except ValueError:
        return False
    return True


def svix_key(secret: str) -> bytes:
    """The key in a secret `whsec_<base64>`; empty if the secret has another form."""
    encoded = secret.removeprefix("whsec_").rstrip("=")
    try:
        return b64decode(encoded + "=" * (-len(encoded) % 4), validate=True)
    except ValueError:
        return b""
