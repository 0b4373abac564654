from __future__ import annotations

import datetime
import uuid
from typing import (
    Annotated,
    Any,
    List,
    Literal,
    Optional,
    TypedDict,
)
from typing_extensions import NotRequired, TypeAlias

from pydantic import BaseModel, Field, JsonValue



class PublicAccounts(BaseModel):
    created_at: datetime.datetime = Field(alias="created_at")
    id: uuid.UUID = Field(alias="id")
    kind: str = Field(alias="kind")
    locale: str = Field(alias="locale")
    name: Optional[str] = Field(alias="name")

class PublicAccountsInsert(TypedDict):
    created_at: NotRequired[Annotated[datetime.datetime, Field(alias="created_at")]]
    id: Annotated[uuid.UUID, Field(alias="id")]
    kind: NotRequired[Annotated[str, Field(alias="kind")]]
    locale: NotRequired[Annotated[str, Field(alias="locale")]]
    name: NotRequired[Annotated[Optional[str], Field(alias="name")]]

class PublicAccountsUpdate(TypedDict):
    created_at: NotRequired[Annotated[datetime.datetime, Field(alias="created_at")]]
    id: NotRequired[Annotated[uuid.UUID, Field(alias="id")]]
    kind: NotRequired[Annotated[str, Field(alias="kind")]]
    locale: NotRequired[Annotated[str, Field(alias="locale")]]
    name: NotRequired[Annotated[Optional[str], Field(alias="name")]]

class PublicAnalysisNumbers(BaseModel):
    band: Optional[str] = Field(alias="band")
    basis: Optional[str] = Field(alias="basis")
    comments: Optional[int] = Field(alias="comments")
    complaint_counts: JsonValue = Field(alias="complaint_counts")
    complaints: List[str] = Field(alias="complaints")
    created_at: datetime.datetime = Field(alias="created_at")
    currency: Optional[str] = Field(alias="currency")
    id: uuid.UUID = Field(alias="id")
    is_hit: Optional[bool] = Field(alias="is_hit")
    is_sample: bool = Field(alias="is_sample")
    is_sold_out: Optional[bool] = Field(alias="is_sold_out")
    judged_at: Optional[datetime.datetime] = Field(alias="judged_at")
    net: Optional[float] = Field(alias="net")
    net_high: Optional[float] = Field(alias="net_high")
    net_low: Optional[float] = Field(alias="net_low")
    price: Optional[float] = Field(alias="price")
    product_id: uuid.UUID = Field(alias="product_id")
    ratio: Optional[float] = Field(alias="ratio")
    ratio_high: Optional[float] = Field(alias="ratio_high")
    ratio_low: Optional[float] = Field(alias="ratio_low")
    stage: Optional[str] = Field(alias="stage")
    stands_out: Optional[float] = Field(alias="stands_out")
    stands_out_high: Optional[float] = Field(alias="stands_out_high")
    stands_out_low: Optional[float] = Field(alias="stands_out_low")
    user_id: uuid.UUID = Field(alias="user_id")
    video: Optional[str] = Field(alias="video")
    views_per_hour: Optional[float] = Field(alias="views_per_hour")

class PublicAnalysisNumbersInsert(TypedDict):
    band: NotRequired[Annotated[Optional[str], Field(alias="band")]]
    basis: NotRequired[Annotated[Optional[str], Field(alias="basis")]]
    comments: NotRequired[Annotated[Optional[int], Field(alias="comments")]]
    complaint_counts: NotRequired[Annotated[JsonValue, Field(alias="complaint_counts")]]
    complaints: NotRequired[Annotated[List[str], Field(alias="complaints")]]
    created_at: NotRequired[Annotated[datetime.datetime, Field(alias="created_at")]]
    currency: NotRequired[Annotated[Optional[str], Field(alias="currency")]]
    id: NotRequired[Annotated[uuid.UUID, Field(alias="id")]]
    is_hit: NotRequired[Annotated[Optional[bool], Field(alias="is_hit")]]
    is_sample: NotRequired[Annotated[bool, Field(alias="is_sample")]]
    is_sold_out: NotRequired[Annotated[Optional[bool], Field(alias="is_sold_out")]]
    judged_at: NotRequired[Annotated[Optional[datetime.datetime], Field(alias="judged_at")]]
    net: NotRequired[Annotated[Optional[float], Field(alias="net")]]
    net_high: NotRequired[Annotated[Optional[float], Field(alias="net_high")]]
    net_low: NotRequired[Annotated[Optional[float], Field(alias="net_low")]]
    price: NotRequired[Annotated[Optional[float], Field(alias="price")]]
    product_id: Annotated[uuid.UUID, Field(alias="product_id")]
    ratio: NotRequired[Annotated[Optional[float], Field(alias="ratio")]]
    ratio_high: NotRequired[Annotated[Optional[float], Field(alias="ratio_high")]]
    ratio_low: NotRequired[Annotated[Optional[float], Field(alias="ratio_low")]]
    stage: NotRequired[Annotated[Optional[str], Field(alias="stage")]]
    stands_out: NotRequired[Annotated[Optional[float], Field(alias="stands_out")]]
    stands_out_high: NotRequired[Annotated[Optional[float], Field(alias="stands_out_high")]]
    stands_out_low: NotRequired[Annotated[Optional[float], Field(alias="stands_out_low")]]
    user_id: Annotated[uuid.UUID, Field(alias="user_id")]
    video: NotRequired[Annotated[Optional[str], Field(alias="video")]]
    views_per_hour: NotRequired[Annotated[Optional[float], Field(alias="views_per_hour")]]

class PublicAnalysisNumbersUpdate(TypedDict):
    band: NotRequired[Annotated[Optional[str], Field(alias="band")]]
    basis: NotRequired[Annotated[Optional[str], Field(alias="basis")]]
    comments: NotRequired[Annotated[Optional[int], Field(alias="comments")]]
    complaint_counts: NotRequired[Annotated[JsonValue, Field(alias="complaint_counts")]]
    complaints: NotRequired[Annotated[List[str], Field(alias="complaints")]]
    created_at: NotRequired[Annotated[datetime.datetime, Field(alias="created_at")]]
    currency: NotRequired[Annotated[Optional[str], Field(alias="currency")]]
    id: NotRequired[Annotated[uuid.UUID, Field(alias="id")]]
    is_hit: NotRequired[Annotated[Optional[bool], Field(alias="is_hit")]]
    is_sample: NotRequired[Annotated[bool, Field(alias="is_sample")]]
    is_sold_out: NotRequired[Annotated[Optional[bool], Field(alias="is_sold_out")]]
    judged_at: NotRequired[Annotated[Optional[datetime.datetime], Field(alias="judged_at")]]
    net: NotRequired[Annotated[Optional[float], Field(alias="net")]]
    net_high: NotRequired[Annotated[Optional[float], Field(alias="net_high")]]
    net_low: NotRequired[Annotated[Optional[float], Field(alias="net_low")]]
    price: NotRequired[Annotated[Optional[float], Field(alias="price")]]
    product_id: NotRequired[Annotated[uuid.UUID, Field(alias="product_id")]]
    ratio: NotRequired[Annotated[Optional[float], Field(alias="ratio")]]
    ratio_high: NotRequired[Annotated[Optional[float], Field(alias="ratio_high")]]
    ratio_low: NotRequired[Annotated[Optional[float], Field(alias="ratio_low")]]
    stage: NotRequired[Annotated[Optional[str], Field(alias="stage")]]
    stands_out: NotRequired[Annotated[Optional[float], Field(alias="stands_out")]]
    stands_out_high: NotRequired[Annotated[Optional[float], Field(alias="stands_out_high")]]
    stands_out_low: NotRequired[Annotated[Optional[float], Field(alias="stands_out_low")]]
    user_id: NotRequired[Annotated[uuid.UUID, Field(alias="user_id")]]
    video: NotRequired[Annotated[Optional[str], Field(alias="video")]]
    views_per_hour: NotRequired[Annotated[Optional[float], Field(alias="views_per_hour")]]

