"""The TikTok account that a job's owner has connected: a valid token, and the posts behind it.

TikTok may end a refresh token when it is used. A lease lets one worker at a time refresh it.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import structlog

from core.encryption import DecryptionError
from core.tiktok import TikTokError, Tokens
from workers.engine.errors import LostLease, Retry, Snooze
from workers.engine.queue import Job, Pool
from workers.sources.tiktok.display import Disconnected, OwnPosts, TikTokAccounts, TokenRefused

_REFRESHING_SECONDS = 2.0
_AGAIN_SECONDS = 60.0
_log = structlog.get_logger()


@dataclass(frozen=True)
class _StoredTokens:
    """Encrypted. `is_stale`: refresh them first. `is_over`: the refresh token has expired."""

    access: str
    refresh: str
    is_stale: bool
    is_over: bool


async def own_posts(
    pool: Pool, job: Job, accounts: TikTokAccounts, *, ref_key: bytes, now: datetime
) -> OwnPosts | None:
    """None if the owner has connected no account. Raises `Disconnected`, `Retry` or `Snooze`."""
    stored = await _stored_tokens(pool, job)
    if stored is None:
        return None
    current = stored
    try:
        if stored.is_stale:
            current = await _renewed(pool, job, accounts, stored)
        try:
            return await _posts(accounts, current, ref_key, now)
        except TokenRefused:
            if current is not stored:  # TikTok has refused a token that it gave just now
                raise
        current = await _renewed(pool, job, accounts, stored)
        return await _posts(accounts, current, ref_key, now)
    except (TokenRefused, DecryptionError) as error:
        _log.warning("tiktok_disconnected", reason=type(error).__name__)
        await _row(pool, "select private.drop_tiktok(%s, %s)", job.job_id, current.refresh)
        raise Disconnected from None


async def _posts(
    accounts: TikTokAccounts, stored: _StoredTokens, ref_key: bytes, now: datetime
) -> OwnPosts:
    return await accounts.display.posts(
        accounts.encryption.decrypt(stored.access), ref_key=ref_key, now=now
    )


async def _renewed(
    pool: Pool, job: Job, accounts: TikTokAccounts, stored: _StoredTokens
) -> _StoredTokens:
    """New tokens from TikTok. Raises `Snooze` while another worker fetches them."""
    if stored.is_over:
        raise TokenRefused
    leased = await _row(
        pool, "select private.lease_tiktok_refresh(%s, %s) as it", job.job_id, stored.refresh
    )
    if not leased["it"]:
        raise Snooze("waiting_for_tiktok", _REFRESHING_SECONDS)
    try:
        tokens = await asyncio.to_thread(
            accounts.login.refresh, accounts.encryption.decrypt(stored.refresh)
        )
    except TikTokError as error:
        raise _outcome(error) from error
    return await _keep(pool, job, accounts, stored, tokens)


async def _keep(
    pool: Pool, job: Job, accounts: TikTokAccounts, stored: _StoredTokens, tokens: Tokens
) -> _StoredTokens:
    access = accounts.encryption.encrypt(tokens.access)
    refresh = accounts.encryption.encrypt(tokens.refresh)
    kept = await _row(
        pool,
        "select private.refresh_tiktok(%s, %s, %s, %s, %s, %s) as it",
        job.job_id,
        stored.refresh,
        access,
        refresh,
        tokens.access_seconds,
        tokens.refresh_seconds,
    )
    if not kept["it"]:  # the owner has disconnected, or was erased: nobody may use these tokens
        await asyncio.to_thread(accounts.login.revoke, tokens.access)
        raise LostLease
    return _StoredTokens(access, refresh, is_stale=False, is_over=False)


def _outcome(error: TikTokError) -> Exception:
    _log.warning("tiktok_refresh_failed", reason=error.reason, code=error.code)
    if error.reason == "refused":
        return TokenRefused()
    return Retry("tiktok_unavailable", "TikTok has a problem right now.", _AGAIN_SECONDS)


async def _stored_tokens(pool: Pool, job: Job) -> _StoredTokens | None:
    row = await _row(pool, "select * from private.tiktok_of_job(%s)", job.job_id)
    if row["access_token"] is None:
        return None
    return _StoredTokens(row["access_token"], row["refresh_token"], row["is_stale"], row["is_over"])


async def _row(pool: Pool, statement: str, *parameters: object) -> dict[str, Any]:
    """The row of a function that always returns one."""
    async with pool.connection() as db:
        row = await (await db.execute(statement, parameters)).fetchone()
    if row is None:
        raise LookupError(statement)
    return row
