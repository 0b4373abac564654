"""Whether a hashtag's season is now: a post about a feast has no sequel half a year later."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

from workers.insights.vocabulary import read_resource

LEAD = timedelta(days=21)  # before the season, to film and post in time
_YEAR = re.compile(r"(?<!\d)20[1-4]\d(?!\d)")


@dataclass(frozen=True, slots=True)
class Season:
    """`first` and `last` are month and day. A season may go over the end of the year."""

    first: tuple[int, int]
    last: tuple[int, int]
    words: frozenset[str]
    within: tuple[str, ...]

    def has(self, tag: str) -> bool:
        bare = tag.rstrip("0123456789")
        return bare in self.words or tag in self.words or any(word in tag for word in self.within)

    def next_start(self, today: date) -> date:
        """The first day of the season that comes next, or of the one that is on."""
        days = [date(today.year + more, *self.first) for more in (-1, 0, 1)]
        return next(day for day in days if self._end(day) >= today)

    def year(self, today: date) -> int:
        """The year that a hashtag of the coming season names: that of its last day."""
        return self._end(self.next_start(today)).year

    def is_due(self, today: date) -> bool:
        """Whether it is time to post about it, or soon is."""
        return self.next_start(today) - LEAD <= today

    def _end(self, start: date) -> date:
        return date(start.year + (self.last < self.first), *self.last)


def season_of(tag: str) -> Season | None:
    return next((season for season in SEASONS if season.has(tag.lower())), None)


def is_past(tag: str, today: date) -> bool:
    """Whether the hashtag names a year that is over, or a feast of it."""
    season = season_of(tag)
    this_year = season.year(today) if season is not None else today.year
    return any(int(year) < this_year for year in _YEAR.findall(tag))


def is_out(tag: str, today: date) -> bool:
    """Whether nobody looks for the hashtag now."""
    season = season_of(tag)
    return is_past(tag, today) or (season is not None and not season.is_due(today))


def out_of_season(tags: Iterable[str], today: date) -> str | None:
    """The first of a post's hashtags that is out of season. A bare year is none."""
    return next((tag for tag in tags if season_of(tag) and is_out(tag, today)), None)


def _day(said: str) -> tuple[int, int]:
    month, day = said.split("-")
    return int(month), int(day)


SEASONS = tuple(
    Season(_day(raw["first"]), _day(raw["last"]), frozenset(raw["words"]), tuple(raw["within"]))
    for raw in read_resource("seasons.toml").values()
)