class PublicAnalysisResults(BaseModel):
    content: JsonValue = Field(alias="content")
    created_at: datetime.datetime = Field(alias="created_at")
    engine: str = Field(alias="engine")
    id: uuid.UUID = Field(alias="id")
    is_sample: Optional[bool] = Field(alias="is_sample")
    job_id: Optional[uuid.UUID] = Field(alias="job_id")
    product_id: uuid.UUID = Field(alias="product_id")
    sentiment_label: Optional[str] = Field(alias="sentiment_label")
    sentiment_net: Optional[float] = Field(alias="sentiment_net")
    source_kind: Optional[str] = Field(alias="source_kind")
    type: str = Field(alias="type")
    user_id: uuid.UUID = Field(alias="user_id")

class PublicAnalysisResultsInsert(TypedDict):
    content: Annotated[JsonValue, Field(alias="content")]
    created_at: NotRequired[Annotated[datetime.datetime, Field(alias="created_at")]]
    engine: Annotated[str, Field(alias="engine")]
    id: NotRequired[Annotated[uuid.UUID, Field(alias="id")]]
    is_sample: NotRequired[Annotated[Optional[bool], Field(alias="is_sample")]]
    job_id: NotRequired[Annotated[Optional[uuid.UUID], Field(alias="job_id")]]
    product_id: Annotated[uuid.UUID, Field(alias="product_id")]
    sentiment_label: NotRequired[Annotated[Optional[str], Field(alias="sentiment_label")]]
    sentiment_net: NotRequired[Annotated[Optional[float], Field(alias="sentiment_net")]]
    source_kind: NotRequired[Annotated[Optional[str], Field(alias="source_kind")]]
    type: Annotated[str, Field(alias="type")]
    user_id: Annotated[uuid.UUID, Field(alias="user_id")]

class PublicAnalysisResultsUpdate(TypedDict):
    content: NotRequired[Annotated[JsonValue, Field(alias="content")]]
    created_at: NotRequired[Annotated[datetime.datetime, Field(alias="created_at")]]
    engine: NotRequired[Annotated[str, Field(alias="engine")]]
    id: NotRequired[Annotated[uuid.UUID, Field(alias="id")]]
    is_sample: NotRequired[Annotated[Optional[bool], Field(alias="is_sample")]]
    job_id: NotRequired[Annotated[Optional[uuid.UUID], Field(alias="job_id")]]
    product_id: NotRequired[Annotated[uuid.UUID, Field(alias="product_id")]]
    sentiment_label: NotRequired[Annotated[Optional[str], Field(alias="sentiment_label")]]
    sentiment_net: NotRequired[Annotated[Optional[float], Field(alias="sentiment_net")]]
    source_kind: NotRequired[Annotated[Optional[str], Field(alias="source_kind")]]
    type: NotRequired[Annotated[str, Field(alias="type")]]
    user_id: NotRequired[Annotated[uuid.UUID, Field(alias="user_id")]]

class PublicApiKeys(BaseModel):
    created_at: datetime.datetime = Field(alias="created_at")
    created_by: Optional[uuid.UUID] = Field(alias="created_by")
    expires_at: datetime.datetime = Field(alias="expires_at")
    id: uuid.UUID = Field(alias="id")
    last_characters: str = Field(alias="last_characters")
    last_used_at: Optional[datetime.datetime] = Field(alias="last_used_at")
    name: str = Field(alias="name")
    revoked_at: Optional[datetime.datetime] = Field(alias="revoked_at")
    scopes: List[str] = Field(alias="scopes")
    user_id: uuid.UUID = Field(alias="user_id")

class PublicApiKeysInsert(TypedDict):
    created_at: NotRequired[Annotated[datetime.datetime, Field(alias="created_at")]]
    created_by: NotRequired[Annotated[Optional[uuid.UUID], Field(alias="created_by")]]
    expires_at: Annotated[datetime.datetime, Field(alias="expires_at")]
    id: NotRequired[Annotated[uuid.UUID, Field(alias="id")]]
    last_characters: Annotated[str, Field(alias="last_characters")]
    last_used_at: NotRequired[Annotated[Optional[datetime.datetime], Field(alias="last_used_at")]]
    name: Annotated[str, Field(alias="name")]
    revoked_at: NotRequired[Annotated[Optional[datetime.datetime], Field(alias="revoked_at")]]
    scopes: Annotated[List[str], Field(alias="scopes")]
    user_id: Annotated[uuid.UUID, Field(alias="user_id")]

class PublicApiKeysUpdate(TypedDict):
    created_at: NotRequired[Annotated[datetime.datetime, Field(alias="created_at")]]
    created_by: NotRequired[Annotated[Optional[uuid.UUID], Field(alias="created_by")]]
    expires_at: NotRequired[Annotated[datetime.datetime, Field(alias="expires_at")]]
    id: NotRequired[Annotated[uuid.UUID, Field(alias="id")]]
    last_characters: NotRequired[Annotated[str, Field(alias="last_characters")]]
    last_used_at: NotRequired[Annotated[Optional[datetime.datetime], Field(alias="last_used_at")]]
    name: NotRequired[Annotated[str, Field(alias="name")]]
    revoked_at: NotRequired[Annotated[Optional[datetime.datetime], Field(alias="revoked_at")]]
    scopes: NotRequired[Annotated[List[str], Field(alias="scopes")]]
    user_id: NotRequired[Annotated[uuid.UUID, Field(alias="user_id")]]

class PublicAuditEvents(BaseModel):
    action: str = Field(alias="action")
    actor: Optional[uuid.UUID] = Field(alias="actor")
    api_key_id: Optional[uuid.UUID] = Field(alias="api_key_id")
    changes: JsonValue = Field(alias="changes")
    created_at: datetime.datetime = Field(alias="created_at")
    id: uuid.UUID = Field(alias="id")
    target_id: Optional[uuid.UUID] = Field(alias="target_id")
    target_kind: str = Field(alias="target_kind")
    user_id: uuid.UUID = Field(alias="user_id")

