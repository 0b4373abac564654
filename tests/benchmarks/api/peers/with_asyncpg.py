"""FastAPI with asyncpg: the API a team would write by hand, under the same policies."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

import asyncpg
from fastapi import Depends, FastAPI, HTTPException

from tests.benchmarks.api.peers import queries
from tests.benchmarks.api.peers.shapes import Job, NewProduct, Order, Overview, Product

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

Claims = Annotated[str, Depends(queries.signed_in)]
_BECOME = queries.BECOME.format(claims="$1")
_pool: asyncpg.Pool


@asynccontextmanager
async def _lifespan(_: FastAPI) -> AsyncIterator[None]:
    global _pool
    async with asyncpg.create_pool(
        queries.DATABASE_URL, min_size=queries.POOL_SIZE, max_size=queries.POOL_SIZE
    ) as _pool:
        yield


app = FastAPI(lifespan=_lifespan)


async def _rows(claims: str, query: str, *parameters: object) -> list[dict[str, object]]:
    async with _pool.acquire() as db, db.transaction():
        await db.execute(_BECOME, claims)
        return [dict(row) for row in await db.fetch(query, *parameters)]


@app.get("/products")
async def products(claims: Claims) -> list[Product]:
    return await _rows(claims, queries.LIST)


@app.get("/products/{id}")
async def product(claims: Claims, id: UUID) -> Product:  # noqa: A002
    for row in await _rows(claims, queries.GET.format(id="$1"), id):
        return row
    raise HTTPException(404)


@app.post("/products", status_code=201)
async def add(claims: Claims, new: NewProduct) -> Product:
    query = queries.INSERT.format(name="$1", url="$2")
    [row] = await _rows(claims, query, new.name, new.source_url)
    return row


@app.post("/analysis")
async def run(claims: Claims, order: Order) -> Job:
    [row] = await _rows(claims, queries.RUN.format(id="$1"), order.product_id)
    return row


@app.get("/overview")
async def overview(claims: Claims) -> list[Overview]:
    return await _rows(claims, queries.OVERVIEW)
