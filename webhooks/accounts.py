"""The accounts that a verified session acts for."""

from __future__ import annotations

import uuid
from typing import cast

from webhooks.clerk_tokens import Session
from webhooks.context import current_edge
from webhooks.token_issuer import Caller


def new_account_id(issuer: str, subject: str) -> uuid.UUID:
    """The id that the account of a person or an organisation gets when it is made.

    It is a hash of the identity, so that concurrent first sign-ins agree on one. An account keeps
    its id when it moves to another issuer. So only the database knows the id of an account.
    """
    return uuid.uuid5(uuid.uuid5(uuid.NAMESPACE_URL, issuer), subject)


def caller_of(session: Session) -> Caller:
    """Who a verified session acts for; the first sign-in makes the accounts.

    The database refuses it: 403 if an account was deleted, 401 if the membership changed after the
    session token was issued, 402 if the organisation has no seat left.
    """
    edge = current_edge()
    issuer, organisation = session.issuer, session.organisation_id
    row = edge.database.call(
        "select * from private.resolve_identity(%s, %s, %s, %s, %s, %s, to_timestamp(%s), %s, %s)",
        issuer,
        session.subject,
        new_account_id(issuer, session.subject),
        organisation,
        new_account_id(issuer, organisation) if organisation else None,
        edge.settings.role_of(session.organisation_role),
        session.issued_at,
        session.organisation_name,
        session.organisation_slug,
    )
    return Caller(
        account_id=cast("uuid.UUID", row["user_id"]),
        person_id=cast("uuid.UUID | None", row["person_id"]),
        kind=str(row["kind"]),
        role=str(row["account_role"]),
        session_at=session.issued_at,
    )
