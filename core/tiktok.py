"""TikTok's OAuth: exchanges a creator's consent for tokens, refreshes and revokes them. Blocking.

The edge exchanges; workers refresh and revoke.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import Any, Literal
from urllib.parse import urlencode

import httpx

from core.config import TikTokSettings

SCOPES = ("user.info.basic", "video.list")
TIMEOUT_SECONDS = 8.0
_MAX_TOKEN_CHARACTERS = 2000
_MAX_LIFE_SECONDS = 400 * 86_400

# refused: the consent or the token is not valid; misconfigured: our client key is not.
Reason = Literal["refused", "misconfigured", "unavailable"]


class TikTokError(Exception):
    """TikTok gave no tokens; `code` is TikTok's own."""

    def __init__(self, reason: Reason, code: str) -> None:
        super().__init__(reason, code)
        self.reason = reason
        self.code = code


@dataclass(frozen=True)
class Tokens:
    """The tokens that one creator has granted."""

    open_id: str
    scopes: frozenset[str]
    access: str = field(repr=False)
    refresh: str = field(repr=False)
    access_seconds: int
    refresh_seconds: int


class TikTokLogin:
    """TikTok's OAuth endpoints for our application there."""

    def __init__(self, key: str, secret: str, *, base_url: str, web_url: str) -> None:
        self._key = key
        self._secret = secret
        self._base_url = base_url
        self._web_url = web_url

    @classmethod
    def of(cls, settings: TikTokSettings) -> TikTokLogin | None:
        """That of the settings; None if they name no application."""
        key, secret = settings.tiktok_client_key, settings.tiktok_client_secret
        if key is None or secret is None:
            return None
        urls = {"base_url": settings.tiktok_base_url, "web_url": settings.tiktok_web_url}
        return cls(key, secret.get_secret_value(), **urls)

    def authorize_url(self, state: str, verifier: str, redirect_uri: str) -> str:
        """The page where a creator consents."""
        query = {
            "client_key": self._key,
            "scope": ",".join(SCOPES),
            "response_type": "code",
            "redirect_uri": redirect_uri,
            "state": state,
            # TikTok's S256 is the digest in hex, not in base64 as RFC 7636 has it.
            "code_challenge": hashlib.sha256(verifier.encode()).hexdigest(),
            "code_challenge_method": "S256",
        }
        return f"{self._web_url}/v2/auth/authorize/?{urlencode(query)}"

    def exchange(self, code: str, verifier: str, redirect_uri: str) -> Tokens:
        """The tokens for the code of a redirect."""
        return self._tokens(
            grant_type="authorization_code",
            code=code,
            code_verifier=verifier,
            redirect_uri=redirect_uri,
        )

    def refresh(self, refresh_token: str) -> Tokens:
        """New tokens; the refresh token may change too."""
        return self._tokens(grant_type="refresh_token", refresh_token=refresh_token)

    def revoke(self, access_token: str) -> None:
        """Revokes a token. One that is not valid any more counts as revoked."""
        try:
            self._post("/v2/oauth/revoke/", token=access_token)
        except TikTokError as error:
            if error.reason != "refused":
                raise

    def _tokens(self, **form: str) -> Tokens:
        body = self._post("/v2/oauth/token/", **form)
        try:
            return Tokens(
                open_id=_text(body["open_id"]),
                scopes=frozenset(str(body.get("scope", "")).split(",")),
                access=_text(body["access_token"]),
                refresh=_text(body["refresh_token"]),
                access_seconds=_seconds(body["expires_in"]),
                refresh_seconds=_seconds(body["refresh_expires_in"]),
            )
        except (KeyError, ValueError, TypeError):
            raise TikTokError("unavailable", "no_tokens") from None

    def _post(self, path: str, **form: str) -> dict[str, Any]:
        """The body of a successful answer."""
        secrets = {"client_key": self._key, "client_secret": self._secret}
        try:
            response = httpx.post(
                f"{self._base_url}{path}", data=secrets | form, timeout=TIMEOUT_SECONDS
            )
        except httpx.HTTPError as error:
            raise TikTokError("unavailable", type(error).__name__) from error
        if response.status_code == httpx.codes.TOO_MANY_REQUESTS or response.is_server_error:
            raise TikTokError("unavailable", f"http_{response.status_code}")
        try:
            body = response.json() if response.content else {}
        except ValueError:
            raise TikTokError("unavailable", "no_json") from None
        if not isinstance(body, dict):
            raise TikTokError("unavailable", "no_object")
        # Errors come with status 400 or 200. `error` is a text or an object.
        said = body.get("error")
        code = said.get("code") if isinstance(said, dict) else said
        if code not in {None, "", "ok"} or response.is_error:
            word = str(code)[:60] if code else f"http_{response.status_code}"
            is_ours = word in {"invalid_client", "unauthorized_client"}
            raise TikTokError("misconfigured" if is_ours else "refused", word)
        return body


def _text(value: object) -> str:
    if not isinstance(value, str) or not 0 < len(value) <= _MAX_TOKEN_CHARACTERS:
        raise ValueError("no text")
    return value


def _seconds(value: Any) -> int:
    return min(max(int(value), 0), _MAX_LIFE_SECONDS)
