"""What goes with views among one creator's own posts, and how often such a pattern lasts.

Length and hashtags are shown if posts with them rank higher at z ≥ 1.64, a level if the halves
differ by as much, each test by itself. "again" is the rare hashtag of the best post, without a
test. Only kinds are searched that later posts of held-out creators confirmed more often than not;
the kinds were chosen with these creators in view. Long posts, own sounds, few hashtags, weekends
and hours did not last, so nobody looks for them.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from statistics import median

from workers.insights.documents import Lasting, Pattern, PatternKind
from workers.insights.evidence import EvidenceLog
from workers.insights.inputs import Video
from workers.insights.virality.comparables import GENERIC, TAG
from workers.insights.virality.stands_out import BREAKOUT_RATIO, Grown, Outlier, grown_log_views
from workers.insights.vocabulary import read_resource

LEAST_POSTS = 9  # the fewest that lasting was measured with: 60 % of 15
MIN_SIDE = 3  # at least as many posts have a pattern, and as many do not
MIN_Z = 1.64  # 5 % of one side
PATTERN_RATIO = 1.3
RARE = 0.3  # a hashtag of the best post is rare if at most this share of the others has it
MAX_TOPICS = 2
_NO_TOPIC = GENERIC - {"duet", "stitch"}  # these two are kinds of posts
# Of held-out creators: `python -m tests.evaluation.patterns DATA` prints it.
LASTING: dict[str, Lasting] = {
    raw["kind"]: Lasting(n=raw["n"], held=raw["held"], ratio=raw["ratio"], ci95=tuple(raw["ci95"]))
    for raw in read_resource("patterns.toml")["patterns"]
}

MEASURED_CREATORS = 427  # of the held-out half, those with 15 posts or more
CAVEAT = f"How often such patterns last comes from {MEASURED_CREATORS} large accounts of 2020."


def patterns(
    videos: Sequence[Video],
    author: str,
    found: Mapping[str, Outlier],
    now: datetime,
    log: EvidenceLog,
) -> tuple[Pattern, ...]:
    """Those of one creator's posts, the surest of each kind first."""
    posts = own_posts(videos, author, now)
    if len(posts) < LEAST_POSTS:
        return ()
    seen = [*_level(posts, log), *_short(posts, log), *_topics(posts, log)]
    return (*seen, *_again(posts, found, seen, log))


def own_posts(videos: Sequence[Video], author: str, now: datetime) -> list[Grown]:
    """A creator's dated posts with the log of their final views, oldest first."""
    posts = [
        (video, value)
        for video in videos
        if video.author.ref == author
        and not video.is_pinned
        and (value := grown_log_views(video, now)) is not None
    ]
    return sorted(posts, key=lambda post: _posted(post[0]))


def _level(posts: Sequence[Grown], log: EvidenceLog) -> Iterator[Pattern]:
    """The newer half of the posts against the older one."""
    half = len(posts) // 2
    older, newer = posts[:half], posts[half:]
    z, ratio = _difference(newer, older)
    if abs(z) >= MIN_Z and _is_far(ratio):
        kind: PatternKind = "level_up" if z > 0 else "level_down"
        yield _pattern(kind, newer, older, ratio, log)


def _short(posts: Sequence[Grown], log: EvidenceLog) -> Iterator[Pattern]:
    """Posts up to the median length against longer ones."""
    timed = [post for post in posts if post[0].duration_seconds]
    if len(timed) < 2 * MIN_SIDE:
        return
    seconds = median(post[0].duration_seconds or 0 for post in timed)
    short = [post for post in timed if (post[0].duration_seconds or 0) <= seconds]
    long = [post for post in timed if (post[0].duration_seconds or 0) > seconds]
    z, ratio = _difference(short, long)
    if z >= MIN_Z and ratio >= PATTERN_RATIO:
        yield _pattern("short", short, long, ratio, log, seconds=seconds)


def _topics(posts: Sequence[Grown], log: EvidenceLog) -> Iterator[Pattern]:
    """Posts with one of the creator's hashtags against those without it."""
    found = []
    for tag, n in _tags(posts).items():
        if MIN_SIDE <= n <= len(posts) - MIN_SIDE:
            with_tag = [post for post in posts if tag in _tags_of(post[0])]
            without = [post for post in posts if tag not in _tags_of(post[0])]
            z, ratio = _difference(with_tag, without)
            if z >= MIN_Z and ratio >= PATTERN_RATIO:
                found.append((-z, tag, with_tag, without, ratio))
    taken: set[frozenset[str]] = set()
    for _, tag, with_tag, without, ratio in sorted(found, key=lambda each: each[:2]):
        same = frozenset(post[0].ref for post in with_tag)
        if same not in taken and len(taken) < MAX_TOPICS:
            taken.add(same)
            yield _pattern("topic", with_tag, without, ratio, log, tag=tag)


