"""The account of a person who signs in through Clerk."""

from __future__ import annotations

import uuid
from typing import cast

from webhooks.clerk_tokens import Session
from webhooks.context import current_edge
from webhooks.problems import account_deleted


def new_account_id(issuer: str, subject: str) -> uuid.UUID:
    """The id that a person's account gets when it is made.

    It is a hash of the person, so that concurrent first sign-ins agree on one. An account keeps its
    id when its person moves to another issuer. So only the database knows the id of an account.
    """
    return uuid.uuid5(uuid.uuid5(uuid.NAMESPACE_URL, issuer), subject)


def account_id(session: Session) -> uuid.UUID:
    """The account of a verified session, made at the first sign-in; 403 if it was deleted."""
    row = current_edge().database.call(
        "select * from private.resolve_identity(%s, %s, %s)",
        session.issuer,
        session.subject,
        new_account_id(session.issuer, session.subject),
    )
    if row["is_erased"]:
        raise account_deleted()
    return cast("uuid.UUID", row["user_id"])
