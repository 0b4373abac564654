"""Insights: what the worker saves for a product, and what its owner may do with it."""

from __future__ import annotations

import uuid

import psycopg
import pytest
from psycopg.types.json import Jsonb

from tests.database import Database, Row, make_product, make_user
from tests.jobs import in_background, wait_until_blocked
from tests.rows import make_pack, make_result
from tests.rules import refusal

BREAKDOWN = {"type": "virality_breakdown", "content": {"schema_version": 1, "score": 61.5}}
SENTIMENT = {"type": "sentiment_summary", "content": {"schema_version": 1, "positive": 7}}
RESULTS = [BREAKDOWN | {"engine": "embedded"}, SENTIMENT | {"engine": "embedded"}]
PACK = {"name": "Walnut desk lamp", "configuration": {"schema_version": 1}, "score": 61.5}
SAVE = "select private.save_analysis(%s, %s, %s, %s, %s)"
COMPLETE = "select private.complete(%s, %s)"


def claim(db: Database) -> Row:
    with db.as_worker() as worker:
        return worker.row("select * from private.claim('ingestion', 1, 30)")


def arguments(job: Row, results: list = RESULTS, pack: Row = PACK) -> tuple:
    return job["msg_id"], job["read_ct"], job["job_id"], Jsonb(results), Jsonb(pack)


def save(db: Database, job: Row, results: list = RESULTS, pack: Row = PACK) -> bool:
    with db.as_worker() as worker:
        return worker.value(SAVE, *arguments(job, results, pack))


def saved(db: Database) -> dict[str, int]:
    return db.row(
        "select (select count(*) from public.analysis_results) as results,"
        " (select count(*) from public.virality_packs) as packs,"
        " (select count(*) from public.products where last_analyzed_at is not null) as analyzed"
    )


NOTHING = {"results": 0, "packs": 0, "analyzed": 0}


def test_results_and_pack_belong_to_the_owner_of_the_product(db: Database):
    product = make_product(db, make_user(db))
    job = claim(db)
    assert save(db, job)
    owned = {"product_id": product["id"], "user_id": product["user_id"], "job_id": job["job_id"]}
    with db.as_user(product["user_id"]) as owner:
        results = owner.rows("select * from public.analysis_results order by type desc")
        [pack] = owner.rows("select * from public.virality_packs")
        assert owner.value("select last_analyzed_at is not null from public.products")
    derived = {"sentiment_label": None, "sentiment_net": None, "is_sample": None}
    derived["source_kind"] = None
    assert [without_key(row) for row in results] == [owned | row | derived for row in RESULTS]
    assert without_key(pack) == owned | PACK | {
        "score_band": None,
        "headline": None,
        "expires_at": None,
        "previous_score": None,
    }


def test_what_a_list_shows_is_derived_from_the_documents(db: Database):
    user = make_user(db)
    score = {"schema_version": "2.0", "headline": "A lamp", "stands_out": {"band": "above"}}
    overall = {"schema_version": 1, "overall": {"label": "mixed", "net": 0.1}}
    pack = make_pack(db, user, configuration=Jsonb(score))
    assert (pack["score_band"], pack["headline"]) == ("above", "A lamp")
    stored = {"schema_version": "1.0", "score": {"band": "typical"}}
    old = make_pack(db, make_user(db), configuration=Jsonb(stored))
    assert old["score_band"] == "typical"
    for kind, net, expected in [
        ("sentiment_summary", 0.1, ("mixed", 0.1)),
        ("sentiment_summary", None, ("mixed", None)),
        ("sentiment_summary", "much", ("mixed", None)),
        ("virality_breakdown", 0.1, (None, None)),
    ]:
        overall["overall"]["net"] = net
        result = make_result(db, user, type=kind, content=Jsonb(overall))
        assert (result["sentiment_label"], result["sentiment_net"]) == expected


def test_an_analysis_of_sample_data_says_so(db: Database):
    user = make_user(db)
    product = make_product(db, user)
    shown = []
    for content in (
        {},
        {"subject": {"source_kind": "web"}},
        {"subject": {"source_kind": "sample"}},
    ):
        make_result(
            db,
            user,
            product_id=product["id"],
            type="sentiment_summary",
            content=Jsonb({"schema_version": 1} | content),
        )
        with db.as_user(user) as owner:
            shown.append(owner.value("select is_sample from public.product_overview"))
    assert shown == [None, False, True]


def without_key(row: Row) -> Row:
    return {name: row[name] for name in row if name not in {"id", "created_at"}}


