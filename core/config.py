"""Settings of every process: the only reader of the environment.

Each process loads its own class, so it sees no secret that it doesn't need. At start it reports
everything that is missing or wrong, without a value.
"""

from __future__ import annotations

import ipaddress
import os
import re
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Literal, Self, TypeVar
from urllib.parse import urlsplit

from dotenv import dotenv_values
from psycopg import ProgrammingError
from psycopg.conninfo import conninfo_to_dict
from pydantic import Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from core.encryption import is_key, svix_key
from core.queues import QUEUES

# A comma-separated environment variable, as a tuple: `A=x,y` gives ("x", "y").
CommaList = Annotated[tuple[str, ...], NoDecode]
SecretList = Annotated[tuple[SecretStr, ...], NoDecode]
ROLES = ("viewer", "editor", "admin")


_UNVERIFIED = "{} must say sslmode=verify-full when APP_ENV=production"
# Fields that hold an address: of a service, or of ours.
_ADDRESSES = ("_url", "_base", "_issuer", "_parties")
# What templates and manuals have in the place of a secret.
_EXAMPLES = re.compile(
    r"change.?me|replace.?me|your.?(api.?)?(password|key|secret|token)|placeholder|example"
    r"|development.?only|^(password|postgres|secret|test)$|^x{3,}$|^<.*>$|^\[.*\]$|(\.\.\.|…)$",
    re.IGNORECASE,
)
_BLANK = re.compile("[<>]")
_OWNERS = ("postgres", "supabase_admin")
_MIN_KEY_CHARACTERS = 32
_S = TypeVar("_S", bound="Settings")


class Settings(BaseSettings):
    """Settings of every process."""

    model_config = SettingsConfigDict(
        extra="ignore", frozen=True, hide_input_in_errors=True, env_ignore_empty=True
    )

    app_env: Literal["development", "production"] = "development"
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    # Where the internet reaches the Flask app; Apify calls its webhook there.
    edge_public_url: str | None = None
    # Where spans go (OTLP over HTTP). Without it none are recorded.
    otel_exporter_otlp_endpoint: str | None = None

    @field_validator("otel_exporter_otlp_endpoint")
    @classmethod
    def _is_http(cls, url: str | None) -> str | None:
        if url is not None and not url.startswith(("https://", "http://")):
            raise ValueError("OTEL_EXPORTER_OTLP_ENDPOINT must start with https:// or http://")
        return url

    @field_validator("edge_public_url")
    @classmethod
    def _is_an_origin(cls, url: str | None) -> str | None:
        if url is not None and not url.startswith(("https://", "http://")):
            raise ValueError("EDGE_PUBLIC_URL must start with https://")
        return url and url.rstrip("/")

    @model_validator(mode="after")
    def _all_fits(self) -> Self:
        found = [*self.problems(), *(self.unsafe() if self.app_env == "production" else ())]
        if found:
            raise ValueError("\n".join(found))
        return self

    def problems(self) -> Iterator[str]:
        """A sentence for each thing that is wrong wherever the process runs."""
        yield from ()

    def unsafe(self) -> Iterator[str]:
        """A sentence for each setting that is safe on one machine only."""
        if self.log_level == "DEBUG":
            yield "LOG_LEVEL must not be DEBUG when APP_ENV=production"
        for name in type(self).model_fields:
            value, setting = getattr(self, name), name.upper()
            values = value if isinstance(value, tuple) else (value,)
            if name.endswith(_ADDRESSES):
                yield from _unsafe_address(setting, [v for v in values if isinstance(v, str)])
            secrets = [v.get_secret_value() for v in values if isinstance(v, SecretStr)]
            if name.endswith("_db_url") or name == "db_url":
                yield from _unsafe_database(setting, secrets)
            elif name in self.model_fields_set and any(map(_EXAMPLES.search, secrets)):
                yield f"{setting} holds an example, not a secret"

    @field_validator("*", mode="before")
    @classmethod
    def _split_commas(cls, value: object, info: object) -> object:
        field = cls.model_fields.get(getattr(info, "field_name", ""))
        if isinstance(value, str) and field is not None and NoDecode in field.metadata:
            return tuple(part.strip() for part in value.split(",") if part.strip())
        return value


