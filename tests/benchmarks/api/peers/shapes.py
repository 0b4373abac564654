"""The answers of the Python peers, as pydantic models."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel, ConfigDict


class NewProduct(BaseModel):
    """The body of an insert."""

    name: str
    source_url: str


class Order(BaseModel):
    """The body of `run_analysis`."""

    product_id: UUID


class Product(BaseModel):
    """A row of `products`."""

    model_config = ConfigDict(from_attributes=True)
    id: UUID
    user_id: UUID
    name: str
    source_url: str
    created_at: datetime
    updated_at: datetime
    last_analyzed_at: datetime | None
    watch: str
    created_by: UUID | None
    updated_by: UUID | None
    brand_id: UUID | None
    tags: list[str]
    archived_at: datetime | None


class Job(BaseModel):
    """A row of `jobs`."""

    model_config = ConfigDict(from_attributes=True)
    id: UUID
    user_id: UUID | None
    product_id: UUID | None
    kind: str
    status: str
    stage: str
    progress: int
    failures: int
    crashes: int
    attempt: int
    error_code: str | None
    error_message: str | None
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None


class Overview(Product):
    """A row of `product_overview`."""

    pack_id: UUID | None
    pack_name: str | None
    pack_score: float | None
    score_band: str | None
    headline: str | None
    pack_created_at: datetime | None
    sentiment_label: str | None
    sentiment_net: float | None
    job_id: UUID | None
    job_kind: str | None
    job_status: str | None
    job_stage: str | None
    job_progress: int | None
    job_error_code: str | None
    job_error_message: str | None
    is_sample: bool | None
    pack_expires_at: datetime | None
    previous_score: float | None
    script_count: int
    source_kind: str | None
