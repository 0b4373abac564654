"""Products: what may be added, what a mistake is answered with, the analysis that comes along."""

from __future__ import annotations

import uuid

import psycopg
import pytest

from tests.database import Database, make_product, make_user
from tests.rules import refusal

INSERT = "insert into public.products (name, source_url) values (%s, %s)"
MUG = "https://shop.example/mug"
NO_WEBSITE = "must name a website, like https://shop.example/mug."
FORBIDDEN = 'may not contain spaces, control characters or any of " < > \\ ^ ` { | }.'
NOT_PUBLIC = "must point to a public web address."

URLS_OF_SHOPS = [
    MUG,
    "http://shop.example",
    "HTTPS://Shop.Example:8443/mug?colour=blue&size=2#reviews",
    "https://xn--bcher-kva.example/",
    "https://bücher.example/straße",
    "https://my_shop.example./mug",
    "https://www.tiktok.com/@shop/video/7300000000000000001",
    "https://203.0.113.10/mug",
    "http://127.0.0.1:8080/mug",
    "http://[2001:db8::1]:8080/mug",
    "https://shop.example/" + "a" * 2027,
]

REFUSED_URLS = {
    None: "is missing.",
    "": "is missing.",
    " \t": "is missing.",
    "shop.example/mug": "must start with http:// or https://.",
    "file:///etc/passwd": "must start with http:// or https://.",
    "ftp://shop.example/mug": "must start with http:// or https://.",
    "javascript:alert(1)": "must start with http:// or https://.",
    '{"x": 1}': "must start with http:// or https://.",
    "https://shop.example/" + "a" * 2028: "may have 2,048 characters at most.",
    "https://shop.example/a b": FORBIDDEN,
    "https://shop.example/a\nb": FORBIDDEN,
    "https://shop.example\\@evil.example/": FORBIDDEN,
    "https://shop.example/<mug>": FORBIDDEN,
    "https://shop.example/{mug}|`^": FORBIDDEN,
    "https://user:secret@shop.example/": "may not contain a user name or password.",
    "https://shop.example:443@169.254.169.254/": "may not contain a user name or password.",
    "https://": NO_WEBSITE,
    "https:///mug": NO_WEBSITE,
    "https://shop/mug": NO_WEBSITE,
    "https://shop..example/": NO_WEBSITE,
    "https://-shop.example/": NO_WEBSITE,
    "https://shop.example:port/": NO_WEBSITE,
    "http://2130706433/": NO_WEBSITE,
    "http://0x7f000001/": NO_WEBSITE,
    "http://0x7f.0.0.1/": NO_WEBSITE,
    "http://0177.0.0.1/": NO_WEBSITE,
    "http://0251.0376.0251.0376/": NO_WEBSITE,
    "http://127.1/": NO_WEBSITE,
    "http://127.0.0.1./": NO_WEBSITE,
    "http://999.1.1.1/": NO_WEBSITE,
    "http://[fe80::1%25eth0]/": NO_WEBSITE,
    "http://[::1": NO_WEBSITE,
    "http://169.254.169.254/latest/meta-data/": NOT_PUBLIC,
    "http://\uff11\uff16\uff19.254.\uff11\uff16\uff19.254/": NOT_PUBLIC,
    "http://0.0.0.0/": NOT_PUBLIC,
    "http://224.0.0.1/": NOT_PUBLIC,
    "http://255.255.255.255/": NOT_PUBLIC,
    "http://[::]/": NOT_PUBLIC,
    "http://[fe80::1]/": NOT_PUBLIC,
    "http://[ff02::1]/": NOT_PUBLIC,
    "http://[fd00:ec2::254]/": NOT_PUBLIC,
    "http://[::ffff:169.254.169.254]/": NOT_PUBLIC,
    "http://[::ffff:a9fe:a9fe]/": NOT_PUBLIC,
    "http://[64:ff9b::a9fe:a9fe]/": NOT_PUBLIC,
    "http://[2002:a9fe:a9fe::1]/": NOT_PUBLIC,
}

