"""FastAPI with asyncpg: the API a team would write by hand, under the same policies."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated
from uuid import UUID

import asyncpg
from fastapi import Depends, FastAPI, HTTPException, Response

from tests.benchmarks.api.peers import queries
from tests.benchmarks.api.peers.shapes import Job, NewProduct, Order, Overview, Product

Caller = Annotated[queries.Caller, Depends(queries.caller)]
_BECOME = queries.BECOME.format(claims="$1", method="$2", path="$3", headers="$4")
_pool: asyncpg.Pool


@asynccontextmanager
async def _lifespan(_: FastAPI) -> AsyncIterator[None]:
    global _pool
    async with asyncpg.create_pool(
        queries.DATABASE_URL, min_size=queries.POOL_SIZE, max_size=queries.POOL_SIZE
    ) as _pool:
        yield


app = FastAPI(lifespan=_lifespan)


async def _rows(
    caller: Caller, response: Response, path: str, query: str, *parameters: object
) -> list[dict[str, object]]:
    async with _pool.acquire() as db, db.transaction():
        await db.execute(_BECOME, *caller.settings(path).values())
        if queries.BEFORE:
            row = await db.fetchrow(queries.BEFORE)
            response.headers.update(queries.answer_headers(row[1]))
        return [dict(row) for row in await db.fetch(query, *parameters)]


@app.get("/products")
async def products(caller: Caller, response: Response) -> list[Product]:
    return await _rows(caller, response, "/products", queries.LIST)


@app.get("/products/{id}")
async def product(caller: Caller, response: Response, id: UUID) -> Product:  # noqa: A002
    for row in await _rows(caller, response, "/products", queries.GET.format(id="$1"), id):
        return row
    raise HTTPException(404)


@app.post("/products", status_code=201)
async def add(caller: Caller, response: Response, new: NewProduct) -> Product:
    query = queries.INSERT.format(name="$1", url="$2")
    [row] = await _rows(caller, response, "/products", query, new.name, new.source_url)
    return row


@app.post("/analysis")
async def run(caller: Caller, response: Response, order: Order) -> Job:
    query = queries.RUN.format(id="$1")
    [row] = await _rows(caller, response, "/rpc/run_analysis", query, order.product_id)
    return row


@app.get("/overview")
async def overview(caller: Caller, response: Response) -> list[Overview]:
    return await _rows(caller, response, "/product_overview", queries.OVERVIEW)