class TikTokSettings(Settings):
    """Our application at TikTok, with which creators connect their accounts."""

    tiktok_base_url: str = "https://open.tiktokapis.com"
    tiktok_web_url: str = "https://www.tiktok.com"
    tiktok_client_key: str | None = None
    tiktok_client_secret: SecretStr | None = None
    # Fernet keys, newest first. The first one encrypts creators' tokens, each of them decrypts.
    tiktok_token_keys: SecretList = ()

    def problems(self) -> Iterator[str]:
        """Adds what TikTok's application lacks."""
        yield from super().problems()
        given = (self.tiktok_client_key, self.tiktok_client_secret, self.tiktok_token_keys)
        if any(given) and not all(given):
            yield "TIKTOK_CLIENT_KEY needs TIKTOK_CLIENT_SECRET and TIKTOK_TOKEN_KEYS beside it"
        if not all(is_key(key.get_secret_value()) for key in self.tiktok_token_keys):
            yield "TIKTOK_TOKEN_KEYS must be 32 bytes each in url-safe base64"


class StripeSettings(Settings):
    """Our account at Stripe."""

    stripe_secret_key: SecretStr | None = None
    stripe_api_base: str = "https://api.stripe.com"


# Dollars per million tokens of input, cached input and output, as published in November 2026.
MODEL_PRICES = {
    "gpt-6-luna": (Decimal("0.10"), Decimal("0.01"), Decimal("0.50")),
    "gpt-6.1-terra": (Decimal("1.00"), Decimal("0.05"), Decimal("5.00")),
}
ModelPrices = Annotated[tuple[Decimal, Decimal, Decimal] | None, NoDecode]
Effort = Literal["none", "minimal", "low", "medium", "high"]


VideoTranscripts = Literal["off", "subtitles", "transcribe"]


class SourceSettings(Settings):
    """Paid services: Apify, and a language model for each of two roles."""

    apify_token: SecretStr | None = None
    apify_base_url: str = "https://api.apify.com"
    # What is said in videos: TikTok's subtitles, or also a transcription where there are none.
    # Accounts whose plan has no `has_transcripts` get none.
    video_transcripts: VideoTranscripts = "subtitles"
    openai_api_key: SecretStr | None = None
    openai_base_url: str = "https://api.openai.com/v1"
    # Labels are many and simple. Prose and scripts are few, and people read them.
    openai_labels_model: str = "gpt-6-luna"
    openai_labels_effort: Effort = "none"
    openai_labels_usd_per_million: ModelPrices = None
    openai_prose_model: str = "gpt-6.1-terra"
    openai_prose_effort: Effort = "low"
    openai_prose_usd_per_million: ModelPrices = None

    @property
    def labels_prices(self) -> tuple[Decimal, Decimal, Decimal]:
        """The setting, otherwise the published prices of the labels model."""
        return self.openai_labels_usd_per_million or MODEL_PRICES[self.openai_labels_model]

    @property
    def prose_prices(self) -> tuple[Decimal, Decimal, Decimal]:
        """The setting, otherwise the published prices of the model for prose and scripts."""
        return self.openai_prose_usd_per_million or MODEL_PRICES[self.openai_prose_model]

    def problems(self) -> Iterator[str]:
        """Adds models without a price."""
        yield from super().problems()
        roles = (
            ("LABELS", self.openai_labels_model, self.openai_labels_usd_per_million),
            ("PROSE", self.openai_prose_model, self.openai_prose_usd_per_million),
        )
        for role, model, prices in roles:
            if self.openai_api_key and prices is None and model not in MODEL_PRICES:
                yield (
                    f"OPENAI_{role}_USD_PER_MILLION must say what {model} costs: input, cached"
                    " input, output"
                )


class WebhookSecretSettings(Settings):
    """The keys that encrypt the secrets of accounts' webhooks."""

    # 32 bytes each in url-safe base64, newest first. Once the owner has registered the first one,
    # it encrypts new secrets. Each key decrypts its own. Without a key there are no webhooks.
    webhook_secret_keys: SecretList = ()

    def problems(self) -> Iterator[str]:
        """Adds keys of the wrong form."""
        yield from super().problems()
        if not all(is_key(key.get_secret_value()) for key in self.webhook_secret_keys):
            yield "WEBHOOK_SECRET_KEYS must be 32 bytes each in url-safe base64"


class OwnerSettings(Settings):
    """A command that logs in as the owner of the tables, such as the migrations."""

    db_url: SecretStr


class OperatorSettings(OwnerSettings, SourceSettings, StripeSettings, WebhookSecretSettings):
    """An operator's command of the workers. It also asks the paid services."""