class PublicAuditEventsInsert(TypedDict):
    action: Annotated[str, Field(alias="action")]
    actor: NotRequired[Annotated[Optional[uuid.UUID], Field(alias="actor")]]
    api_key_id: NotRequired[Annotated[Optional[uuid.UUID], Field(alias="api_key_id")]]
    changes: NotRequired[Annotated[JsonValue, Field(alias="changes")]]
    created_at: NotRequired[Annotated[datetime.datetime, Field(alias="created_at")]]
    id: NotRequired[Annotated[uuid.UUID, Field(alias="id")]]
    target_id: NotRequired[Annotated[Optional[uuid.UUID], Field(alias="target_id")]]
    target_kind: Annotated[str, Field(alias="target_kind")]
    user_id: Annotated[uuid.UUID, Field(alias="user_id")]

class PublicAuditEventsUpdate(TypedDict):
    action: NotRequired[Annotated[str, Field(alias="action")]]
    actor: NotRequired[Annotated[Optional[uuid.UUID], Field(alias="actor")]]
    api_key_id: NotRequired[Annotated[Optional[uuid.UUID], Field(alias="api_key_id")]]
    changes: NotRequired[Annotated[JsonValue, Field(alias="changes")]]
    created_at: NotRequired[Annotated[datetime.datetime, Field(alias="created_at")]]
    id: NotRequired[Annotated[uuid.UUID, Field(alias="id")]]
    target_id: NotRequired[Annotated[Optional[uuid.UUID], Field(alias="target_id")]]
    target_kind: NotRequired[Annotated[str, Field(alias="target_kind")]]
    user_id: NotRequired[Annotated[uuid.UUID, Field(alias="user_id")]]

class PublicBrandRules(BaseModel):
    brand_id: Optional[uuid.UUID] = Field(alias="brand_id")
    created_at: datetime.datetime = Field(alias="created_at")
    created_by: Optional[uuid.UUID] = Field(alias="created_by")
    enabled: bool = Field(alias="enabled")
    id: uuid.UUID = Field(alias="id")
    rule_definition: JsonValue = Field(alias="rule_definition")
    rule_name: str = Field(alias="rule_name")
    severity: str = Field(alias="severity")
    updated_at: datetime.datetime = Field(alias="updated_at")
    updated_by: Optional[uuid.UUID] = Field(alias="updated_by")
    user_id: uuid.UUID = Field(alias="user_id")

class PublicBrandRulesInsert(TypedDict):
    brand_id: NotRequired[Annotated[Optional[uuid.UUID], Field(alias="brand_id")]]
    created_at: NotRequired[Annotated[datetime.datetime, Field(alias="created_at")]]
    created_by: NotRequired[Annotated[Optional[uuid.UUID], Field(alias="created_by")]]
    enabled: NotRequired[Annotated[bool, Field(alias="enabled")]]
    id: NotRequired[Annotated[uuid.UUID, Field(alias="id")]]
    rule_definition: Annotated[JsonValue, Field(alias="rule_definition")]
    rule_name: Annotated[str, Field(alias="rule_name")]
    severity: NotRequired[Annotated[str, Field(alias="severity")]]
    updated_at: NotRequired[Annotated[datetime.datetime, Field(alias="updated_at")]]
    updated_by: NotRequired[Annotated[Optional[uuid.UUID], Field(alias="updated_by")]]
    user_id: NotRequired[Annotated[uuid.UUID, Field(alias="user_id")]]

class PublicBrandRulesUpdate(TypedDict):
    brand_id: NotRequired[Annotated[Optional[uuid.UUID], Field(alias="brand_id")]]
    created_at: NotRequired[Annotated[datetime.datetime, Field(alias="created_at")]]
    created_by: NotRequired[Annotated[Optional[uuid.UUID], Field(alias="created_by")]]
    enabled: NotRequired[Annotated[bool, Field(alias="enabled")]]
    id: NotRequired[Annotated[uuid.UUID, Field(alias="id")]]
    rule_definition: NotRequired[Annotated[JsonValue, Field(alias="rule_definition")]]
    rule_name: NotRequired[Annotated[str, Field(alias="rule_name")]]
    severity: NotRequired[Annotated[str, Field(alias="severity")]]
    updated_at: NotRequired[Annotated[datetime.datetime, Field(alias="updated_at")]]
    updated_by: NotRequired[Annotated[Optional[uuid.UUID], Field(alias="updated_by")]]
    user_id: NotRequired[Annotated[uuid.UUID, Field(alias="user_id")]]

class PublicBrands(BaseModel):
    archived_at: Optional[datetime.datetime] = Field(alias="archived_at")
    created_at: datetime.datetime = Field(alias="created_at")
    id: uuid.UUID = Field(alias="id")
    name: str = Field(alias="name")
    user_id: uuid.UUID = Field(alias="user_id")

class PublicBrandsInsert(TypedDict):
    archived_at: NotRequired[Annotated[Optional[datetime.datetime], Field(alias="archived_at")]]
    created_at: NotRequired[Annotated[datetime.datetime, Field(alias="created_at")]]
    id: NotRequired[Annotated[uuid.UUID, Field(alias="id")]]
    name: Annotated[str, Field(alias="name")]
    user_id: NotRequired[Annotated[uuid.UUID, Field(alias="user_id")]]

class PublicBrandsUpdate(TypedDict):
    archived_at: NotRequired[Annotated[Optional[datetime.datetime], Field(alias="archived_at")]]
    created_at: NotRequired[Annotated[datetime.datetime, Field(alias="created_at")]]
    id: NotRequired[Annotated[uuid.UUID, Field(alias="id")]]
    name: NotRequired[Annotated[str, Field(alias="name")]]
    user_id: NotRequired[Annotated[uuid.UUID, Field(alias="user_id")]]

class PublicCompetitors(BaseModel):
    competitor_id: uuid.UUID = Field(alias="competitor_id")
    created_at: datetime.datetime = Field(alias="created_at")
    id: uuid.UUID = Field(alias="id")
    product_id: uuid.UUID = Field(alias="product_id")
    user_id: uuid.UUID = Field(alias="user_id")

class PublicCompetitorsInsert(TypedDict):
    competitor_id: Annotated[uuid.UUID, Field(alias="competitor_id")]
    created_at: NotRequired[Annotated[datetime.datetime, Field(alias="created_at")]]
    id: NotRequired[Annotated[uuid.UUID, Field(alias="id")]]
    product_id: Annotated[uuid.UUID, Field(alias="product_id")]
    user_id: NotRequired[Annotated[uuid.UUID, Field(alias="user_id")]]

class PublicCompetitorsUpdate(TypedDict):
    competitor_id: NotRequired[Annotated[uuid.UUID, Field(alias="competitor_id")]]
    created_at: NotRequired[Annotated[datetime.datetime, Field(alias="created_at")]]
    id: NotRequired[Annotated[uuid.UUID, Field(alias="id")]]
    product_id: NotRequired[Annotated[uuid.UUID, Field(alias="product_id")]]
    user_id: NotRequired[Annotated[uuid.UUID, Field(alias="user_id")]]

