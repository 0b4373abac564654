"""Finds the secrets of outgoing webhooks again, with the keys of WEBHOOK_SECRET_KEYS.

The database makes a secret, shows it once, and must not be able to read it later. So it makes an
ephemeral Diffie-Hellman value, takes the secret from what it shares with the public value of a
worker's key, and keeps the ephemeral value only (private.make_endpoint_secret).
"""

from __future__ import annotations

import hashlib
from base64 import urlsafe_b64decode
from collections.abc import Sequence
from dataclasses import dataclass

import psycopg

from core.database import Row

# Group 14 of RFC 3526: a safe prime of 2,048 bits, generator 2.
_PRIME = int(
    "FFFFFFFFFFFFFFFFC90FDAA22168C234C4C6628B80DC1CD129024E088A67CC74"
    "020BBEA63B139B22514A08798E3404DDEF9519B3CD3A431B302B0A6DF25F1437"
    "4FE1356D6D51C245E485B576625E7EC6F44C42E9A637ED6B0BFF5CB6F406B7ED"
    "EE386BFB5A899FA5AE9F24117C4B1FE649286651ECE45B3DC2007CB8A163BF05"
    "98DA48361C55D39A69163FA8FD24CF5F83655D23DCA3AD961C62F356208552BB"
    "9ED529077096966D670C354E4ABC9804F1746C08CA18217C32905E462E36CE3B"
    "E39E772C180E86039B2783A2EC07A28FB5C55DF06F4C52C9DE2BCBF695581718"
    "3995497CEA956AE515D2261898FA051015728E5A8AACAA68FFFFFFFFFFFFFFFF",
    16,
)
_GENERATOR = 2


class SecretUnreadable(Exception):  # noqa: N818 - says what the secret is
    """No configured key opens this secret."""


@dataclass(frozen=True)
class PublicKey:
    """What the database needs to make a secret."""

    key_id: str
    prime: int
    public_value: int


def register(db: psycopg.Connection[Row], key: PublicKey) -> None:
    """Has the database encrypt new secrets with this key. `db` logs in as the owner."""
    db.execute(
        "select private.register_endpoint_key(%s, %s, %s)",
        (key.key_id, key.prime, key.public_value),
    )


class WebhookSecrets:
    """Opens secrets with several keys; the newest one makes new secrets.

    To replace a key, put the new one first and keep the old one while its secrets are in use.
    """

    def __init__(self, keys: Sequence[str]) -> None:
        """Keys as `Fernet.generate_key` makes them, newest first."""
        exponents = [
            int.from_bytes(hashlib.sha256(b"webhooks" + urlsafe_b64decode(key)).digest())
            for key in keys
        ]
        values = [pow(_GENERATOR, exponent, _PRIME) for exponent in exponents]
        ids = [hashlib.sha256(str(value).encode()).hexdigest()[:16] for value in values]
        self.newest = PublicKey(ids[0], _PRIME, values[0])
        self.key_ids = frozenset(ids)
        self._exponents = dict(zip(ids, exponents, strict=True))

    def open(self, key_id: str, ephemeral: str) -> bytes:
        """The secret's bytes. Raises `SecretUnreadable`."""
        exponent = self._exponents.get(key_id)
        if exponent is None:
            raise SecretUnreadable
        shared = pow(int(ephemeral), exponent, _PRIME)
        return hashlib.sha256(str(shared).encode()).digest()
