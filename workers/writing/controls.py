"""Control texts, which show whether a model judged each text of a request by itself.

Texts of many strangers share a request. One of them may tell the model what to say of all. So each
request has control texts whose right answer is known. If one answer to them is wrong, the answers
of the request are not used. Nobody outside knows the control texts or their places.
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from workers.insights.inputs import Comment


@dataclass(frozen=True)
class Batch:
    """The texts of a request by short id. `controls` has the right answer of each control text."""

    texts: Mapping[str, str]
    comments: Mapping[str, Comment]
    controls: Mapping[str, str]

    def is_refuted_by(self, answers: Mapping[str, str]) -> bool:
        """Whether a control text got a wrong answer, or none."""
        return any(answers.get(name) != right for name, right in self.controls.items())


def batch_of(comments: Sequence[Comment], controls: Sequence[tuple[str, Sequence[str]]]) -> Batch:
    """The comments, and one control text for each answer in `controls`, which has texts to choose.

    Short ids cost fewer tokens than refs and identify nothing. The refs, which are keyed hashes,
    decide the choice and the places. So a repeated request is the same.
    """
    seed = hashlib.sha256("|".join(comment.ref for comment in comments).encode()).digest()
    chance = random.Random(seed)  # noqa: S311 - nobody can guess the seed
    items: list[tuple[str, Comment | str]] = [(comment.text, comment) for comment in comments]
    for answer, texts in controls:
        items.insert(chance.randrange(len(items) + 1), (chance.choice(texts), answer))
    named = {f"c{number}": item for number, item in enumerate(items, start=1)}
    return Batch(
        texts={name: text for name, (text, _what) in named.items()},
        comments={name: what for name, (_, what) in named.items() if isinstance(what, Comment)},
        controls={name: what for name, (_, what) in named.items() if isinstance(what, str)},
    )