class PublicJobs(BaseModel):
    attempt: int = Field(alias="attempt")
    crashes: int = Field(alias="crashes")
    created_at: datetime.datetime = Field(alias="created_at")
    error_code: Optional[str] = Field(alias="error_code")
    error_message: Optional[str] = Field(alias="error_message")
    failures: int = Field(alias="failures")
    finished_at: Optional[datetime.datetime] = Field(alias="finished_at")
    id: uuid.UUID = Field(alias="id")
    kind: str = Field(alias="kind")
    product_id: Optional[uuid.UUID] = Field(alias="product_id")
    progress: int = Field(alias="progress")
    stage: str = Field(alias="stage")
    started_at: Optional[datetime.datetime] = Field(alias="started_at")
    status: str = Field(alias="status")
    user_id: Optional[uuid.UUID] = Field(alias="user_id")

class PublicJobsInsert(TypedDict):
    attempt: NotRequired[Annotated[int, Field(alias="attempt")]]
    crashes: NotRequired[Annotated[int, Field(alias="crashes")]]
    created_at: NotRequired[Annotated[datetime.datetime, Field(alias="created_at")]]
    error_code: NotRequired[Annotated[Optional[str], Field(alias="error_code")]]
    error_message: NotRequired[Annotated[Optional[str], Field(alias="error_message")]]
    failures: NotRequired[Annotated[int, Field(alias="failures")]]
    finished_at: NotRequired[Annotated[Optional[datetime.datetime], Field(alias="finished_at")]]
    id: NotRequired[Annotated[uuid.UUID, Field(alias="id")]]
    kind: Annotated[str, Field(alias="kind")]
    product_id: NotRequired[Annotated[Optional[uuid.UUID], Field(alias="product_id")]]
    progress: NotRequired[Annotated[int, Field(alias="progress")]]
    stage: NotRequired[Annotated[str, Field(alias="stage")]]
    started_at: NotRequired[Annotated[Optional[datetime.datetime], Field(alias="started_at")]]
    status: NotRequired[Annotated[str, Field(alias="status")]]
    user_id: NotRequired[Annotated[Optional[uuid.UUID], Field(alias="user_id")]]

class PublicJobsUpdate(TypedDict):
    attempt: NotRequired[Annotated[int, Field(alias="attempt")]]
    crashes: NotRequired[Annotated[int, Field(alias="crashes")]]
    created_at: NotRequired[Annotated[datetime.datetime, Field(alias="created_at")]]
    error_code: NotRequired[Annotated[Optional[str], Field(alias="error_code")]]
    error_message: NotRequired[Annotated[Optional[str], Field(alias="error_message")]]
    failures: NotRequired[Annotated[int, Field(alias="failures")]]
    finished_at: NotRequired[Annotated[Optional[datetime.datetime], Field(alias="finished_at")]]
    id: NotRequired[Annotated[uuid.UUID, Field(alias="id")]]
    kind: NotRequired[Annotated[str, Field(alias="kind")]]
    product_id: NotRequired[Annotated[Optional[uuid.UUID], Field(alias="product_id")]]
    progress: NotRequired[Annotated[int, Field(alias="progress")]]
    stage: NotRequired[Annotated[str, Field(alias="stage")]]
    started_at: NotRequired[Annotated[Optional[datetime.datetime], Field(alias="started_at")]]
    status: NotRequired[Annotated[str, Field(alias="status")]]
    user_id: NotRequired[Annotated[Optional[uuid.UUID], Field(alias="user_id")]]

class PublicNotifications(BaseModel):
    created_at: datetime.datetime = Field(alias="created_at")
    id: uuid.UUID = Field(alias="id")
    kind: str = Field(alias="kind")
    params: JsonValue = Field(alias="params")
    product_id: Optional[uuid.UUID] = Field(alias="product_id")
    read_at: Optional[datetime.datetime] = Field(alias="read_at")
    text: str = Field(alias="text")
    user_id: uuid.UUID = Field(alias="user_id")

class PublicNotificationsInsert(TypedDict):
    created_at: NotRequired[Annotated[datetime.datetime, Field(alias="created_at")]]
    id: NotRequired[Annotated[uuid.UUID, Field(alias="id")]]
    kind: Annotated[str, Field(alias="kind")]
    params: NotRequired[Annotated[JsonValue, Field(alias="params")]]
    product_id: NotRequired[Annotated[Optional[uuid.UUID], Field(alias="product_id")]]
    read_at: NotRequired[Annotated[Optional[datetime.datetime], Field(alias="read_at")]]
    text: Annotated[str, Field(alias="text")]
    user_id: Annotated[uuid.UUID, Field(alias="user_id")]

class PublicNotificationsUpdate(TypedDict):
    created_at: NotRequired[Annotated[datetime.datetime, Field(alias="created_at")]]
    id: NotRequired[Annotated[uuid.UUID, Field(alias="id")]]
    kind: NotRequired[Annotated[str, Field(alias="kind")]]
    params: NotRequired[Annotated[JsonValue, Field(alias="params")]]
    product_id: NotRequired[Annotated[Optional[uuid.UUID], Field(alias="product_id")]]
    read_at: NotRequired[Annotated[Optional[datetime.datetime], Field(alias="read_at")]]
    text: NotRequired[Annotated[str, Field(alias="text")]]
    user_id: NotRequired[Annotated[uuid.UUID, Field(alias="user_id")]]

class PublicPlans(BaseModel):
    analyses_per_month: int = Field(alias="analyses_per_month")
    grace_days: int = Field(alias="grace_days")
    has_transcripts: bool = Field(alias="has_transcripts")
    id: str = Field(alias="id")
    kept_analyses: int = Field(alias="kept_analyses")
    kept_history: int = Field(alias="kept_history")
    max_brand_rules: int = Field(alias="max_brand_rules")
    max_brands: int = Field(alias="max_brands")
    max_products: int = Field(alias="max_products")
    max_scripts: int = Field(alias="max_scripts")
    name: str = Field(alias="name")
    prices: JsonValue = Field(alias="prices")
    rank: int = Field(alias="rank")
    requests_per_minute: int = Field(alias="requests_per_minute")
    scripts_per_month: int = Field(alias="scripts_per_month")
    seats: int = Field(alias="seats")
    watch: str = Field(alias="watch")

class PublicPlansInsert(TypedDict):
    analyses_per_month: Annotated[int, Field(alias="analyses_per_month")]
    grace_days: NotRequired[Annotated[int, Field(alias="grace_days")]]
    has_transcripts: NotRequired[Annotated[bool, Field(alias="has_transcripts")]]
    id: Annotated[str, Field(alias="id")]
    kept_analyses: Annotated[int, Field(alias="kept_analyses")]
    kept_history: NotRequired[Annotated[int, Field(alias="kept_history")]]
    max_brand_rules: Annotated[int, Field(alias="max_brand_rules")]
    max_brands: NotRequired[Annotated[int, Field(alias="max_brands")]]
    max_products: Annotated[int, Field(alias="max_products")]
    max_scripts: Annotated[int, Field(alias="max_scripts")]
    name: Annotated[str, Field(alias="name")]
    prices: NotRequired[Annotated[JsonValue, Field(alias="prices")]]
    rank: Annotated[int, Field(alias="rank")]
    requests_per_minute: Annotated[int, Field(alias="requests_per_minute")]
    scripts_per_month: Annotated[int, Field(alias="scripts_per_month")]
    seats: NotRequired[Annotated[int, Field(alias="seats")]]
    watch: NotRequired[Annotated[str, Field(alias="watch")]]