REFUSED_NAMES = {
    None: "is missing.",
    "": "is missing.",
    " \u00a0": "is missing.",
    "\u200b\ufeff": "is missing.",
    "a" * 201: "may have 200 characters at most.",
    "a" * 10_000_000: "may have 200 characters at most.",
    '{"x": 1}': "must be text.",
    "[1, 2]": "must be text.",
    "[1e400000]": "must be text.",
    '{"x": "\\u0000"}': "must be text.",
    "Mug\n": "may not contain control or invisible characters.",
    "Mug\x1b[31m": "may not contain control or invisible characters.",
    "Mug\x85": "may not contain control or invisible characters.",
    "Mug \u202egum": "may not contain control or invisible characters.",
    "Mug\u2066": "may not contain control or invisible characters.",
    "Mug\U000e0041\U000e0042": "may not contain control or invisible characters.",
    "Mug\u3164": "may not contain control or invisible characters.",
    "Mug\U000e0101": "may not contain control or invisible characters.",
    "\U000e0041\U000e0042": "is missing.",
}


def test_the_address_of_a_shop_has_no_problem(db: Database):
    assert {
        url: db.value("select problem from private.url_problem(%s)", url) for url in URLS_OF_SHOPS
    } == (dict.fromkeys(URLS_OF_SHOPS))


def test_what_is_no_public_web_page_is_told_why(db: Database):
    assert {
        url: db.value("select problem from private.url_problem(%s)", url) for url in REFUSED_URLS
    } == REFUSED_URLS


def test_what_is_no_name_is_told_why(db: Database):
    assert {
        name: db.value("select problem from private.name_problem(%s)", name)
        for name in REFUSED_NAMES
    } == REFUSED_NAMES


def test_a_product_with_a_wrong_url_is_refused(db: Database):
    assert refusal(db, make_user(db), INSERT, "Mug", "file:///etc/passwd") == {
        "status": 422,
        "code": "invalid_url",
        "message": "The source URL must start with http:// or https://.",
        "details": {"field": "source_url", "reason": "no_scheme"},
    }
    assert db.rows("select from public.products") == []


def test_a_product_without_a_name_is_refused(db: Database):
    assert refusal(db, make_user(db), INSERT, None, MUG) == {
        "status": 422,
        "code": "invalid_name",
        "message": "The product's name is missing.",
        "details": {"field": "name", "reason": "missing"},
    }
    assert db.rows("select from public.products") == []


def test_names_of_any_language_and_punctuation_are_kept(db: Database):
    names = ["{Mug}", "[Sale] Mug", "5", "Tasse à café", "杯子", "👩🏽‍🍳 Mug", "a" * 200]
    assert [make_product(db, make_user(db), name=name)["name"] for name in names] == names


def test_spaces_around_a_name_are_dropped(db: Database):
    assert make_product(db, make_user(db), name="  Mug ")["name"] == "Mug"


def test_a_product_belongs_to_whoever_added_it(db: Database):
    user_id = make_user(db)
    product = make_product(db, user_id, "Mug", MUG)
    assert product == {
        "id": product["id"],
        "user_id": user_id,
        "name": "Mug",
        "source_url": MUG,
        "created_at": product["created_at"],
        "updated_at": product["created_at"],
        "last_analyzed_at": None,
        "watch": "off",
        "created_by": user_id,
        "updated_by": user_id,
        "brand_id": None,
        "tags": [],
        "archived_at": None,
    }


def test_a_product_comes_with_its_queued_analysis(db: Database):
    product = make_product(db, make_user(db))
    job = db.row("select user_id, product_id, kind, status, stage from public.jobs")
    assert job == {
        "user_id": product["user_id"],
        "product_id": product["id"],
        "kind": "analyze_product",
        "status": "queued",
        "stage": "queued",
    }
    assert db.row("select message from pgmq.q_jobs") == {
        "message": {"job_id": str(db.value("select id from public.jobs"))}
    }


def test_a_rolled_back_product_leaves_no_job_and_no_message(db: Database):
    with db.as_user(make_user(db)) as owner:
        owner.execute(INSERT, "Mug", MUG)
        owner.connection.execute("rollback")
        owner.connection.execute("begin")
    assert work_left(db) == {"products": 0, "jobs": 0, "live": 0, "messages": 0}


def work_left(db: Database) -> dict[str, int]:
    return db.row(
        "select (select count(*) from public.products) as products,"
        " (select count(*) from public.jobs) as jobs,"
        " (select count(*) from private.live_jobs) as live,"
        " (select count(*) from pgmq.q_jobs) as messages"
    )


def test_one_wrong_product_of_many_refuses_them_all(db: Database):
    query = f"{INSERT}, (%s, %s)"
    assert (
        refusal(db, make_user(db), query, "Mug", MUG, "Cup", "file:///cup")["code"] == "invalid_url"
    )
    assert work_left(db) == {"products": 0, "jobs": 0, "live": 0, "messages": 0}


