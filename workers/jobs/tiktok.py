"""revoke_tiktok: revokes a creator's tokens at TikTok, then deletes them.

The account may already be erased: a stored revocation names no account.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

import structlog

from core.encryption import DecryptionError
from core.tiktok import TikTokError
from workers.engine.errors import Retry
from workers.engine.handlers import Handler, JobContext
from workers.engine.queue import Database, Job
from workers.sources.tiktok.display import TikTokAccounts

_AGAIN_SECONDS = 600.0
_log = structlog.get_logger()


@dataclass(frozen=True)
class Revocation:
    """Encrypted tokens; None once TikTok has revoked them."""

    id: str
    access: str | None = field(repr=False)
    refresh: str | None = field(repr=False)


def handler(accounts: TikTokAccounts | None) -> Handler[Revocation, str]:
    """`accounts` is None if no application at TikTok is configured."""

    async def work(revocation: Revocation, _context: JobContext) -> str:
        if revocation.access is None or revocation.refresh is None:
            return revocation.id
        if accounts is None:
            raise Retry("tiktok_not_configured", "TikTok is not set up here.", _AGAIN_SECONDS)
        try:
            await asyncio.to_thread(_revoke, accounts, revocation.access, revocation.refresh)
        except DecryptionError:
            _log.warning("tiktok_revocation_unreadable")  # its key was removed: nobody can revoke
        except TikTokError as error:
            raise Retry(
                "tiktok_unavailable", "TikTok has a problem right now.", _AGAIN_SECONDS
            ) from error
        return revocation.id

    return Handler(load=load, work=work, save=save, timeout_seconds=60)


async def load(db: Database, job: Job) -> Revocation:
    """The tokens of the revocation that the job names."""
    revocation_id = str(job.arguments["revocation_id"])
    cursor = await db.execute("select * from private.tiktok_revocation(%s)", (revocation_id,))
    row = await cursor.fetchone()
    if row is None or row["access_token"] is None:
        return Revocation(revocation_id, None, None)
    return Revocation(revocation_id, str(row["access_token"]), str(row["refresh_token"]))


async def save(db: Database, _job: Job, revocation_id: str) -> None:
    """Deletes the tokens in the transaction that acknowledges the job."""
    await db.execute("select private.end_tiktok_revocation(%s)", (revocation_id,))


def _revoke(accounts: TikTokAccounts, access: str, refresh: str) -> None:
    """Revokes both: an access token lives for a day, its refresh token for a year."""
    accounts.login.revoke(accounts.encryption.decrypt(access))
    try:
        newest = accounts.login.refresh(accounts.encryption.decrypt(refresh))
    except TikTokError as error:
        if error.reason == "refused":  # revoking the access token ended the refresh token too
            return
        raise
    accounts.login.revoke(newest.access)
