"""The peers of `make bench-api` answer with the columns that our API has."""

from __future__ import annotations

import pytest
from pydantic import BaseModel

from tests.benchmarks.api.peers.shapes import Job, Overview, Product
from tests.database import Database


@pytest.mark.parametrize(
    ("shape", "relation"),
    [(Product, "products"), (Job, "jobs"), (Overview, "product_overview")],
)
def test_a_peer_has_the_columns_of_ours(db: Database, shape: type[BaseModel], relation: str):
    columns = db.rows(
        "select attname from pg_attribute where attrelid = %s::regclass and attnum > 0"
        " and not attisdropped",
        f"public.{relation}",
    )
    assert {row["attname"] for row in columns} == set(shape.model_fields)
