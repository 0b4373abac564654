"""`make demo`: what a frontend does, from sign-in to the virality pack, with supabase-py."""

from __future__ import annotations

import time
from typing import Any

from postgrest.exceptions import APIError
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from supabase import Client, ClientOptions, create_client

from core.config import LocalSettings
from local import clerk, environment, stack
from local.demo import pack_view
from local.layout import Layout

Row = dict[str, Any]

USER = "demo"
PRODUCT = "Marlow Cold Brew Bottle"
# No shop can have this reserved domain. The embedded sample data serves it.
SOURCE_URL = "https://shop.creatorscook.example/products/cold-brew-bottle"
_JOB_SECONDS = 60.0
_POLL_SECONDS = 0.1
_ENDED = frozenset({"succeeded", "failed", "cancelled"})


class DemoError(RuntimeError):
    """There is no pack; the message says why."""


def run(settings: LocalSettings) -> None:
    """Brings the stack up, plays the flow once and prints the pack; raises DemoError."""
    console = Console(highlight=False)
    layout = stack.up(settings, console.print)
    token = clerk.sign_in(settings, layout, USER)
    console.print(f"Signed in as the local user “{USER}” ({token.user_id})")
    client = connect(settings, layout, token.text)
    found = client.table("products").select("*").eq("source_url", SOURCE_URL).execute().data
    product = _one(found) if found else _add(client)
    console.print(f"{'Found' if found else 'Added'} the product “{product['name']}”")
    # Adding a product queues its analysis in the same transaction.
    job = _restart(client, product, console) if found else _latest(client, "jobs", product["id"])
    _wait(client, job, console)
    pack = _latest(client, "virality_packs", product["id"])
    breakdown = _latest(client, "analysis_results", product["id"], type="virality_breakdown")
    sentiment = _latest(client, "analysis_results", product["id"], type="sentiment_summary")
    console.print(
        pack_view.render(
            pack["name"], pack["configuration"], breakdown["content"], sentiment["content"]
        )
    )
    # Not wrapped: a command must survive being copied.
    console.print(_next_steps(settings, product["id"]), soft_wrap=True, markup=False)


def connect(settings: LocalSettings, layout: Layout, access_token: str) -> Client:
    """A Supabase client that acts as the token's account."""
    published = environment.published(settings, layout)
    options = ClientOptions(headers={"Authorization": f"Bearer {access_token}"})
    return create_client(published["API_URL"], published["ANON_KEY"], options)


def _add(client: Client) -> Row:
    added = client.table("products").insert({"name": PRODUCT, "source_url": SOURCE_URL}).execute()
    return _one(added.data)


def _restart(client: Client, product: Row, console: Console) -> Row | None:
    """The analysis in flight, or a new one; None if the plan allows no more this month."""
    try:
        return _one(client.rpc("run_analysis", {"product_id": product["id"]}).execute().data)
    except APIError as error:
        if error.code != "quota_exceeded":
            raise
        console.print(f"[yellow]{error.message} Showing the pack of the last run.[/yellow]")
        return None


def _wait(client: Client, job: Row | None, console: Console) -> None:
    """Shows the job's progress until it ends; raises DemoError unless it succeeded."""
    if job is None:
        return
    columns = (TextColumn("{task.description:12}"), BarColumn(), TimeElapsedColumn())
    deadline = time.monotonic() + _JOB_SECONDS
    with Progress(*columns, console=console) as progress:
        bar = progress.add_task("queued", total=100)
        while True:
            job = _one(client.table("jobs").select("*").eq("id", job["id"]).execute().data)
            progress.update(bar, completed=job["progress"], description=job["stage"])
            if job["status"] in _ENDED:
                break
            if time.monotonic() > deadline:
                raise DemoError(
                    f"The analysis is still {job['status']} after {_JOB_SECONDS:.0f} s."
                )
            time.sleep(_POLL_SECONDS)
    if job["status"] != "succeeded":
        raise DemoError(f"The analysis {job['status']}: {job['error_message']}")


def _latest(client: Client, table: str, product_id: str, **equal: str) -> Row:
    query = client.table(table).select("*").eq("product_id", product_id)
    for column, value in equal.items():
        query = query.eq(column, value)
    rows = query.order("created_at", desc=True).limit(1).execute().data
    if not rows:
        raise DemoError(f"There is no row of {table} for the product.")
    return _one(rows)


def _one(data: Any) -> Row:
    return dict(data[0] if isinstance(data, list) else data)


def _next_steps(settings: LocalSettings, product_id: str) -> str:
    rest = f"{environment.api_url(settings)}/rest/v1"
    ours = f'-H "Authorization: Bearer $(make -s token NAME={USER})"'
    theirs = '-H "Authorization: Bearer $(make -s token NAME=bob)"'
    added = """-H "Content-Type: application/json" -d '{"name": "…", "source_url": "https://…"}'"""
    return f"""
Try next
  The same in a browser, once `make dashboard` has built it; sign in as {USER}:
    {environment.api_url(settings)}/products/{product_id}
  The dashboard's list, then this pack, over HTTP:
    curl -s "{rest}/product_overview" {ours}
    curl -s "{rest}/virality_packs?product_id=eq.{product_id}" {ours}
  A product of your own: any shop's page (a TikTok link needs APIFY_TOKEN to be read):
    curl -s {rest}/products {ours} {added}
  Another user sees none of it:
    curl -s {rest}/products {theirs}
  Look around:
    make status · make logs · make psql · make env · make down"""