class WorkerSettings(TikTokSettings, SourceSettings, StripeSettings, WebhookSecretSettings):
    """A worker process: `python -m workers`."""

    worker_db_url: SecretStr
    worker_queues: CommaList = QUEUES
    worker_concurrency: int = Field(default=10, ge=1, le=1000)
    worker_metrics_port: int = Field(default=0, ge=0, le=65535)  # 0: no metrics server
    worker_metrics_host: str = "127.0.0.1"  # in a container 0.0.0.0
    # All connections: two for leases and notifications, up to two for billing, the rest a pool.
    # A hosted session pool has 15 per login: two workers fit in.
    worker_connections: int = Field(default=7, ge=6, le=200)
    # Child processes that parse pages and analyse, and the limits of one task.
    worker_processes: int = Field(default=6, ge=1, le=64)
    worker_task_cpu_seconds: int = Field(default=20, ge=1, le=300)
    worker_task_memory_mb: int = Field(default=512, ge=64, le=16384)
    lease_seconds: int = Field(default=30, ge=1, le=3600)

    fetch_allow: CommaList = ()
    sample_data: str | None = None
    # Laws often demand to keep invoices, and with them the customer of an erased account.
    stripe_delete_erased_customers: bool = False
    # Key of the pseudonyms (HMAC) of source items, such as videos and comments, in evidence.
    pseudonym_key: SecretStr = SecretStr("development-only")

    @field_validator("worker_queues")
    @classmethod
    def _queues_exist(cls, queues: tuple[str, ...]) -> tuple[str, ...]:
        if not queues or not set(queues) <= set(QUEUES):
            raise ValueError(f"Name some of {', '.join(QUEUES)}")
        return queues

    def unsafe(self) -> Iterator[str]:
        """Adds what a worker alone reads."""
        yield from super().unsafe()
        if self.fetch_allow:
            yield "FETCH_ALLOW must be empty when APP_ENV=production"
        if self.sample_data:
            yield "SAMPLE_DATA must be empty when APP_ENV=production"
        if "pseudonym_key" not in self.model_fields_set:
            yield "PSEUDONYM_KEY must be set when APP_ENV=production"
        elif len(self.pseudonym_key.get_secret_value()) < _MIN_KEY_CHARACTERS:
            yield "PSEUDONYM_KEY must have 32 characters or more when APP_ENV=production"


class MoverSettings(Settings):
    """The command that moves an account from one cell to another."""

    mover_db_url: SecretStr  # of the directory's database
    # As of the edge; the files hold the URLs of the login `mover`.
    cell_secrets_dir: Path | None = None