class PublicPlansUpdate(TypedDict):
    analyses_per_month: NotRequired[Annotated[int, Field(alias="analyses_per_month")]]
    grace_days: NotRequired[Annotated[int, Field(alias="grace_days")]]
    has_transcripts: NotRequired[Annotated[bool, Field(alias="has_transcripts")]]
    id: NotRequired[Annotated[str, Field(alias="id")]]
    kept_analyses: NotRequired[Annotated[int, Field(alias="kept_analyses")]]
    kept_history: NotRequired[Annotated[int, Field(alias="kept_history")]]
    max_brand_rules: NotRequired[Annotated[int, Field(alias="max_brand_rules")]]
    max_brands: NotRequired[Annotated[int, Field(alias="max_brands")]]
    max_products: NotRequired[Annotated[int, Field(alias="max_products")]]
    max_scripts: NotRequired[Annotated[int, Field(alias="max_scripts")]]
    name: NotRequired[Annotated[str, Field(alias="name")]]
    prices: NotRequired[Annotated[JsonValue, Field(alias="prices")]]
    rank: NotRequired[Annotated[int, Field(alias="rank")]]
    requests_per_minute: NotRequired[Annotated[int, Field(alias="requests_per_minute")]]
    scripts_per_month: NotRequired[Annotated[int, Field(alias="scripts_per_month")]]
    seats: NotRequired[Annotated[int, Field(alias="seats")]]
    watch: NotRequired[Annotated[str, Field(alias="watch")]]

class PublicProducts(BaseModel):
    archived_at: Optional[datetime.datetime] = Field(alias="archived_at")
    brand_id: Optional[uuid.UUID] = Field(alias="brand_id")
    created_at: datetime.datetime = Field(alias="created_at")
    created_by: Optional[uuid.UUID] = Field(alias="created_by")
    id: uuid.UUID = Field(alias="id")
    last_analyzed_at: Optional[datetime.datetime] = Field(alias="last_analyzed_at")
    name: str = Field(alias="name")
    source_url: str = Field(alias="source_url")
    tags: List[str] = Field(alias="tags")
    updated_at: datetime.datetime = Field(alias="updated_at")
    updated_by: Optional[uuid.UUID] = Field(alias="updated_by")
    user_id: uuid.UUID = Field(alias="user_id")
    watch: str = Field(alias="watch")

class PublicProductsInsert(TypedDict):
    archived_at: NotRequired[Annotated[Optional[datetime.datetime], Field(alias="archived_at")]]
    brand_id: NotRequired[Annotated[Optional[uuid.UUID], Field(alias="brand_id")]]
    created_at: NotRequired[Annotated[datetime.datetime, Field(alias="created_at")]]
    created_by: NotRequired[Annotated[Optional[uuid.UUID], Field(alias="created_by")]]
    id: NotRequired[Annotated[uuid.UUID, Field(alias="id")]]
    last_analyzed_at: NotRequired[Annotated[Optional[datetime.datetime], Field(alias="last_analyzed_at")]]
    name: Annotated[str, Field(alias="name")]
    source_url: Annotated[str, Field(alias="source_url")]
    tags: NotRequired[Annotated[List[str], Field(alias="tags")]]
    updated_at: NotRequired[Annotated[datetime.datetime, Field(alias="updated_at")]]
    updated_by: NotRequired[Annotated[Optional[uuid.UUID], Field(alias="updated_by")]]
    user_id: NotRequired[Annotated[uuid.UUID, Field(alias="user_id")]]
    watch: NotRequired[Annotated[str, Field(alias="watch")]]

class PublicProductsUpdate(TypedDict):
    archived_at: NotRequired[Annotated[Optional[datetime.datetime], Field(alias="archived_at")]]
    brand_id: NotRequired[Annotated[Optional[uuid.UUID], Field(alias="brand_id")]]
    created_at: NotRequired[Annotated[datetime.datetime, Field(alias="created_at")]]
    created_by: NotRequired[Annotated[Optional[uuid.UUID], Field(alias="created_by")]]
    id: NotRequired[Annotated[uuid.UUID, Field(alias="id")]]
    last_analyzed_at: NotRequired[Annotated[Optional[datetime.datetime], Field(alias="last_analyzed_at")]]
    name: NotRequired[Annotated[str, Field(alias="name")]]
    source_url: NotRequired[Annotated[str, Field(alias="source_url")]]
    tags: NotRequired[Annotated[List[str], Field(alias="tags")]]
    updated_at: NotRequired[Annotated[datetime.datetime, Field(alias="updated_at")]]
    updated_by: NotRequired[Annotated[Optional[uuid.UUID], Field(alias="updated_by")]]
    user_id: NotRequired[Annotated[uuid.UUID, Field(alias="user_id")]]
    watch: NotRequired[Annotated[str, Field(alias="watch")]]

class PublicScriptVersions(BaseModel):
    content: str = Field(alias="content")
    created_at: datetime.datetime = Field(alias="created_at")
    created_by: Optional[uuid.UUID] = Field(alias="created_by")
    id: uuid.UUID = Field(alias="id")
    script_id: uuid.UUID = Field(alias="script_id")
    user_id: uuid.UUID = Field(alias="user_id")
    version: int = Field(alias="version")

class PublicScriptVersionsInsert(TypedDict):
    content: Annotated[str, Field(alias="content")]
    created_at: NotRequired[Annotated[datetime.datetime, Field(alias="created_at")]]
    created_by: NotRequired[Annotated[Optional[uuid.UUID], Field(alias="created_by")]]
    id: NotRequired[Annotated[uuid.UUID, Field(alias="id")]]
    script_id: Annotated[uuid.UUID, Field(alias="script_id")]
    user_id: Annotated[uuid.UUID, Field(alias="user_id")]
    version: Annotated[int, Field(alias="version")]

class PublicScriptVersionsUpdate(TypedDict):
    content: NotRequired[Annotated[str, Field(alias="content")]]
    created_at: NotRequired[Annotated[datetime.datetime, Field(alias="created_at")]]
    created_by: NotRequired[Annotated[Optional[uuid.UUID], Field(alias="created_by")]]
    id: NotRequired[Annotated[uuid.UUID, Field(alias="id")]]
    script_id: NotRequired[Annotated[uuid.UUID, Field(alias="script_id")]]
    user_id: NotRequired[Annotated[uuid.UUID, Field(alias="user_id")]]
    version: NotRequired[Annotated[int, Field(alias="version")]]

