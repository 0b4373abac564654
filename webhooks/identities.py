"""Maps a person at Clerk to an account here."""

from __future__ import annotations

import uuid
from typing import cast

from webhooks.clerk_tokens import Session
from webhooks.context import current_edge
from webhooks.problems import account_deleted


def default_user_id(issuer: str, subject: str) -> uuid.UUID:
    """The id of a new account: a hash, so that concurrent first sign-ins agree on one.

    An account that moved to another issuer keeps its first id, which only the database knows.
    """
    return uuid.uuid5(uuid.uuid5(uuid.NAMESPACE_URL, issuer), subject)


def resolve(session: Session) -> uuid.UUID:
    """The account of a verified session; 403 if it was deleted."""
    row = current_edge().database.call(
        "select * from private.resolve_identity(%s, %s, %s)",
        session.issuer,
        session.subject,
        default_user_id(session.issuer, session.subject),
    )
    if row["is_erased"]:
        raise account_deleted()
    return cast("uuid.UUID", row["user_id"])
