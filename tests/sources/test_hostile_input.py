"""No page, review or item takes more than seconds and some memory, whatever somebody put there."""

from __future__ import annotations

import os
import resource
from datetime import UTC, datetime

import pytest

from tests.data import hostile
from workers.engine.errors import Reject
from workers.insights.analysis import analyse, load_models
from workers.insights.inputs import Collection, Comment
from workers.sources.tiktok.items import read_comments, read_videos
from workers.sources.web.fetch import Page
from workers.sources.web.product import read_page

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
KEY = b"test"
MAX_CPU_SECONDS = (
    12  # a few where nothing else runs; what these guard against takes minutes to days
)
MAX_MEGABYTES = 900
_BUG = 3


def cost(work) -> tuple[float, float]:
    """CPU seconds and megabytes of `work` in a child, which is ended where it takes too much."""
    child = os.fork()  # its CPU time starts at zero
    if child == 0:
        resource.setrlimit(resource.RLIMIT_CPU, (MAX_CPU_SECONDS, MAX_CPU_SECONDS))
        try:
            work()
        except Reject:
            os._exit(0)
        except BaseException as error:  # noqa: BLE001 - told to the parent
            os.write(2, f"{type(error).__name__}: {str(error)[:300]}\n".encode())
            os._exit(_BUG)
        os._exit(0)
    _pid, status, used = os.wait4(child, 0)
    assert not os.WIFSIGNALED(status), "it took too much CPU time"
    assert os.WEXITSTATUS(status) == 0, "it raised what is no outcome"
    return used.ru_utime + used.ru_stime, used.ru_maxrss / 1024


def bounded(work) -> None:
    seconds, megabytes = cost(work)
    print(f"{seconds:.2f} s, {megabytes:.0f} MB")  # noqa: T201 - shown by pytest -rP
    assert megabytes <= MAX_MEGABYTES


def analysed(comments=(), videos=()):
    collection = Collection(
        provider="test",
        source_kind="tiktok_video",
        subject_url="https://shop.example/mug",
        collected_at=NOW,
        videos=tuple(videos),
        comments=tuple(comments),
    )
    return analyse(collection, product_name="Mug", now=NOW, ref_key=KEY)


@pytest.fixture(scope="module", autouse=True)
def _models() -> None:
    """The children inherit the models, as those of a worker do: none loads them anew."""
    load_models()


@pytest.mark.parametrize("name", hostile.PAGES)
def test_a_page(name):
    content = hostile.PAGES[name]()
    assert len(content) <= hostile.MAX_BYTES
    bounded(lambda: read_page(Page("https://shop.example/mug", content, None), KEY))


@pytest.mark.parametrize("name", hostile.REVIEWS)
def test_reviews(name):
    texts = hostile.REVIEWS[name]()
    comments = [
        Comment(ref=f"r{number}", text=text, kind="review") for number, text in enumerate(texts)
    ]
    bounded(lambda: analysed(comments))


@pytest.mark.parametrize("name", hostile.ITEMS)
def test_items(name):
    items = hostile.ITEMS[name]()

    def work():
        videos = read_videos(items, ref_key=KEY, collected_at=NOW).items
        comments = read_comments(
            [{"cid": number, "videoWebUrl": "x", **item} for number, item in enumerate(items)],
            ref_key=KEY,
        ).items
        analysed(comments, videos)

    bounded(work)


def test_the_corpus_is_one_of_bytes():
    kinds = {name.partition(":")[0] for name in hostile.CASES}
    assert kinds == {"page", "reviews", "items", "transcript"}
    assert len(hostile.CASES) >= 30
    assert all(isinstance(make(), bytes) for make in hostile.CASES.values())
