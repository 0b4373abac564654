"""What all documents of an analysis have in common: evidence, confidence, who computed it.

The documents themselves, the JSON that frontends build on, are in `sentiment_shapes`,
`virality_shapes` and `pack_shapes`. A number that could not be measured is null beside a `status`
or a `reason`, never zero.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

SCHEMA_VERSION: Literal["1.0"] = "1.0"


Interval = tuple[float, float]


EvidenceIds = tuple[str, ...]


Share = Annotated[float, Field(ge=0, le=1)]


Net = Annotated[float, Field(ge=-1, le=1)]


class Shape(BaseModel):
    """Frozen, and strict about names: a typo fails a test instead of reaching a frontend."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


class Evidence(Shape):
    """What a claim rests on, in our words: never in those of the person who wrote it."""

    id: str
    kind: Literal["comment", "review", "video", "product_fact", "benchmark"]
    paraphrase: Annotated[str, Field(max_length=140)]
    n: int
    label: str | None = None
    url: str | None = None
    source_ref: str


class Confidence(Shape):
    level: Literal["high", "medium", "low", "insufficient_data"]
    score: Share
    reasons: tuple[str, ...]


class Grounding(Shape):
    """`claims` were made, `cited` name evidence, `verified` name evidence that exists."""

    claims: int
    cited: int
    verified: int
    dropped: int


class Usage(Shape):
    input_tokens: int = 0
    output_tokens: int = 0
    cost_usd: float = 0.0


class Engine(Shape):
    """Who computed this; `input_hash` is keyed: it tells only whether two inputs are equal."""

    provider: str
    model: str
    version: str
    prompt_version: str | None = None
    input_hash: str
    usage: Usage = Usage()
    fallback_used: bool = False


class Document(Shape):
    """What every result carries beside its own content."""

    schema_version: Literal["1.0"] = SCHEMA_VERSION
    evidence: tuple[Evidence, ...]
    confidence: Confidence
    grounding: Grounding
    engine: Engine
    limits: tuple[str, ...]
    as_of: datetime