def test_what_the_worker_is_told_names_the_product_and_its_last_breakdown(db: Database):
    product = make_product(db, make_user(db), "Mug", "https://shop.example/mug")
    job = claim(db)
    query = "select * from private.analysis_input(%s)"
    numbers = "select to_jsonb(n) from public.analysis_numbers as n"
    told = {
        "record": None,
        "product_id": product["id"],
        "product_name": "Mug",
        "source_url": "https://shop.example/mug",
        "has_transcripts": False,
        "locale": "en",
    }
    with db.as_worker() as worker:
        nothing = {"last_breakdown": None, "last_numbers": None}
        assert worker.row(query, job["job_id"]) == told | nothing
        assert worker.value(SAVE, *arguments(job))
        after = worker.row(query, job["job_id"])
        assert worker.rows(query, uuid.uuid4()) == []
    last = {"last_breakdown": BREAKDOWN["content"], "last_numbers": db.value(numbers)}
    assert after == told | last


def test_the_worker_is_told_whether_the_owners_plan_reads_what_videos_say(db: Database):
    make_product(db, make_user(db))
    job = claim(db)
    query = "select has_transcripts from private.analysis_input(%s)"
    with db.as_worker() as worker:
        assert worker.value(query, job["job_id"]) is False
        db.execute("update public.plans set has_transcripts = true where id = 'free'")
        assert worker.value(query, job["job_id"]) is True


def test_the_worker_is_told_the_language_that_the_owner_chose(db: Database):
    user = make_user(db)
    make_product(db, user)
    job = claim(db)
    with db.as_user(user) as owner:
        owner.execute("update public.accounts set locale = 'pt' where true")
    with db.as_worker() as worker:
        query = "select locale from private.analysis_input(%s)"
        assert worker.value(query, job["job_id"]) == "pt"


def test_a_language_without_texts_is_refused(db: Database):
    user = make_user(db)
    with db.as_user(user) as owner, pytest.raises(psycopg.errors.CheckViolation):
        owner.execute("update public.accounts set locale = 'tlh' where true")


def test_a_worker_that_lost_its_lease_saves_nothing(db: Database):
    make_product(db, make_user(db))
    late = claim(db)
    db.execute("update pgmq.q_jobs set vt = now() - interval '1 second'")
    claim(db)
    # The caller rolls back when it is told so; the mark on the product goes with that.
    with db.connect("worker") as worker, worker.transaction(force_rollback=True):
        assert worker.execute(SAVE, arguments(late)).fetchall() == [{"save_analysis": False}]
    assert saved(db) == NOTHING


def test_a_lease_of_one_job_saves_nothing_for_another(db: Database):
    make_product(db, make_user(db))
    make_product(db, make_user(db))
    first, second = claim(db), claim(db)
    with db.connect("worker") as worker, worker.transaction(force_rollback=True):
        mixed = first | {"job_id": second["job_id"]}
        assert worker.execute(SAVE, arguments(mixed)).fetchall() == [{"save_analysis": False}]
    assert saved(db) == NOTHING


def test_saving_twice_is_refused(db: Database):
    make_product(db, make_user(db))
    job = claim(db)
    assert save(db, job)
    with pytest.raises(psycopg.errors.UniqueViolation):
        save(db, job)
    assert saved(db) == {"results": 2, "packs": 1, "analyzed": 1}


@pytest.mark.parametrize(
    "wrong",
    [
        {"content": {"positive": 7}},
        {"content": [1, 2]},
        # The limit counts stored bytes: a repeated letter would shrink below it.
        {"content": {"schema_version": 1, "x": [uuid.uuid4().hex for _ in range(9000)]}},
        {"type": "Sentiment!"},
    ],
    ids=["no version", "no object", "too large", "odd type"],
)
def test_a_malformed_result_saves_nothing(db: Database, wrong: Row):
    make_product(db, make_user(db))
    job = claim(db)
    with pytest.raises(psycopg.errors.CheckViolation):
        save(db, job, [RESULTS[0], RESULTS[1] | wrong])
    assert saved(db) == NOTHING


def test_a_deleted_product_takes_its_insights_along(db: Database):
    product = make_product(db, make_user(db))
    assert save(db, claim(db))
    with db.as_user(product["user_id"]) as owner:
        owner.execute("delete from public.products where id = %s", product["id"])
    assert saved(db) == NOTHING