class EdgeSettings(TikTokSettings, StripeSettings):
    """The Flask app, which the internet reaches."""

    webhook_db_url: SecretStr
    edge_issuer: str
    # A JWKS with private ES256 keys; the first one signs, all are published.
    edge_signing_keys_file: Path
    edge_token_seconds: int = Field(default=300, ge=60, le=900)
    # After SIGTERM the edge reports that it is not ready, and serves on for so long. The proxy in
    # front needs that time to notice.
    drain_seconds: float = Field(default=1, ge=0, le=20)
    # Accepted Host headers; empty accepts all (a proxy in front checks them).
    trusted_hosts: CommaList = ()
    # How many proxies in front add to X-Forwarded-For.
    trusted_proxies: int = Field(default=0, ge=0, le=5)

    # Seconds in which a request must arrive, and how many unfinished ones of an address a process
    # holds. One more closes the oldest. Behind trusted proxies addresses are not counted.
    read_seconds: float = Field(default=10, ge=1, le=25)
    connections_per_address: int = Field(default=50, ge=1)
    # Per process; the proxy in front has the real limits.
    sessions_per_minute: int = Field(default=120, ge=1)  # per user
    checkouts_per_minute: int = Field(default=20, ge=1)  # per user
    refusals_per_minute: int = Field(default=600, ge=1)  # refused tokens per address

    clerk_issuer: str
    clerk_authorized_parties: CommaList
    clerk_jwks_url: str | None = None
    clerk_jwt_key: str | None = None
    clerk_jwt_key_id: str | None = None  # without it, the key verifies tokens of any `kid`
    clerk_webhook_secrets: SecretList = ()
    # Clerk's roles in an organisation and ours: `admin=admin,member=editor`. Others are viewers.
    clerk_roles: CommaList = ("admin=admin", "member=editor", "viewer=viewer")

    stripe_webhook_secrets: SecretList = ()
    # The frontend: Stripe and TikTok redirect browsers to it. No request can choose another.
    app_url: str = "http://127.0.0.1:3000"
    # Where PostgREST answers; the exchange names it to clients.
    api_url: str | None = None
    # Several cells (docs/scaling.md): a folder with a file for each private.cells.database_secret,
    # which holds the URL of that cell's database. Unset: there is one cell.
    cell_secrets_dir: Path | None = None

    @field_validator("clerk_roles")
    @classmethod
    def _roles_are_ours(cls, pairs: tuple[str, ...]) -> tuple[str, ...]:
        if not all(re.fullmatch(rf"[^=]+=({'|'.join(ROLES)})", pair) for pair in pairs):
            raise ValueError("CLERK_ROLES must be pairs like member=editor")
        return pairs

    def role_of(self, clerk_role: str | None) -> str:
        """Our role of a member with this role at Clerk."""
        roles = dict(pair.split("=", 1) for pair in self.clerk_roles)
        return roles.get(clerk_role or "", "viewer")

    @property
    def is_stripe_live(self) -> bool:
        """Whether the key moves real money: `sk_live_…` or `rk_live_…`."""
        key = self.stripe_secret_key
        return key is not None and "_live_" in key.get_secret_value()[:8]

    def problems(self) -> Iterator[str]:
        """Adds what the edge cannot serve with."""
        yield from super().problems()
        if not (self.clerk_jwks_url or self.clerk_jwt_key):
            yield "CLERK_JWKS_URL or CLERK_JWT_KEY must be set"
        if not self.clerk_authorized_parties:
            yield "CLERK_AUTHORIZED_PARTIES must name an origin"
        if self.is_stripe_live and self.clerk_issuer.endswith(".accounts.dev"):
            yield "a live STRIPE_SECRET_KEY needs the production CLERK_ISSUER"
        if not all(svix_key(each.get_secret_value()) for each in self.clerk_webhook_secrets):
            yield "CLERK_WEBHOOK_SECRETS must be whsec_ and base64"

    def unsafe(self) -> Iterator[str]:
        """Adds what the edge alone reads."""
        yield from super().unsafe()
        sells, hears = self.stripe_secret_key is not None, bool(self.stripe_webhook_secrets)
        if sells and not hears:
            yield "STRIPE_WEBHOOK_SECRETS must be set beside STRIPE_SECRET_KEY"
        if hears and not sells:
            # Without the key the edge is in test mode and ignores each live event.
            yield "STRIPE_SECRET_KEY must be set beside STRIPE_WEBHOOK_SECRETS"
        if not self.clerk_webhook_secrets:
            yield "CLERK_WEBHOOK_SECRETS must be set when APP_ENV=production"


def _unsafe_address(setting: str, addresses: list[str]) -> Iterator[str]:
    """What is wrong with addresses that strangers' machines or secrets go to."""
    if any(_BLANK.search(address) for address in addresses):
        yield f"{setting} has a blank that nobody has filled in"
    elif not all(address.startswith("https://") for address in addresses):
        yield f"{setting} must start with https:// when APP_ENV=production"
    elif any(_is_loopback(urlsplit(address).hostname or "") for address in addresses):
        yield f"{setting} must not name this machine when APP_ENV=production"


def _is_loopback(host: str) -> bool:
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")
    return address.is_loopback or address.is_unspecified


def _unsafe_database(setting: str, urls: list[str]) -> Iterator[str]:
    for url in urls:
        if not _is_verified(SecretStr(url)):
            yield _UNVERIFIED.format(setting)
        try:
            given = conninfo_to_dict(url)
        except ProgrammingError:
            return
        login, password = (str(given.get(name) or "") for name in ("user", "password"))
        # A pooler's login is `worker.PROJECT`.
        if setting != "DB_URL" and login.split(".")[0] in _OWNERS:
            yield f"{setting} must not log in as the owner of the tables"
        if password and (_EXAMPLES.search(password) or password == login.split(".")[0]):
            yield f"{setting} holds an example, not a password"


