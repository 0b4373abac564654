"""The TikTok account that a job's owner has connected: a valid token, and the posts behind it.

Tokens are renewed by one worker at a time, because TikTok may end a refresh token with its use.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import structlog

from core.encryption import Unreadable
from core.tiktok import TikTokError, Tokens
from workers.engine.errors import LostLease, Retry, Snooze
from workers.engine.queue import Job, Pool
from workers.sources.tiktok.display import Disconnected, OwnPosts, TikTokAccounts, TokenRefused

_REFRESHING_SECONDS = 2.0
_AGAIN_SECONDS = 60.0
_log = structlog.get_logger()


@dataclass(frozen=True)
class _Encrypted:
    access: str
    refresh: str
    is_stale: bool
    is_over: bool


async def own_posts(
    pool: Pool, job: Job, accounts: TikTokAccounts, *, ref_key: bytes, now: datetime
) -> OwnPosts | None:
    """None where nothing is connected. Raises `Disconnected`, `Retry` or `Snooze`."""
    sealed = await _sealed(pool, job)
    if sealed is None:
        return None
    current = sealed
    try:
        if sealed.is_stale:
            current = await _renewed(pool, job, accounts, sealed)
        try:
            return await _posts(accounts, current, ref_key, now)
        except TokenRefused:
            if current is not sealed:  # it was new
                raise
        current = await _renewed(pool, job, accounts, sealed)
        return await _posts(accounts, current, ref_key, now)
    except (TokenRefused, Unreadable) as error:
        _log.warning("tiktok_disconnected", reason=type(error).__name__)
        await _row(pool, "select private.drop_tiktok(%s, %s)", job.job_id, current.refresh)
        raise Disconnected from None


async def _posts(
    accounts: TikTokAccounts, sealed: _Encrypted, ref_key: bytes, now: datetime
) -> OwnPosts:
    return await accounts.display.posts(
        accounts.sealer.open(sealed.access), ref_key=ref_key, now=now
    )


async def _renewed(
    pool: Pool, job: Job, accounts: TikTokAccounts, sealed: _Encrypted
) -> _Encrypted:
    """New tokens, fetched here or by another worker meanwhile."""
    if sealed.is_over:
        raise TokenRefused
    leased = await _row(
        pool, "select private.lease_tiktok_refresh(%s, %s) as it", job.job_id, sealed.refresh
    )
    if not leased["it"]:
        raise Snooze("waiting_for_tiktok", _REFRESHING_SECONDS)
    try:
        tokens = await asyncio.to_thread(
            accounts.login.refresh, accounts.sealer.open(sealed.refresh)
        )
    except TikTokError as error:
        raise _outcome(error) from error
    return await _keep(pool, job, accounts, sealed, tokens)


async def _keep(
    pool: Pool, job: Job, accounts: TikTokAccounts, sealed: _Encrypted, tokens: Tokens
) -> _Encrypted:
    access, refresh = accounts.sealer.seal(tokens.access), accounts.sealer.seal(tokens.refresh)
    kept = await _row(
        pool,
        "select private.refresh_tiktok(%s, %s, %s, %s, %s, %s) as it",
        job.job_id,
        sealed.refresh,
        access,
        refresh,
        tokens.access_seconds,
        tokens.refresh_seconds,
    )
    if not kept["it"]:  # disconnected or erased meanwhile: nobody may use these tokens
        await asyncio.to_thread(accounts.login.revoke, tokens.access)
        raise LostLease
    return _Encrypted(access, refresh, is_stale=False, is_over=False)


def _outcome(error: TikTokError) -> Exception:
    _log.warning("tiktok_refresh_failed", reason=error.reason, code=error.code)
    if error.reason == "refused":
        return TokenRefused()
    return Retry("tiktok_unavailable", "TikTok has a problem right now.", _AGAIN_SECONDS)


async def _sealed(pool: Pool, job: Job) -> _Encrypted | None:
    row = await _row(pool, "select * from private.tiktok_of_job(%s)", job.job_id)
    if row["access_token"] is None:
        return None
    return _Encrypted(row["access_token"], row["refresh_token"], row["is_stale"], row["is_over"])


async def _row(pool: Pool, statement: str, *parameters: object) -> dict[str, Any]:
    """The one row of a function that always gives one."""
    async with pool.connection() as db:
        row = await (await db.execute(statement, parameters)).fetchone()
    if row is None:
        raise LookupError(statement)
    return row
