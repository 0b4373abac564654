"""The shapes of JSON that SQL makes: what functions answer, and columns that are not documents.

tests/docs/test_typed_documents.py compares them with what the API answers.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, WithJsonSchema
from typing_extensions import NotRequired, TypedDict  # noqa: UP035 - pydantic wants these

from workers.insights.documents import Change, ChangeKind, PackContent

# A list that local.tools.types reads elsewhere.
ErrorCode = Annotated[str, WithJsonSchema({"$ref": "#/$defs/ErrorCode"})]
PlanId = Literal["free", "creator", "agency"]
Severity = Literal["error", "warning", "info"]
VerdictStatus = Literal["pass", "fail", "needs_review", "not_applicable"]


class Answer(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Span(Answer):
    """`content.slice(start, end)` is the text that is meant: UTF-16 code units."""

    field: Literal["body"]
    start: int
    end: int


class BrokenRule(Answer):
    """A rule that an AI-written text breaks."""

    rule_name: str
    severity: Severity
    message: str | None


class ReviewEntry(TypedDict):
    """How a language model judged a script by a rule. `source` none: without a judgement."""

    rule_id: UUID
    rule_name: str
    kind: str
    severity: Severity
    status: VerdictStatus
    message: str | None
    source: Literal["ai", "none"]
    engine: NotRequired[str]


class AccountLimits(Answer):
    products: int
    analyses: int
    scripts: int
    requests_per_minute: int


class AccountUsage(Answer):
    products: int
    analyses: int
    scripts: int


class AccountSubscription(Answer):
    plan: PlanId | None
    status: str
    current_period_end: datetime | None
    cancel_at_period_end: bool
    cancel_at: datetime | None


class AccountTikTok(Answer):
    scopes: list[str]
    connected_at: datetime
    expires_at: datetime


class AccountSeats(Answer):
    """Members who acted for an organisation this month."""

    limit: int
    used: int


class Account(Answer):
    """The answer of rpc/account. `seats` is null for a person's own account."""

    plan: PlanId
    limits: AccountLimits
    usage: AccountUsage
    resets_at: datetime
    subscription: AccountSubscription | None
    tiktok: AccountTikTok | None
    role: Literal["admin", "editor", "viewer"]
    seats: AccountSeats | None


class PlanPrice(Answer):
    """A price of a plan. `amount` is in the smallest unit of `currency`: 2900 usd are $29."""

    interval: Literal["month", "year"]
    amount: int
    currency: str
    lookup_key: str


class Verdict(Answer):
    """A row of rpc/check_compliance."""

    rule_id: UUID
    rule_name: str
    kind: str
    severity: Severity
    status: VerdictStatus
    spans: list[Span]
    message: str | None
    suggestion: str | None


class ScoreRecord(Answer):
    """The answer of rpc/score_record; null while there are too few."""

    n: int | None
    hits: int | None
    rate: float | None
    ci95: tuple[float, float] | None


class BrokenErrorRule(Answer):
    """A rule of severity error that keeps a script from being final."""

    rule_id: UUID
    rule_name: str
    message: str | None
    spans: list[Span]


class ErrorDetails(TypedDict):
    """The details of an error. Which of them there are depends on its code."""

    field: NotRequired[str]
    reason: NotRequired[str]
    row: NotRequired[int]
    min: NotRequired[float]
    max: NotRequired[float]
    allowed: NotRequired[list[str]]
    metric: NotRequired[str]
    limit: NotRequired[float | str]
    used: NotRequired[int]
    requested: NotRequired[float | str]
    plan: NotRequired[PlanId]
    resets_at: NotRequired[datetime | None]
    retry_after_seconds: NotRequired[int]
    rules: NotRequired[list[BrokenErrorRule]]


class ImportedRow(Answer):
    """A row of rpc/import_products: its id, or why there is none."""

    index: int
    id: UUID | None
    code: ErrorCode | None
    message: str | None
    details: ErrorDetails | None


class NewShare(Answer):
    """The answer of rpc/share_pack; the secret is shown this once."""

    id: UUID
    secret: str


class NewApiKey(Answer):
    """The answer of rpc/create_api_key; the secret is shown this once."""

    id: UUID
    secret: str


class NewWebhookSecret(Answer):
    """The answer of rpc/rotate_webhook_secret; the secret is shown this once."""

    secret: str
    old_secret_ends_at: datetime | None


class NotificationParams(TypedDict):
    """What the text of a notification names. Which of them there are depends on its kind."""

    product: NotRequired[str]
    score: NotRequired[float]
    ratio: NotRequired[float]
    change: NotRequired[ChangeKind]
    sentence: NotRequired[str]
    error_code: NotRequired[str]
    error_message: NotRequired[str]
    failures: NotRequired[int]
    most_failures: NotRequired[int]
    cause: NotRequired[Literal["failing", "plan", "quota", "gone"]]
    watch: NotRequired[Literal["off", "weekly", "daily"]]
    metric: NotRequired[Literal["analyses", "scripts"]]
    used: NotRequired[int]
    limit: NotRequired[int]
    month: NotRequired[date]
    resets_at: NotRequired[datetime]
    endpoint_id: NotRequired[UUID]
    host: NotRequired[str]


class WebhookEventData(TypedDict):
    """What a webhook tells. Of type test there is no notification."""

    account_id: UUID
    text: str
    notification_id: NotRequired[UUID]
    product_id: NotRequired[UUID | None]
    params: NotRequired[NotificationParams]


class WebhookEvent(Answer):
    """What is posted to a webhook endpoint; `type` is the kind of the notification, or test."""

    type: str
    timestamp: datetime
    data: WebhookEventData


class SharedEvidence(Answer):
    id: str
    kind: Literal["comment", "review", "video", "product_fact", "benchmark"]
    paraphrase: str
    n: int
    label: str | None
    url: str | None


class SharedConfiguration(PackContent):
    """A PackConfiguration without what is about its account. What is written always is required."""

    schema_version: Literal["2.0"]
    what_changed: tuple[Change, ...]
    evidence: tuple[SharedEvidence, ...]


class SharedPack(Answer):
    """The answer of rpc/shared_pack."""

    name: str
    score: float | None
    created_at: datetime
    configuration: SharedConfiguration


class ExportPage(BaseModel):
    """A page of rpc/export_account: an array for each table."""

    model_config = ConfigDict(extra="allow")
    __pydantic_extra__: dict[str, Any]

    user_id: UUID
    next_cursor: str | None
