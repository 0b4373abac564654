"""The accounts that a verified session or an API key acts for."""

from __future__ import annotations

import hashlib
import re
import uuid
from datetime import datetime
from typing import cast

from webhooks.cells import Place
from webhooks.clerk_tokens import Session
from webhooks.context import current_edge
from webhooks.problems import account_deleted
from webhooks.rate_limits import limit, refuse_suspects
from webhooks.token_issuer import Caller, KeyCaller

KEY_PREFIX = "cck_"
_KEY = re.compile(r"cck_[0-9a-f]{64}\Z")


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
    person = place = edge.cells.of_identity(
        issuer, session.subject, new_account_id(issuer, session.subject)
    )
    if organisation:
        place = edge.cells.of_identity(issuer, organisation, new_account_id(issuer, organisation))
        _require_person(person, place)
    row = place.cell.database.call(
        "select * from private.resolve_identity(%s, %s, %s, %s, %s, %s, to_timestamp(%s), %s, %s)",
        issuer,
        session.subject,
        person.account_id,
        organisation,
        place.account_id if organisation else None,
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
        is_impersonated=session.actor is not None,
        audience=place.cell.audience,
    )


def _require_person(person: Place, place: Place) -> None:
    """403 for an erased person whose own account is in another cell than the organisation's."""
    if person.cell.audience != place.cell.audience:
        query = "select private.is_erased(%s) as is_erased"
        if person.cell.database.call(query, person.account_id)["is_erased"]:
            raise account_deleted()


def caller_of_key(key: str) -> KeyCaller | None:
    """Who an API key acts for; None for an unknown, revoked or expired key.

    The database and the limit see only the SHA-256 of the key. An address with too many refused
    tokens gets 429, unless this process knows the key as a good one. The key of a deleted account
    gets 403.
    """
    edge = current_edge()
    if not _KEY.match(key):
        return None
    digest = hashlib.sha256(key.encode())
    if digest.digest() not in edge.known_keys:
        refuse_suspects()
    limit("session", digest.hexdigest(), per_minute=edge.settings.sessions_per_minute)
    cell, row = edge.cells.call_in_cell_of_key(
        f"key:{digest.hexdigest()}", "select * from private.open_api_key(%s)", digest.digest()
    )
    edge.known_keys.note(digest.digest(), is_good=row["key_id"] is not None)
    if row["key_id"] is None:
        return None
    return KeyCaller(
        account_id=cast("uuid.UUID", row["user_id"]),
        person_id=None,
        kind=str(row["kind"]),
        role=str(row["account_role"]),
        session_at=edge.now(),
        key_id=cast("uuid.UUID", row["key_id"]),
        scopes=tuple(cast("list[str]", row["scopes"])),
        ends_at=int(cast("datetime", row["expires_at"]).timestamp()),
        audience=cell.audience,
    )