def test_a_product_deleted_while_its_results_are_saved_leaves_nothing(db: Database):
    product = make_product(db, make_user(db))
    job = claim(db)
    with db.connect("worker") as worker, db.connect("postgres") as owner:
        worker.execute("begin")
        worker.execute(SAVE, arguments(job))
        deleting = in_background(
            lambda: owner.execute("delete from public.products where id = %s", (product["id"],))
        )
        wait_until_blocked(db, owner)
        worker.execute(COMPLETE, (job["msg_id"], job["read_ct"]))
        worker.execute("commit")
        assert deleting.result(10).rowcount == 1
    assert saved(db) == NOTHING


def test_saving_after_the_product_was_deleted_says_so(db: Database):
    product = make_product(db, make_user(db))
    job = claim(db)
    with db.connect("worker") as worker, db.connect("postgres") as owner:
        owner.execute("begin")
        owner.execute("delete from public.products where id = %s", (product["id"],))
        saving = in_background(lambda: worker.execute(SAVE, arguments(job)))
        wait_until_blocked(db, worker)
        owner.execute("commit")
        assert saving.result(10).fetchall() == [{"save_analysis": False}]
    assert saved(db) == NOTHING


def test_results_outlive_the_job_that_made_them(db: Database):
    make_product(db, make_user(db))
    job = claim(db)
    assert save(db, job)
    before = db.rows("select * from public.analysis_results order by id")
    db.execute("delete from public.jobs")
    assert db.rows("select * from public.analysis_results order by id") == before
    assert db.row("select job_id from public.virality_packs") == {"job_id": job["job_id"]}


def test_a_pack_names_the_results_that_it_was_written_from(db: Database):
    make_product(db, make_user(db))
    job = claim(db)
    inputs = {"analysis_result_ids": [], "language": "en"}
    assert save(db, job, pack=PACK | {"configuration": {"schema_version": 1, "inputs": inputs}})
    ids = db.value("select array_agg(id::text order by type) from public.analysis_results")
    db.execute("delete from public.jobs")
    assert db.value("select configuration -> 'inputs' from public.virality_packs") == {
        "analysis_result_ids": ids,
        "language": "en",
    }


def test_an_analysis_too_many_replaces_the_oldest_of_its_product(db: Database):
    user = make_user(db)
    product, other = make_product(db, user), make_product(db, user)
    kept = db.value("select kept_analyses from public.plans where id = 'free'")
    for day in range(1, kept + 2):
        for owned in (product, other) if day == 1 else (product,):
            at = {"product_id": owned["id"], "created_at": f"2026-01-{day:02}"}
            make_result(db, user, **at)
            make_result(db, user, type="virality_breakdown", **at)
            make_pack(db, user, **at)
    db.execute("delete from public.jobs where product_id = %s", other["id"])
    assert save(db, claim(db))
    counts = (
        "select count(distinct created_at) as times, count(*) as rows, min(created_at)::date::text"
        " as oldest from public.{} where product_id = %s"
    )
    for table, rows in (("analysis_results", 2 * kept), ("virality_packs", kept)):
        assert db.row(counts.format(table), product["id"]) == {
            "times": kept,
            "rows": rows,
            "oldest": "2026-01-03",
        }
        assert db.row(counts.format(table), other["id"])["times"] == 1


def test_owners_rename_their_packs_by_the_rules_for_names(db: Database):
    pack = make_pack(db, make_user(db))
    rename = "update public.virality_packs set name = %s where id = %s"
    assert refusal(db, pack["user_id"], rename, "", pack["id"]) == {
        "status": 422,
        "code": "invalid_name",
        "message": "The pack's name is missing.",
        "details": {"field": "name", "reason": "missing"},
    }
    with db.as_user(pack["user_id"]) as owner:
        assert owner.execute(rename, "  Autumn launch ", pack["id"]) == 1
        assert owner.row("select * from public.virality_packs") == pack | {"name": "Autumn launch"}


@pytest.mark.parametrize("column", ["configuration", "score", "product_id", "user_id", "job_id"])
def test_owners_change_nothing_else_of_a_pack(db: Database, column: str):
    pack = make_pack(db, make_user(db))
    with (
        pytest.raises(psycopg.errors.InsufficientPrivilege),
        db.as_user(pack["user_id"]) as owner,
    ):
        owner.execute(
            f"update public.virality_packs set {column} = {column} where id = %s", pack["id"]
        )


def test_results_are_for_reading(db: Database):
    result = make_result(db, make_user(db))
    with db.as_user(result["user_id"]) as owner:
        assert owner.rows("select * from public.analysis_results") == [result]
