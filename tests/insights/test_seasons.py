"""A feast comes once a year: its posts have a sequel in its season, and not months later."""

from __future__ import annotations

from datetime import date

import pytest

from workers.insights.virality.seasons import is_out, is_past, out_of_season, season_of


@pytest.mark.parametrize(
    ("tag", "today", "is_over"),
    [
        ("halloween", date(2020, 12, 21), True),
        ("halloweencostume", date(2020, 10, 1), False),
        ("halloween", date(2020, 9, 10), False),
        ("halloween", date(2020, 7, 1), True),
        ("christmas", date(2020, 12, 21), False),
        ("weihnachtsdeko", date(2021, 2, 1), True),
        ("newyear2020", date(2020, 12, 30), True),
        ("newyear2021", date(2020, 12, 30), False),
        ("newyear2020", date(2021, 1, 2), True),
        ("newyear", date(2021, 1, 2), False),
        ("newyear", date(2021, 3, 2), True),
        ("navidad", date(2021, 11, 5), False),
        ("blackfriday", date(2021, 1, 5), True),
        ("valentine", date(2021, 1, 5), False),
        ("classof2019", date(2020, 5, 5), True),
        ("natalia", date(2020, 5, 5), False),
        ("eastern", date(2020, 12, 5), False),
        ("noella", date(2020, 5, 5), False),
        ("dance", date(2020, 5, 5), False),
    ],
)
def test_a_hashtag_is_out_of_season_between_its_seasons(tag, today, is_over):
    assert is_out(tag, today) is is_over


def test_a_season_over_the_end_of_the_year_is_one():
    season = season_of("silvester")
    assert season is not None
    assert season.next_start(date(2021, 1, 3)) == date(2020, 12, 20)
    assert season.next_start(date(2021, 2, 3)) == date(2021, 12, 20)


def test_a_bare_year_makes_no_post_seasonal():
    assert is_past("2019", date(2020, 5, 5))
    assert out_of_season(["2019", "dance"], date(2020, 5, 5)) is None
    assert out_of_season(["dance", "halloween"], date(2020, 5, 5)) == "halloween"