def _again(
    posts: Sequence[Grown],
    found: Mapping[str, Outlier],
    seen: Sequence[Pattern],
    log: EvidenceLog,
) -> Iterator[Pattern]:
    """The best post's own topic, if few other posts take it up."""
    known = {pattern.tag for pattern in seen}
    best = [
        found[video.ref]
        for video, _ in posts
        if video.ref in found
        and found[video.ref].basis == "creator_median"
        and found[video.ref].ratio >= BREAKOUT_RATIO
        and found[video.ref].low > 1
    ]
    for outlier in sorted(best, key=lambda each: (-each.low, each.video.ref)):
        others = [video for video, _ in posts if video.ref != outlier.video.ref]
        tag = rare_topic(outlier.video, others)
        if tag is not None and tag not in known:
            k = sum(tag in _tags_of(video) for video in others)
            evidence = log.add(
                "video", f"A post that stood out with #{tag}.", [outlier.video.ref],
                url=outlier.video.url,
            )  # fmt: skip
            yield Pattern(
                kind="again",
                tag=tag,
                seconds=None,
                n=k,
                other_n=len(others),
                ratio=round(outlier.ratio, 2),
                lasting=LASTING["again"],
                evidence_ids=(evidence,),
            )
            return


def rare_topic(video: Video, others: Sequence[Video]) -> str | None:
    """Of a post's hashtags that few of the creator's other posts have, the most frequent there."""
    counted = {tag: sum(tag in _tags_of(other) for other in others) for tag in _tags_of(video)}
    rare = [tag for tag, n in counted.items() if n <= RARE * len(others)]
    return min(rare, key=lambda tag: (-counted[tag], tag), default=None)


def _pattern(
    kind: PatternKind,
    those: Sequence[Grown],
    others: Sequence[Grown],
    ratio: float,
    log: EvidenceLog,
    *,
    tag: str | None = None,
    seconds: float | None = None,
) -> Pattern:
    said = {
        "short": f"posts of up to {seconds:.0f} s" if seconds else "",
        "topic": f"posts with #{tag}",
        "level_up": "the newer half of the posts",
        "level_down": "the newer half of the posts",
    }[kind]
    refs = [video.ref for video, _ in (*those, *others)]
    paraphrase = f"{len(those)} against {len(others)}: {said} get {ratio:.1f} times the views."
    return Pattern(
        kind=kind,
        tag=tag,
        seconds=seconds,
        n=len(those),
        other_n=len(others),
        ratio=round(ratio, 2),
        lasting=LASTING["level" if kind.startswith("level") else kind],
        evidence_ids=(log.add("video", paraphrase, refs),),
    )


def _difference(those: Sequence[Grown], others: Sequence[Grown]) -> tuple[float, float]:
    """Of views at equal age."""
    if min(len(those), len(others)) < MIN_SIDE:
        return 0.0, 1.0
    return difference(
        [math.exp(value) for _, value in those], [math.exp(value) for _, value in others]
    )


def difference(left: Sequence[float], right: Sequence[float]) -> tuple[float, float]:
    """The z of Mann and Whitney, and the ratio of the medians; 1 where that of `right` is 0."""
    n, m = len(left), len(right)
    wins = sum((a > b) + 0.5 * (a == b) for a in left for b in right)
    z = (wins - n * m / 2) / math.sqrt(n * m * (n + m + 1) / 12)
    usual = median(right)
    return z, median(left) / usual if usual else 1.0


def _is_far(ratio: float) -> bool:
    return ratio >= PATTERN_RATIO or ratio <= 1 / PATTERN_RATIO


def _tags(posts: Sequence[Grown]) -> Counter[str]:
    return Counter(tag for video, _ in posts for tag in _tags_of(video))


def _tags_of(video: Video) -> set[str]:
    tags = {tag.lower() for tag in video.hashtags}
    return {tag for tag in tags if TAG.fullmatch(tag) and tag not in _NO_TOPIC}


def _posted(video: Video) -> float:
    return video.created_at.timestamp() if video.created_at else 0.0