@pytest.mark.parametrize("column", ["user_id", "created_at", "last_analyzed_at"])
def test_owners_cannot_choose_what_the_database_fills_in(db: Database, column: str):
    with (
        pytest.raises(psycopg.errors.InsufficientPrivilege),
        db.as_user(make_user(db)) as owner,
    ):
        owner.execute(
            f"insert into public.products (name, source_url, {column}) values ('Mug', %s, default)",
            MUG,
        )


@pytest.mark.parametrize("column", ["user_id", "source_url", "last_analyzed_at"])
def test_owners_can_only_rename_a_product(db: Database, column: str):
    product = make_product(db, make_user(db))
    with (
        pytest.raises(psycopg.errors.InsufficientPrivilege),
        db.as_user(product["user_id"]) as owner,
    ):
        owner.execute(
            f"update public.products set {column} = {column} where id = %s", product["id"]
        )


def test_renaming_keeps_the_rules_for_names_and_notes_the_time(db: Database):
    product = make_product(db, make_user(db))
    owner_id = product["user_id"]
    rename = "update public.products set name = %s where id = %s returning *"
    assert refusal(db, owner_id, rename, "", product["id"])["code"] == "invalid_name"
    with db.as_user(owner_id) as owner:
        renamed = owner.row(rename, " Mug ", product["id"])
    assert renamed == product | {"name": "Mug", "updated_at": renamed["updated_at"]}
    assert renamed["updated_at"] > product["updated_at"]


def run_analysis(db: Database, user_id: uuid.UUID, product_id: uuid.UUID) -> dict[str, object]:
    with db.as_user(user_id) as session:
        return session.row("select * from public.run_analysis(%s)", product_id)


def test_asking_for_an_analysis_in_flight_returns_that_one(db: Database):
    product = make_product(db, make_user(db))
    jobs = [run_analysis(db, product["user_id"], product["id"]) for _ in range(2)]
    assert jobs == db.rows("select * from public.jobs") * 2


def test_a_finished_analysis_can_be_run_again(db: Database):
    product = make_product(db, make_user(db))
    first = db.value("select id from public.jobs")
    with db.as_user(product["user_id"]) as owner:
        owner.rows("select * from public.cancel_job(%s)", first)
    again = run_analysis(db, product["user_id"], product["id"])
    assert again == db.row("select * from public.jobs where id <> %s", first)
    assert again["status"] == "queued"


@pytest.mark.parametrize("whose", ["other", "nobody"])
def test_nobody_runs_the_analysis_of_a_product_that_is_not_theirs(db: Database, whose: str):
    product = make_product(db, make_user(db))
    product_id = product["id"] if whose == "other" else uuid.uuid4()
    query = "select * from public.run_analysis(%s)"
    assert refusal(db, make_user(db), query, product_id) == {
        "status": 404,
        "code": "not_found",
        "message": "There is no such product.",
        "details": None,
    }
    assert db.value("select count(*) from public.jobs") == 1


def test_deleting_a_product_takes_its_queued_job_along(db: Database):
    product = make_product(db, make_user(db))
    with db.as_user(product["user_id"]) as owner:
        assert owner.execute("delete from public.products where id = %s", product["id"]) == 1
    assert work_left(db) | {"messages": None} == {
        "products": 0,
        "jobs": 0,
        "live": 0,
        "messages": None,
    }
    with db.as_worker() as worker:
        assert worker.rows("select * from private.claim('ingestion', 10, 30)") == []
    assert work_left(db) == {"products": 0, "jobs": 0, "live": 0, "messages": 0}


def test_deleting_a_product_stops_its_running_job_without_a_result(db: Database):
    product = make_product(db, make_user(db))
    with db.as_worker() as worker:
        job = worker.row("select * from private.claim('ingestion', 1, 30)")
    with db.as_user(product["user_id"]) as owner:
        owner.execute("delete from public.products where id = %s", product["id"])
    lease = (job["msg_id"], job["read_ct"])
    with db.as_worker() as worker:
        assert not worker.value("select private.progress(%s, %s, 'fetching', 5)", *lease)
        assert not worker.value(
            "select private.save_analysis(%s, %s, %s, '[]', '{}')", *lease, job["job_id"]
        )
        extend = "select * from private.extend(%s, %s, 30)"
        assert worker.rows(extend, [lease[0]], [lease[1]]) == []
