"""What comments of emoji alone say. The embedding hardly tells 😍 from 🤮.

Laughter and tears are of both kinds, so they count as neutral.
"""

from __future__ import annotations

import re
from typing import Literal

_GOOD = frozenset(
    "😍🥰😘😊😻🤩😋🤤❤🧡💛💚💙💜🖤🤍🤎♥💖💗💓💕💞💘💝😁😀😃😄😆🙂☺🔥💯👏🙌👍👌🫶🥳🎉⭐🌟✨💪😎🤗😇✅💐🏆🥇"
)
_BAD = frozenset("👎🤢🤮💩🤡😡😠🤬😤😒🙄💔❌🚮🗑🖕☹🙁😖😣😾")
_SMILE = re.compile(r"[:;=8][-o']?[)D\]]+|<3+|\^_*\^|\bx+D+\b")
_FROWN = re.compile(r">?[:=][-']?[(\[/\\|]+")
_WORD = re.compile(r"[^\W_]")


def is_wordless(text: str) -> bool:
    """Whether a text has neither a word nor a number, apart from faces made of signs."""
    return _WORD.search(_SMILE.sub("", _FROWN.sub("", text))) is None


def feeling(text: str) -> Literal["negative", "neutral", "positive"]:
    """What most of the faces of a wordless text say."""
    good = sum(char in _GOOD for char in text) + len(_SMILE.findall(text))
    bad = sum(char in _BAD for char in text) + len(_FROWN.findall(text))
    return "neutral" if good == bad else "positive" if good > bad else "negative"
