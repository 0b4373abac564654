"""CreatorsCook's API with supabase-py: Clerk's sign-in, its renewal, and jobs to watch."""

from __future__ import annotations

import base64
import binascii
import json
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import httpx
from postgrest.exceptions import APIError
from supabase import Client, ClientOptions, create_client

__all__ = ["APIError", "Client", "GetClerkToken", "connect", "details", "local_clerk", "watch_job"]

Row = dict[str, Any]
# Gives a session token of Clerk, or None while nobody is signed in. It has a cache of its own.
GetClerkToken = Callable[[], str | None]

_TIMEOUT_SECONDS = 30.0
_EARLY_SECONDS = 30
_POLL_SECONDS = 1.0
_MAX_FAILURES = 30
_PASSING = frozenset(
    {
        "PGRST000", "PGRST001", "PGRST002", "PGRST003", "57014", "40P01", "40001", "55P03",
        "offline", "rate_limited", "unavailable", "sign_in_unavailable", "internal_error",
        "account_moving", "502", "503", "504",
    }
)  # fmt: skip


def connect(
    api_url: str, anon_key: str, get_clerk_token: GetClerkToken, *, edge_url: str | None = None
) -> Client:
    """A client of supabase-py that acts for whoever `get_clerk_token` names at each request.

    `edge_url` is the Flask app, for hosts that keep it apart. A refused exchange is an APIError.
    """
    session = _Session((edge_url or api_url).rstrip("/"), get_clerk_token)
    transport = _SignedInTransport(session, anon_key, httpx.URL(api_url))
    http = httpx.Client(transport=transport, timeout=_TIMEOUT_SECONDS, follow_redirects=True)
    return create_client(api_url, anon_key, ClientOptions(httpx_client=http))


def watch_job(
    client: Client,
    job_id: str,
    on_change: Callable[[Row], None] = lambda _: None,
    *,
    stop: threading.Event | None = None,
) -> Row | None:
    """The job as it ended. Calls `on_change` with each new state.

    None when the job is gone, when nobody is signed in any more, or when `stop` is set.
    """
    seen: Row | None = None
    failures = 0
    stop = stop or threading.Event()
    while not stop.is_set():
        try:
            rows: Any = client.table("jobs").select("*").eq("id", job_id).execute().data
        except (APIError, httpx.TransportError) as error:
            failures += 1
            is_passing = not isinstance(error, APIError) or error.code in _PASSING
            if not is_passing or failures > _MAX_FAILURES:
                return None
        else:
            failures = 0
            if not rows:
                return None
            job = dict(rows[0])
            if job != seen:
                seen = job
                on_change(job)
            if job["finished_at"]:
                return job
        stop.wait(_POLL_SECONDS * min(1 + failures, 10))
    return None