class PublicScripts(BaseModel):
    broken_rules: Optional[JsonValue] = Field(alias="broken_rules")
    content: str = Field(alias="content")
    created_at: datetime.datetime = Field(alias="created_at")
    created_by: Optional[uuid.UUID] = Field(alias="created_by")
    id: uuid.UUID = Field(alias="id")
    job_id: Optional[uuid.UUID] = Field(alias="job_id")
    origin: str = Field(alias="origin")
    product_id: uuid.UUID = Field(alias="product_id")
    review: Optional[JsonValue] = Field(alias="review")
    status: str = Field(alias="status")
    title: Optional[str] = Field(alias="title")
    updated_at: datetime.datetime = Field(alias="updated_at")
    updated_by: Optional[uuid.UUID] = Field(alias="updated_by")
    user_id: uuid.UUID = Field(alias="user_id")
    version: int = Field(alias="version")

class PublicScriptsInsert(TypedDict):
    broken_rules: NotRequired[Annotated[Optional[JsonValue], Field(alias="broken_rules")]]
    content: Annotated[str, Field(alias="content")]
    created_at: NotRequired[Annotated[datetime.datetime, Field(alias="created_at")]]
    created_by: NotRequired[Annotated[Optional[uuid.UUID], Field(alias="created_by")]]
    id: NotRequired[Annotated[uuid.UUID, Field(alias="id")]]
    job_id: NotRequired[Annotated[Optional[uuid.UUID], Field(alias="job_id")]]
    origin: NotRequired[Annotated[str, Field(alias="origin")]]
    product_id: Annotated[uuid.UUID, Field(alias="product_id")]
    review: NotRequired[Annotated[Optional[JsonValue], Field(alias="review")]]
    status: NotRequired[Annotated[str, Field(alias="status")]]
    title: NotRequired[Annotated[Optional[str], Field(alias="title")]]
    updated_at: NotRequired[Annotated[datetime.datetime, Field(alias="updated_at")]]
    updated_by: NotRequired[Annotated[Optional[uuid.UUID], Field(alias="updated_by")]]
    user_id: NotRequired[Annotated[uuid.UUID, Field(alias="user_id")]]
    version: NotRequired[Annotated[int, Field(alias="version")]]

class PublicScriptsUpdate(TypedDict):
    broken_rules: NotRequired[Annotated[Optional[JsonValue], Field(alias="broken_rules")]]
    content: NotRequired[Annotated[str, Field(alias="content")]]
    created_at: NotRequired[Annotated[datetime.datetime, Field(alias="created_at")]]
    created_by: NotRequired[Annotated[Optional[uuid.UUID], Field(alias="created_by")]]
    id: NotRequired[Annotated[uuid.UUID, Field(alias="id")]]
    job_id: NotRequired[Annotated[Optional[uuid.UUID], Field(alias="job_id")]]
    origin: NotRequired[Annotated[str, Field(alias="origin")]]
    product_id: NotRequired[Annotated[uuid.UUID, Field(alias="product_id")]]
    review: NotRequired[Annotated[Optional[JsonValue], Field(alias="review")]]
    status: NotRequired[Annotated[str, Field(alias="status")]]
    title: NotRequired[Annotated[Optional[str], Field(alias="title")]]
    updated_at: NotRequired[Annotated[datetime.datetime, Field(alias="updated_at")]]
    updated_by: NotRequired[Annotated[Optional[uuid.UUID], Field(alias="updated_by")]]
    user_id: NotRequired[Annotated[uuid.UUID, Field(alias="user_id")]]
    version: NotRequired[Annotated[int, Field(alias="version")]]

class PublicShares(BaseModel):
    created_at: datetime.datetime = Field(alias="created_at")
    expires_at: datetime.datetime = Field(alias="expires_at")
    id: uuid.UUID = Field(alias="id")
    pack_id: uuid.UUID = Field(alias="pack_id")
    user_id: uuid.UUID = Field(alias="user_id")

class PublicSharesInsert(TypedDict):
    created_at: NotRequired[Annotated[datetime.datetime, Field(alias="created_at")]]
    expires_at: Annotated[datetime.datetime, Field(alias="expires_at")]
    id: NotRequired[Annotated[uuid.UUID, Field(alias="id")]]
    pack_id: Annotated[uuid.UUID, Field(alias="pack_id")]
    user_id: Annotated[uuid.UUID, Field(alias="user_id")]

class PublicSharesUpdate(TypedDict):
    created_at: NotRequired[Annotated[datetime.datetime, Field(alias="created_at")]]
    expires_at: NotRequired[Annotated[datetime.datetime, Field(alias="expires_at")]]
    id: NotRequired[Annotated[uuid.UUID, Field(alias="id")]]
    pack_id: NotRequired[Annotated[uuid.UUID, Field(alias="pack_id")]]
    user_id: NotRequired[Annotated[uuid.UUID, Field(alias="user_id")]]

class PublicSubscriptions(BaseModel):
    cancel_at: Optional[datetime.datetime] = Field(alias="cancel_at")
    cancel_at_period_end: bool = Field(alias="cancel_at_period_end")
    canceled_at: Optional[datetime.datetime] = Field(alias="canceled_at")
    created_at: datetime.datetime = Field(alias="created_at")
    current_period_end: Optional[datetime.datetime] = Field(alias="current_period_end")
    current_period_start: Optional[datetime.datetime] = Field(alias="current_period_start")
    id: uuid.UUID = Field(alias="id")
    past_due_at: Optional[datetime.datetime] = Field(alias="past_due_at")
    pause_collection: Optional[str] = Field(alias="pause_collection")
    plan: Optional[str] = Field(alias="plan")
    status: str = Field(alias="status")
    stripe_subscription_id: str = Field(alias="stripe_subscription_id")
    trial_end: Optional[datetime.datetime] = Field(alias="trial_end")
    updated_at: datetime.datetime = Field(alias="updated_at")
    user_id: uuid.UUID = Field(alias="user_id")

class PublicSubscriptionsInsert(TypedDict):
    cancel_at: NotRequired[Annotated[Optional[datetime.datetime], Field(alias="cancel_at")]]
    cancel_at_period_end: NotRequired[Annotated[bool, Field(alias="cancel_at_period_end")]]
    canceled_at: NotRequired[Annotated[Optional[datetime.datetime], Field(alias="canceled_at")]]
    created_at: NotRequired[Annotated[datetime.datetime, Field(alias="created_at")]]
    current_period_end: NotRequired[Annotated[Optional[datetime.datetime], Field(alias="current_period_end")]]
    current_period_start: NotRequired[Annotated[Optional[datetime.datetime], Field(alias="current_period_start")]]
    id: NotRequired[Annotated[uuid.UUID, Field(alias="id")]]
    past_due_at: NotRequired[Annotated[Optional[datetime.datetime], Field(alias="past_due_at")]]
    pause_collection: NotRequired[Annotated[Optional[str], Field(alias="pause_collection")]]
    plan: NotRequired[Annotated[Optional[str], Field(alias="plan")]]
    status: Annotated[str, Field(alias="status")]
    stripe_subscription_id: Annotated[str, Field(alias="stripe_subscription_id")]
    trial_end: NotRequired[Annotated[Optional[datetime.datetime], Field(alias="trial_end")]]
    updated_at: NotRequired[Annotated[datetime.datetime, Field(alias="updated_at")]]
    user_id: Annotated[uuid.UUID, Field(alias="user_id")]

