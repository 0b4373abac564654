"""FastAPI with SQLAlchemy's ORM over asyncpg, as FastAPI's and SQLAlchemy's guides have it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import Depends, FastAPI, HTTPException, Request, Response
from sqlalchemy import ARRAY, FetchedValue, Text, select, text
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from tests.benchmarks.api.peers import queries
from tests.benchmarks.api.peers.shapes import Job, NewProduct, Order, Overview, Product

app = FastAPI()
_engine = create_async_engine(queries.DATABASE_URL, pool_size=queries.POOL_SIZE, max_overflow=0)
_sessions = async_sessionmaker(_engine, expire_on_commit=False)
_BECOME = text(
    queries.BECOME.format(claims=":claims", method=":method", path=":path", headers=":headers")
)
_BEFORE = text(queries.BEFORE) if queries.BEFORE else None
# By the routes' paths, as PostgREST would have them.
_PATHS = {"/overview": "/product_overview", "/analysis": "/rpc/run_analysis"}


class Base(DeclarativeBase):
    __table_args__ = {"schema": "public"}  # noqa: RUF012 - as SQLAlchemy's guide has it


class Products(Base):
    __tablename__ = "products"
    id: Mapped[UUID] = mapped_column(primary_key=True, server_default=FetchedValue())
    user_id: Mapped[UUID] = mapped_column(server_default=FetchedValue())
    name: Mapped[str]
    source_url: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(server_default=FetchedValue())
    updated_at: Mapped[datetime] = mapped_column(server_default=FetchedValue())
    last_analyzed_at: Mapped[datetime | None] = mapped_column(server_default=FetchedValue())
    watch: Mapped[str] = mapped_column(server_default=FetchedValue())
    created_by: Mapped[UUID | None] = mapped_column(server_default=FetchedValue())
    updated_by: Mapped[UUID | None] = mapped_column(server_default=FetchedValue())
    brand_id: Mapped[UUID | None] = mapped_column(server_default=FetchedValue())
    tags: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default=FetchedValue())
    archived_at: Mapped[datetime | None] = mapped_column(server_default=FetchedValue())
    __mapper_args__ = {"eager_defaults": True}  # noqa: RUF012


async def _session(
    caller: Annotated[queries.Caller, Depends(queries.caller)],
    request: Request,
    response: Response,
) -> AsyncIterator[AsyncSession]:
    async with _sessions() as session, session.begin():
        path = _PATHS.get(request.url.path, "/products")
        await session.execute(_BECOME, caller.settings(path))
        if _BEFORE is not None:
            row = (await session.execute(_BEFORE)).one()
            response.headers.update(queries.answer_headers(row[1]))
        yield session


Session = Annotated[AsyncSession, Depends(_session)]


@app.get("/products")
async def products(session: Session) -> list[Product]:
    newest = select(Products).order_by(Products.created_at.desc(), Products.id.desc()).limit(20)
    return list(await session.scalars(newest))


@app.get("/products/{id}")
async def product(session: Session, id: UUID) -> Product:  # noqa: A002
    found = await session.get(Products, id)
    if found is None:
        raise HTTPException(404)
    return found


@app.post("/products", status_code=201)
async def add(session: Session, new: NewProduct) -> Product:
    row = Products(**new.model_dump())
    session.add(row)
    await session.flush()
    return row


@app.post("/analysis")
async def run(session: Session, order: Order) -> Job:
    result = await session.execute(text(queries.RUN.format(id=":id")), {"id": order.product_id})
    return result.mappings().one()


@app.get("/overview")
async def overview(session: Session) -> list[Overview]:
    result = await session.execute(text(queries.OVERVIEW))
    return list(result.mappings())