def _is_verified(url: SecretStr) -> bool:
    """Whether the server must prove its name with a certificate, or is on this machine."""
    try:
        given = conninfo_to_dict(url.get_secret_value())
    except ProgrammingError:
        return False
    hosts = str(given.get("host") or "").split(",")
    is_here = all(host.startswith("/") or host in {"127.0.0.1", "::1"} for host in hosts)
    return is_here or given.get("sslmode") == "verify-full"


class McpSettings(Settings):
    """The MCP server of one account, on its user's machine: `python -m webhooks.mcp_server`."""

    edge_url: str
    creatorscook_api_key: SecretStr
    # Where PostgREST answers, if the edge does not say. Hosted Supabase asks for its anon key.
    api_url: str | None = None
    anon_key: SecretStr | None = None

    @field_validator("edge_url", "api_url")
    @classmethod
    def _is_safe(cls, url: str | None) -> str | None:
        is_here = re.match(r"http://(127\.0\.0\.1|localhost|\[::1\])(:\d+)?(/|\Z)", url or "")
        if url is not None and not url.startswith("https://") and not is_here:
            raise ValueError("EDGE_URL and API_URL must start with https://")
        return url and url.rstrip("/")


class TargetSettings(OwnerSettings, WebhookSecretSettings):
    """What `make deploy-check` looks at: a deployed backend, as its clients and logins see it."""

    api_url: str  # PostgREST answers below /rest/v1
    edge_url: str
    anon_key: SecretStr | None = None
    worker_db_url: SecretStr
    webhook_db_url: SecretStr
    edge_issuer: str | None = None
    edge_signing_keys_file: Path | None = None
    clerk_webhook_secrets: SecretList = ()
    stripe_webhook_secrets: SecretList = ()
    # How many of each there will be at most, and the connections of each.
    edge_replicas: int = Field(default=1, ge=0)
    worker_replicas: int = Field(default=1, ge=0)
    worker_connections: int = Field(default=7, ge=6, le=200)

    def unsafe(self) -> Iterator[str]:
        """Nothing: the check itself reports unsafe settings, in its line `settings`."""
        yield from ()


class LocalSettings(Settings):
    """The stack on one machine: `python -m local`. Ports are on loopback."""

    local_dir: Path = Path(".local")
    # The database: PostgreSQL as it is embedded, or a stand-in of a hosted project's.
    profile: Literal["embedded", "hosted"] = "embedded"
    api_port: int = Field(default=54321, ge=1, le=65535)
    db_port: int = Field(default=54322, ge=1, le=65535)
    rest_port: int = Field(default=54325, ge=1, le=65535)
    rest_admin_port: int = Field(default=54326, ge=1, le=65535)
    edge_port: int = Field(default=54327, ge=1, le=65535)
    clerk_port: int = Field(default=54328, ge=1, le=65535)
    worker_metrics_port: int = Field(default=54329, ge=1, le=65535)
    stripe_port: int = Field(default=54330, ge=1, le=65535)
    # `fake` starts a stand-in for Stripe, with pages to click through.
    stripe: Literal["fake"] | None = None
    # The longest body that the gateway passes on. Its server holds no longer one.
    max_body_bytes: int = Field(default=1_048_576, ge=1, le=1_048_576)
    # The frontend's origin: sessions of the local issuer are made for it.
    app_url: str = "http://127.0.0.1:3000"
    postgrest_bin: Path | None = None

    def unsafe(self) -> Iterator[str]:
        """Nothing: this class serves one machine only. Each process checks its own settings."""
        yield from ()


def load(kind: type[_S], **overrides: Any) -> _S:
    """The settings of a process. Raises SystemExit that names every problem, without a value."""
    given = {name: value for name, value in overrides.items() if value is not None}
    try:
        return kind(**given)
    except ValidationError as error:
        problems = []
        for problem in error.errors():
            name = "_".join(str(part) for part in problem["loc"]).upper()
            message = problem["msg"].removeprefix("Value error, ")
            problems += [f"{name}: {message}"] if name else message.splitlines()
        raise SystemExit("\n".join(problems)) from None


def inherited_environment(env_file: Path) -> dict[str, str]:
    """The environment, and what only `env_file` sets.

    An empty variable counts as unset and hides the file's.
    """
    both = dotenv_values(env_file) | dict(os.environ)
    return {name: value for name, value in both.items() if value}


def setting_names() -> frozenset[str]:
    """Every environment variable that some process of ours reads."""
    kinds = (WorkerSettings, EdgeSettings, LocalSettings)
    return frozenset(name.upper() for kind in kinds for name in kind.model_fields)