class PublicSubscriptionsUpdate(TypedDict):
    cancel_at: NotRequired[Annotated[Optional[datetime.datetime], Field(alias="cancel_at")]]
    cancel_at_period_end: NotRequired[Annotated[bool, Field(alias="cancel_at_period_end")]]
    canceled_at: NotRequired[Annotated[Optional[datetime.datetime], Field(alias="canceled_at")]]
    created_at: NotRequired[Annotated[datetime.datetime, Field(alias="created_at")]]
    current_period_end: NotRequired[Annotated[Optional[datetime.datetime], Field(alias="current_period_end")]]
    current_period_start: NotRequired[Annotated[Optional[datetime.datetime], Field(alias="current_period_start")]]
    id: NotRequired[Annotated[uuid.UUID, Field(alias="id")]]
    past_due_at: NotRequired[Annotated[Optional[datetime.datetime], Field(alias="past_due_at")]]
    pause_collection: NotRequired[Annotated[Optional[str], Field(alias="pause_collection")]]
    plan: NotRequired[Annotated[Optional[str], Field(alias="plan")]]
    status: NotRequired[Annotated[str, Field(alias="status")]]
    stripe_subscription_id: NotRequired[Annotated[str, Field(alias="stripe_subscription_id")]]
    trial_end: NotRequired[Annotated[Optional[datetime.datetime], Field(alias="trial_end")]]
    updated_at: NotRequired[Annotated[datetime.datetime, Field(alias="updated_at")]]
    user_id: NotRequired[Annotated[uuid.UUID, Field(alias="user_id")]]

class PublicViralityPacks(BaseModel):
    configuration: JsonValue = Field(alias="configuration")
    created_at: datetime.datetime = Field(alias="created_at")
    expires_at: Optional[datetime.datetime] = Field(alias="expires_at")
    headline: Optional[str] = Field(alias="headline")
    id: uuid.UUID = Field(alias="id")
    job_id: Optional[uuid.UUID] = Field(alias="job_id")
    name: str = Field(alias="name")
    previous_score: Optional[float] = Field(alias="previous_score")
    product_id: uuid.UUID = Field(alias="product_id")
    score: Optional[float] = Field(alias="score")
    score_band: Optional[str] = Field(alias="score_band")
    user_id: uuid.UUID = Field(alias="user_id")

class PublicViralityPacksInsert(TypedDict):
    configuration: Annotated[JsonValue, Field(alias="configuration")]
    created_at: NotRequired[Annotated[datetime.datetime, Field(alias="created_at")]]
    expires_at: NotRequired[Annotated[Optional[datetime.datetime], Field(alias="expires_at")]]
    headline: NotRequired[Annotated[Optional[str], Field(alias="headline")]]
    id: NotRequired[Annotated[uuid.UUID, Field(alias="id")]]
    job_id: NotRequired[Annotated[Optional[uuid.UUID], Field(alias="job_id")]]
    name: Annotated[str, Field(alias="name")]
    previous_score: NotRequired[Annotated[Optional[float], Field(alias="previous_score")]]
    product_id: Annotated[uuid.UUID, Field(alias="product_id")]
    score: NotRequired[Annotated[Optional[float], Field(alias="score")]]
    score_band: NotRequired[Annotated[Optional[str], Field(alias="score_band")]]
    user_id: Annotated[uuid.UUID, Field(alias="user_id")]

class PublicViralityPacksUpdate(TypedDict):
    configuration: NotRequired[Annotated[JsonValue, Field(alias="configuration")]]
    created_at: NotRequired[Annotated[datetime.datetime, Field(alias="created_at")]]
    expires_at: NotRequired[Annotated[Optional[datetime.datetime], Field(alias="expires_at")]]
    headline: NotRequired[Annotated[Optional[str], Field(alias="headline")]]
    id: NotRequired[Annotated[uuid.UUID, Field(alias="id")]]
    job_id: NotRequired[Annotated[Optional[uuid.UUID], Field(alias="job_id")]]
    name: NotRequired[Annotated[str, Field(alias="name")]]
    previous_score: NotRequired[Annotated[Optional[float], Field(alias="previous_score")]]
    product_id: NotRequired[Annotated[uuid.UUID, Field(alias="product_id")]]
    score: NotRequired[Annotated[Optional[float], Field(alias="score")]]
    score_band: NotRequired[Annotated[Optional[str], Field(alias="score_band")]]
    user_id: NotRequired[Annotated[uuid.UUID, Field(alias="user_id")]]

class PublicWebhookDeliveries(BaseModel):
    attempts: int = Field(alias="attempts")
    created_at: datetime.datetime = Field(alias="created_at")
    endpoint_id: uuid.UUID = Field(alias="endpoint_id")
    finished_at: Optional[datetime.datetime] = Field(alias="finished_at")
    id: uuid.UUID = Field(alias="id")
    kind: str = Field(alias="kind")
    last_attempt_at: Optional[datetime.datetime] = Field(alias="last_attempt_at")
    next_attempt_at: Optional[datetime.datetime] = Field(alias="next_attempt_at")
    payload: JsonValue = Field(alias="payload")
    problem: Optional[str] = Field(alias="problem")
    response_status: Optional[int] = Field(alias="response_status")
    status: str = Field(alias="status")
    user_id: uuid.UUID = Field(alias="user_id")

class PublicWebhookDeliveriesInsert(TypedDict):
    attempts: NotRequired[Annotated[int, Field(alias="attempts")]]
    created_at: NotRequired[Annotated[datetime.datetime, Field(alias="created_at")]]
    endpoint_id: Annotated[uuid.UUID, Field(alias="endpoint_id")]
    finished_at: NotRequired[Annotated[Optional[datetime.datetime], Field(alias="finished_at")]]
    id: NotRequired[Annotated[uuid.UUID, Field(alias="id")]]
    kind: Annotated[str, Field(alias="kind")]
    last_attempt_at: NotRequired[Annotated[Optional[datetime.datetime], Field(alias="last_attempt_at")]]
    next_attempt_at: NotRequired[Annotated[Optional[datetime.datetime], Field(alias="next_attempt_at")]]
    payload: Annotated[JsonValue, Field(alias="payload")]
    problem: NotRequired[Annotated[Optional[str], Field(alias="problem")]]
    response_status: NotRequired[Annotated[Optional[int], Field(alias="response_status")]]
    status: NotRequired[Annotated[str, Field(alias="status")]]
    user_id: Annotated[uuid.UUID, Field(alias="user_id")]

class PublicWebhookDeliveriesUpdate(TypedDict):
    attempts: NotRequired[Annotated[int, Field(alias="attempts")]]
    created_at: NotRequired[Annotated[datetime.datetime, Field(alias="created_at")]]
    endpoint_id: NotRequired[Annotated[uuid.UUID, Field(alias="endpoint_id")]]
    finished_at: NotRequired[Annotated[Optional[datetime.datetime], Field(alias="finished_at")]]
    id: NotRequired[Annotated[uuid.UUID, Field(alias="id")]]
    kind: NotRequired[Annotated[str, Field(alias="kind")]]
    last_attempt_at: NotRequired[Annotated[Optional[datetime.datetime], Field(alias="last_attempt_at")]]
    next_attempt_at: NotRequired[Annotated[Optional[datetime.datetime], Field(alias="next_attempt_at")]]
    payload: NotRequired[Annotated[JsonValue, Field(alias="payload")]]
    problem: NotRequired[Annotated[Optional[str], Field(alias="problem")]]
    response_status: NotRequired[Annotated[Optional[int], Field(alias="response_status")]]
    status: NotRequired[Annotated[str, Field(alias="status")]]
    user_id: NotRequired[Annotated[uuid.UUID, Field(alias="user_id")]]

