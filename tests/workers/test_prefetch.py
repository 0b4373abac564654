"""Whose claimed job begins next, and how many a worker asks for."""

from __future__ import annotations

import uuid

from workers.engine.queue import Job
from workers.engine.runner import PrefetchBuffer

A, B, C = (uuid.uuid4() for _ in range(3))


def job(user_id: uuid.UUID | None) -> Job:
    return Job(1, 1, uuid.uuid4(), "noop", user_id, None, {}, 1, None)


def holding(slots: int, *users: uuid.UUID | None) -> PrefetchBuffer:
    """With a waiting job of each of these."""
    filled = PrefetchBuffer(slots)
    for user_id in users:
        filled.put(job(user_id), 0.0)
    return filled


def begun(filled: PrefetchBuffer) -> list[uuid.UUID | None]:
    """Whose jobs begin, until no more may."""
    users = []
    while one := filled.take():
        users.append(one.user_id)
    return users


def test_tenants_take_turns():
    assert begun(holding(10, A, A, A, B, B, C)) == [A, B, C, A, B, A]


def test_never_more_run_than_there_are_slots():
    assert len(begun(holding(3, *[A, B, C] * 5))) == 3


def test_one_user_alone_leaves_the_last_slots_to_others():
    filled = holding(10, *[A] * 20)
    assert (len(begun(filled)), filled.is_open_to_new_tenants) == (7, True)
    for user_id in (B, B, C):
        filled.put(job(user_id), 0.0)
    assert begun(filled) == [B, C]


def test_a_worker_of_few_slots_keeps_none_free():
    assert begun(holding(2, A, A, A)) == [A, A]


def test_a_slot_that_ends_a_job_is_free_again():
    filled = holding(2, A, A, A)
    first = filled.take()
    filled.take()
    assert (filled.take(), first.user_id) == (None, A)
    filled.end(first)
    assert filled.take().user_id == A


def test_nothing_is_prefetched_behind_slow_jobs():
    filled = holding(10, *[A] * 7)
    begun(filled)
    assert [filled.room(now) for now in (1.0, 2.0, 60.0)] == [0, 0, 0]


def test_what_begins_within_moments_is_prefetched_and_bounded():
    filled = holding(10)
    rooms = []
    for turn in range(1, 30):
        for _ in range(100):  # in a hundredth of a second
            filled.put(job(A), 0.0)
            filled.end(filled.take())
        rooms.append(filled.room(turn / 100))
    assert rooms == sorted(rooms)
    assert 7 < rooms[-1] <= 7 + 16 * 10
    assert filled.room(60.0) == 7  # the rate is a recent one


def test_a_claim_asks_for_a_hundred_jobs_at_most_however_many_slots():
    assert [PrefetchBuffer(slots).room(1.0) for slots in (10, 100, 256)] == [7, 90, 100]


def test_a_slot_that_goes_on_with_the_next_job_leaves_the_buffer_ample():
    filled = holding(1, A, A, A)
    filled.end(filled.take())
    assert not filled.is_ample  # its slot is free
    filled.take()
    assert filled.is_ample


def test_how_long_the_longest_waiting_has_waited():
    filled = PrefetchBuffer(1)
    assert filled.longest_wait(5.0) == 0
    filled.put(job(A), 1.0)
    filled.put(job(B), 3.0)
    assert filled.longest_wait(5.0) == 4


def test_what_is_handed_back_waits_no_longer():
    filled = holding(2, A, B, B)
    filled.take()
    assert [one.user_id for one in filled.clear()] == [B, B]
    assert (filled.take(), filled.running, filled.waiting) == (None, 1, 0)