def details(error: APIError) -> Row:
    """The `details` of an error as data: bounds, reasons, broken rules. Empty without any."""
    try:
        found = json.loads(error.details or "{}")
    except (TypeError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def local_clerk(
    clerk_url: str, name: str, *, org: str | None = None, role: str = "admin"
) -> GetClerkToken:
    """The session of a local user, from the stand-in for Clerk that `make up` starts."""
    url = f"{clerk_url}/v1/client/sessions/sess_{time.time_ns():x}/tokens"
    query = {"name": name, "role": role} | ({"org": org} if org else {})

    def token() -> str:
        answer = httpx.post(url, params=query, timeout=_TIMEOUT_SECONDS)
        return str(answer.raise_for_status().json()["jwt"])

    return token


# --- The exchange


@dataclass
class _Kept:
    """A token and whose it is; `until` is on the monotonic clock, in seconds."""

    person: str
    token: str
    until: float
    cell: httpx.URL | None = None  # where the account lives, if the server has several cells
    anon_key: str | None = None


class _Session:
    """The token of whoever is signed in, and nobody else's. Threads may share it."""

    def __init__(self, edge_url: str, get_clerk_token: GetClerkToken) -> None:
        self._url = f"{edge_url}/auth/session"
        self._get_clerk_token = get_clerk_token
        self._kept: _Kept | None = None
        self._lock = threading.Lock()

    def current(self, instead_of: _Kept | None = None) -> _Kept | None:
        """The token of the next request: None while nobody is signed in."""
        try:
            clerk_token = self._get_clerk_token()
        except httpx.HTTPError:
            raise _refusal("offline", "The server is out of reach.") from None
        with self._lock:
            if not clerk_token:
                self._kept = None
                return None
            person, kept = _bearer(clerk_token), self._kept
            is_good = kept is not None and kept.person == person and time.monotonic() < kept.until
            if kept is None or not is_good or kept is instead_of:
                kept = self._kept = self._exchanged(person, clerk_token)
            return kept

    def _exchanged(self, person: str, clerk_token: str) -> _Kept:
        headers = {"Authorization": f"Bearer {clerk_token}"}
        try:
            answer = httpx.post(self._url, headers=headers, timeout=_TIMEOUT_SECONDS)
        except httpx.TransportError:
            raise _refusal("offline", "The server is out of reach.") from None
        document = _document(answer)
        if not answer.is_success or "access_token" not in document:
            after = answer.headers.get("Retry-After", "")
            more = {"retry_after_seconds": int(after)} if after.isdigit() else {}
            raise _refusal(
                document.get("code", "unavailable"),
                document.get("detail", "The server has a problem. Try again in a minute."),
                {**document.get("details", {}), **more},
            )
        until = time.monotonic() + document["expires_in"] - _EARLY_SECONDS
        cell = httpx.URL(document["api_url"]) if "cell" in document else None
        return _Kept(person, document["access_token"], until, cell, document.get("anon_key"))


class _SignedInTransport(httpx.BaseTransport):
    """Sends each request as whoever is signed in; once more if its token has ended early."""

    def __init__(self, session: _Session, anon_key: str, api_url: httpx.URL) -> None:
        self._session = session
        self._api_url = api_url
        self._anon_key = anon_key
        self._inner = httpx.HTTPTransport()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        mine = self._session.current()
        response = self._send(request, mine)
        if response.status_code != httpx.codes.UNAUTHORIZED or mine is None:
            return response
        response.close()
        again = self._session.current(instead_of=mine)
        if again is None or again.person != mine.person:
            raise _refusal("signed_out", "Somebody else has signed in meanwhile.")
        return self._send(request, again)

    def close(self) -> None:
        self._inner.close()

    def _send(self, request: httpx.Request, bearer: _Kept | None) -> httpx.Response:
        request.headers["Authorization"] = f"Bearer {bearer.token if bearer else self._anon_key}"
        if bearer and bearer.cell:
            request = self._to_cell(request, bearer.cell)
            request.headers["Host"] = bearer.cell.netloc.decode()
            request.headers["apikey"] = bearer.anon_key or request.headers["apikey"]
        return self._inner.handle_request(request)

    def _to_cell(self, request: httpx.Request, cell: httpx.URL) -> httpx.Request:
        """The same request at the cell where the account lives."""
        path = request.url.raw_path.removeprefix(self._api_url.raw_path.rstrip(b"/"))
        url = cell.copy_with(raw_path=cell.raw_path.rstrip(b"/") + path)
        return httpx.Request(
            request.method,
            url,
            headers=request.headers,
            stream=request.stream,
            extensions=request.extensions,
        )


def _bearer(clerk_token: str) -> str:
    """Whose token it is: another session or organisation must not get this one's."""
    try:
        payload = clerk_token.split(".")[1]
        claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    except (IndexError, ValueError, binascii.Error):
        return clerk_token
    organisation = claims.get("org_id") or (claims.get("o") or {}).get("id")
    return json.dumps([claims.get("sub"), claims.get("sid"), organisation])


def _document(answer: httpx.Response) -> Row:
    """The members of an answer. A proxy in between may answer with a page of its own."""
    try:
        found = answer.json()
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _refusal(code: str, message: str, more: Row | None = None) -> APIError:
    text = json.dumps(more) if more else None
    return APIError({"code": code, "message": message, "details": text, "hint": None})