class PublicWebhookEndpoints(BaseModel):
    created_at: datetime.datetime = Field(alias="created_at")
    description: str = Field(alias="description")
    disabled_at: Optional[datetime.datetime] = Field(alias="disabled_at")
    disabled_reason: Optional[str] = Field(alias="disabled_reason")
    id: uuid.UUID = Field(alias="id")
    kinds: List[str] = Field(alias="kinds")
    updated_at: datetime.datetime = Field(alias="updated_at")
    url: str = Field(alias="url")
    user_id: uuid.UUID = Field(alias="user_id")

class PublicWebhookEndpointsInsert(TypedDict):
    created_at: NotRequired[Annotated[datetime.datetime, Field(alias="created_at")]]
    description: NotRequired[Annotated[str, Field(alias="description")]]
    disabled_at: NotRequired[Annotated[Optional[datetime.datetime], Field(alias="disabled_at")]]
    disabled_reason: NotRequired[Annotated[Optional[str], Field(alias="disabled_reason")]]
    id: NotRequired[Annotated[uuid.UUID, Field(alias="id")]]
    kinds: NotRequired[Annotated[List[str], Field(alias="kinds")]]
    updated_at: NotRequired[Annotated[datetime.datetime, Field(alias="updated_at")]]
    url: Annotated[str, Field(alias="url")]
    user_id: NotRequired[Annotated[uuid.UUID, Field(alias="user_id")]]

class PublicWebhookEndpointsUpdate(TypedDict):
    created_at: NotRequired[Annotated[datetime.datetime, Field(alias="created_at")]]
    description: NotRequired[Annotated[str, Field(alias="description")]]
    disabled_at: NotRequired[Annotated[Optional[datetime.datetime], Field(alias="disabled_at")]]
    disabled_reason: NotRequired[Annotated[Optional[str], Field(alias="disabled_reason")]]
    id: NotRequired[Annotated[uuid.UUID, Field(alias="id")]]
    kinds: NotRequired[Annotated[List[str], Field(alias="kinds")]]
    updated_at: NotRequired[Annotated[datetime.datetime, Field(alias="updated_at")]]
    url: NotRequired[Annotated[str, Field(alias="url")]]
    user_id: NotRequired[Annotated[uuid.UUID, Field(alias="user_id")]]

class PublicProductComparison(BaseModel):
    analysed_at: Optional[datetime.datetime] = Field(alias="analysed_at")
    band: Optional[str] = Field(alias="band")
    compared_id: uuid.UUID = Field(alias="compared_id")
    complaints: Optional[List[str]] = Field(alias="complaints")
    currency: Optional[str] = Field(alias="currency")
    is_competitor: Optional[bool] = Field(alias="is_competitor")
    is_sold_out: Optional[bool] = Field(alias="is_sold_out")
    name: str = Field(alias="name")
    net: Optional[float] = Field(alias="net")
    net_high: Optional[float] = Field(alias="net_high")
    net_low: Optional[float] = Field(alias="net_low")
    price: Optional[float] = Field(alias="price")
    product_id: Optional[uuid.UUID] = Field(alias="product_id")
    stands_out: Optional[float] = Field(alias="stands_out")
    stands_out_high: Optional[float] = Field(alias="stands_out_high")
    stands_out_low: Optional[float] = Field(alias="stands_out_low")
    views_per_hour: Optional[float] = Field(alias="views_per_hour")

class PublicProductHistory(BaseModel):
    analysed_at: datetime.datetime = Field(alias="analysed_at")
    band: Optional[str] = Field(alias="band")
    complaints: List[str] = Field(alias="complaints")
    is_hit: Optional[bool] = Field(alias="is_hit")
    judged_at: Optional[datetime.datetime] = Field(alias="judged_at")
    net: Optional[float] = Field(alias="net")
    net_high: Optional[float] = Field(alias="net_high")
    net_low: Optional[float] = Field(alias="net_low")
    product_id: uuid.UUID = Field(alias="product_id")
    ratio: Optional[float] = Field(alias="ratio")
    ratio_high: Optional[float] = Field(alias="ratio_high")
    ratio_low: Optional[float] = Field(alias="ratio_low")
    stands_out: Optional[float] = Field(alias="stands_out")
    stands_out_high: Optional[float] = Field(alias="stands_out_high")
    stands_out_low: Optional[float] = Field(alias="stands_out_low")
    views_per_hour: Optional[float] = Field(alias="views_per_hour")

class PublicProductOverview(BaseModel):
    archived_at: Optional[datetime.datetime] = Field(alias="archived_at")
    brand_id: Optional[uuid.UUID] = Field(alias="brand_id")
    created_at: datetime.datetime = Field(alias="created_at")
    created_by: Optional[uuid.UUID] = Field(alias="created_by")
    headline: Optional[str] = Field(alias="headline")
    id: uuid.UUID = Field(alias="id")
    is_sample: Optional[bool] = Field(alias="is_sample")
    job_error_code: Optional[str] = Field(alias="job_error_code")
    job_error_message: Optional[str] = Field(alias="job_error_message")
    job_id: Optional[uuid.UUID] = Field(alias="job_id")
    job_kind: Optional[str] = Field(alias="job_kind")
    job_progress: Optional[int] = Field(alias="job_progress")
    job_stage: Optional[str] = Field(alias="job_stage")
    job_status: Optional[str] = Field(alias="job_status")
    last_analyzed_at: Optional[datetime.datetime] = Field(alias="last_analyzed_at")
    name: str = Field(alias="name")
    pack_created_at: Optional[datetime.datetime] = Field(alias="pack_created_at")
    pack_expires_at: Optional[datetime.datetime] = Field(alias="pack_expires_at")
    pack_id: Optional[uuid.UUID] = Field(alias="pack_id")
    pack_name: Optional[str] = Field(alias="pack_name")
    pack_score: Optional[float] = Field(alias="pack_score")
    previous_score: Optional[float] = Field(alias="previous_score")
    score_band: Optional[str] = Field(alias="score_band")
    script_count: Optional[int] = Field(alias="script_count")
    sentiment_label: Optional[str] = Field(alias="sentiment_label")
    sentiment_net: Optional[float] = Field(alias="sentiment_net")
    source_kind: Optional[str] = Field(alias="source_kind")
    source_url: str = Field(alias="source_url")
    tags: List[str] = Field(alias="tags")
    updated_at: datetime.datetime = Field(alias="updated_at")
    updated_by: Optional[uuid.UUID] = Field(alias="updated_by")
    user_id: uuid.UUID = Field(alias="user_id")
    watch: str = Field(alias="watch")
