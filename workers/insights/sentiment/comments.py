"""Which comments count, and how much. Copies, spam and words to a language model do not count.

Copies count once, so that planted praise cannot outvote other people. Comments in languages that
the embedded engine does not read are kept apart.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Literal

from workers.insights.inputs import Comment, CommentKind
from workers.insights.sentiment.faces import is_wordless
from workers.insights.sentiment.language import ENGLISH, detect_languages, is_read

Reason = Literal["duplicate", "spam", "suspected_injection"]

MAX_COMMENTS = 5000  # bounds the time
MAX_CHARACTERS = 600  # a longer comment is cut before it is read
# All comments of one person together count at most as two, or as their most liked one.
AUTHOR_WEIGHT = 2.0
LIKES_WEIGHT = 4.0  # a comment counts at most as four, however many like it
NEAR_DUPLICATE = 0.7  # Jaccard similarity of word pairs
MIN_PAIRS = 4  # texts with fewer word pairs are short
_BUCKET_LIMIT = 40
_BUCKETS_READ = 40
_COMPARED = 10

_INVISIBLE = re.compile(
    r"[\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff\u00ad\x00-\x08\x0b-\x1f\x7f"
    r"\U0001f3fb-\U0001f3ff]"  # skin tones
)
_WORD = re.compile(r"[^\W_]+")
_LINK = re.compile(r"https?://|www\.|\b\w+\.(?:com|net|shop|xyz|ru)\b", re.IGNORECASE)
_SPAM = re.compile(
    r"follow (?:me|back|4)|f4f|l4l|check (?:out )?my (?:page|profile|bio|channel)"
    r"|link in (?:my )?bio|dm me|whats?app|telegram|earn \$?\d|crypto|forex|promote it on",
    re.IGNORECASE,
)
# Words said to a language model, not to a creator. The pattern finds crude attempts only. Two other
# rules defend: no text leaves this package, and a comment can mislabel only itself.
_INJECTION = re.compile(
    r"(?:ignore|disregard|forget|override)\b.{0,40}\b(?:previous|prior|above|all|your)\b"
    r".{0,40}\b(?:instruction|prompt|rule|direction|guideline|context|training)"
    r"|system prompt|\bas an ai\b|\bchat\s?gpt\b|you are now|\bjailbreak|(?-i:\bDAN\b)"
    r"|pretend (?:to be|you)|act as (?:a|an|if)|from now on,? you|your (?:new )?instructions"
    r"|<\|?(?:system|im_start|assistant)|\[/?INST\]|###\s*(?:system|instruction)|respond only with"
    r"|developer mode|prompt injection|language model|just print\b|everything you (?:learned|know)"
    r"|\b(?:modify|enhance|include|integrate|insert|add|use|encode|encrypt|apply|render|invert|shift"
    r"|combine|substitute|in|to) .{0,60}\byour (?:answer|response|reply|message|output)\b"
    r"|^\W*(?:reply|answer|respond) (?:in|using|with|only)\b",
    re.IGNORECASE,
)
# A task for an assistant ("Provide a list of …", "Write a poem about …") is no opinion.
_TASK = re.compile(
    r"^\W*(?:please |can you |could you |kindly )?(?:write|provide|list|generate|explain|describe|"
    r"summari[sz]e|translate|classify|analy[sz]e|compose|create|suggest|rewrite|outline|calculate|"
    r"compare|identify|discuss|draft|solve|convert|list out|determine|evaluate|paraphrase|recite|"
    r"elaborate on|retrieve|break down|design|develop|schedule|organi[sz]e|extract|encode|decode|"
    r"simplify|highlight|illustrate|estimate|investigate|examine|compile|proofread|debug|implement|"
    r"give me (?:a list|\d+ (?:ideas|tips|examples|reasons)))\b"
    r"(?!\s+(?:is|was|are|looks?|feels?|could)\b).{12,}",
    re.IGNORECASE | re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class Counted:
    """A comment that counts, with its cleaned text, its weight and its language."""

    comment: Comment
    text: str = field(repr=False)
    weight: float
    language: str = ENGLISH


@dataclass(frozen=True, slots=True)
class Prepared:
    """`not_read` are in languages that the embedded engine does not read."""

    kept: tuple[Counted, ...]
    not_read: tuple[Counted, ...]
    collected: int
    dropped: dict[Reason, int]
    languages: dict[str, int]


def prepare(comments: Iterable[Comment], stated: str | None = None, caption: str = "") -> Prepared:
    """Of several copies it keeps the first.

    `stated` is the language that the platform gives for the video, `caption` its caption.
    """
    collected = list(comments)
    dropped: Counter[Reason] = Counter()
    fit: list[tuple[Comment, str]] = []
    seen = _Seen()
    for comment in collected[:MAX_COMMENTS]:
        text = clean(comment.text)
        reason = _unfit(text) or seen.check(text, _rater(comment, text))
        if reason is None:
            fit.append((comment, text))
        else:
            dropped[reason] += 1
    found = detect_languages([text for _, text in fit], stated, caption)
    counted = _weighted(fit, found)
    return Prepared(
        kept=tuple(item for item in counted if is_read(item.language, item.text)),
        not_read=tuple(item for item in counted if not is_read(item.language, item.text)),
        collected=len(collected),
        dropped=dict(dropped),
        languages=dict(Counter(found)),
    )


def clean(text: str) -> str:
    """The text in NFKC without invisible characters, cut to MAX_CHARACTERS."""
    folded = unicodedata.normalize("NFKC", text[: MAX_CHARACTERS * 2])
    return " ".join(_INVISIBLE.sub("", folded).split())[:MAX_CHARACTERS]


def speaks_to_a_model(text: str) -> bool:
    """Whether a text looks like an instruction to a language model, or a task for one."""
    return bool(_INJECTION.search(text) or _TASK.match(text))


def _unfit(text: str) -> Reason | None:
    if speaks_to_a_model(text):
        return "suspected_injection"
    if not text or _LINK.search(text) or _SPAM.search(text) or _only_mentions(text):
        return "spam"
    return None


def _only_mentions(text: str) -> bool:
    """Whether there are only mentions, such as `@friend @other`."""
    return all(part.startswith("@") for part in text.split())


def _rater(comment: Comment, text: str) -> str | None:
    """Who gave stars, or a text of emoji alone: many people write the same one."""
    return None if comment.rating is None and not is_wordless(text) else comment.author_ref


class _Seen:
    """Remembers texts by their words, to recognise copies and near copies."""

    def __init__(self) -> None:
        self._exact: set[tuple[str | None, str]] = set()
        self._pairs: dict[tuple[str, str], list[frozenset[tuple[str, str]]]] = {}

    def check(self, text: str, rater: str | None = None) -> Reason | None:
        """`rater` gave stars or emoji: many people write "very good" or "😍", and each means it."""
        words = _WORD.findall(text.casefold())
        pairs = frozenset(pairwise(words))
        by = rater if len(pairs) < MIN_PAIRS else None
        form = (by, " ".join(words) or text)
        if form in self._exact:
            return "duplicate"
        self._exact.add(form)
        if len(pairs) < MIN_PAIRS:  # short texts share most of their words by nature
            return None
        if any(_similar(pairs, other) for other in self._alike(pairs)):
            return "duplicate"
        for pair in pairs:
            bucket = self._pairs.setdefault(pair, [])
            if len(bucket) < _BUCKET_LIMIT:  # frequent pairs tell little and would cost the most
                bucket.append(pairs)
        return None

    def _alike(self, pairs: frozenset[tuple[str, str]]) -> Iterator[frozenset[tuple[str, str]]]:
        """The known texts that share most of the rarest pairs, which a near copy has."""
        buckets = sorted((self._pairs.get(pair, []) for pair in pairs), key=len)
        known = [bucket for bucket in buckets if bucket][:_BUCKETS_READ]
        shared = Counter(id(other) for bucket in known for other in bucket)
        by_id = {id(other): other for bucket in known for other in bucket}
        for one, _times in shared.most_common(_COMPARED):
            yield by_id[one]


def _similar(left: frozenset[tuple[str, str]], right: frozenset[tuple[str, str]]) -> bool:
    return len(left & right) >= NEAR_DUPLICATE * len(left | right)


def _weighted(fit: list[tuple[Comment, str]], languages: list[str]) -> tuple[Counted, ...]:
    weights = [_liked(comment) for comment, _ in fit]
    per_author: defaultdict[str, list[float]] = defaultdict(list)
    for (comment, _), weight in zip(fit, weights, strict=True):
        if comment.author_ref:
            per_author[comment.author_ref].append(weight)
    shares = {author: _author_share(theirs) for author, theirs in per_author.items()}
    return tuple(
        Counted(comment, text, weight * shares.get(comment.author_ref or "", 1.0), language)
        for (comment, text), weight, language in zip(fit, weights, languages, strict=True)
    )


def _liked(comment: Comment) -> float:
    """The weight: likes count as agreement. Their logarithm counts, since likes can be bought."""
    return min(1 + math.log2(1 + max(comment.likes or 0, 0)), LIKES_WEIGHT)


def _author_share(weights: list[float]) -> float:
    return min(1.0, max(AUTHOR_WEIGHT, *weights) / sum(weights))


def people(comments: Iterable[Comment]) -> int:
    """How many persons wrote them; a comment without an author is one person's."""
    return len({person_of(comment) for comment in comments})


def person_of(comment: Comment) -> str:
    """The pseudonym of its author; of a comment without one, its own."""
    return comment.author_ref or comment.ref


def said_by(comments: Iterable[Comment]) -> str:
    """The counts in words: "14 comments", "1 review", "3 comments and 1 review"."""
    kinds = Counter(comment.kind for comment in comments)
    parts = [plural(kinds[kind], kind) for kind in ("comment", "review") if kinds[kind]]
    return " and ".join(parts) or plural(0, "comment")


def plural(n: int, noun: str) -> str:
    return f"{n:,} {noun}" if n == 1 else f"{n:,} {noun}s"


def kind_of(comments: Iterable[Comment]) -> CommentKind:
    """The kind of an evidence of these comments: "review" only if all are reviews."""
    return "review" if {comment.kind for comment in comments} == {"review"} else "comment"
