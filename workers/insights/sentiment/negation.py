"""Praise that negates a fault: “not bad at all”, “nichts zu meckern”. The embedding misses “not”.

Each is replaced by plain praise, and a few denials of praise by plain blame, before texts are read.
"""

from __future__ import annotations

import re

_APOSTROPHE = "['\u2019\u02bc]?"
_NOT = rf"(?:not|(?:is|was|are|were|ai)n{_APOSTROPHE}t)"
_CANNOT = rf"(?:can ?not|can{_APOSTROPHE}t|could ?not|couldn{_APOSTROPHE}t)"
_FRENCH_END = r"(?=\s+(?:du tout|comme|pour|et|mais)\b|\W*$|\s*[,.!?;:)])"

# Plain words → what means them.
_FORMS = {
    "good": (
        rf"\b{_NOT} (?:at all |too |that |so |half |really |even )?bad(?: at all)?\b",
        r"\bnot (?:too |half )?shabby\b",
        rf"\b(?:i )?{_CANNOT} (?:really |possibly )?(?:complain|fault (?:it|this)|go wrong)\b",
        r"\b(?:no|zero|nothing to|without (?:any )?) ?(?:complaints?|complain(?: about)?)\b",
        r"\bno (?:regrets?|problems|issues)\b(?: at all\b)?",
        r"\bnothing (?:bad|negative) to say\b",
        r"\bnot (?:at all )?disappointed\b",
    ),
    "a good": (rf"\b{_NOT} a bad\b",),
    "great": (
        rf"\b(?:never|(?:does|did|do)(?: not|n{_APOSTROPHE}t)) (?:ever )?disappoint(?:s|ed)?\b",
        rf"\bwhat(?: is|{_APOSTROPHE}s) not to (?:love|like)\b",
        rf"\b{_CANNOT} be (?:happier|better|more (?:pleased|satisfied))\b",
    ),
    "está bien": (
        r"\bno (?:está|esta|estuvo|estaba|están|es|son) (?:nada |tan )?mal(?:o|a|os|as)?\b",
        r"\bno (?:me puedo|puedo) quejar(?:me)?\b",
        r"\b(?:sin|no tengo|cero) (?:ninguna )?quejas?\b",
        r"\bnada que (?:objetar|reprochar)\b",
    ),
    "bien": (
        r"\bnada mal(?:o|a)?\b",
        rf"\bpas (?:si |trop )?mal{_FRENCH_END}(?: du tout\b)?",
        r"\brien à (?:redire|reprocher)\b",
        r"\bpas (?:à me|me) plaindre\b",
        r"\baucune? (?:plainte|regret)s?\b",
    ),
    "é bom": (
        r"\b(?:não|nao) (?:é|está|esta|tá|foi|são) (?:nada |tão )?(?:ruim|ruins|mau|má|mal)\b",
        r"\bnada (?:mau|ruim)\b",
        r"\b(?:não|nao) (?:posso|tenho do que) (?:me )?(?:reclamar|queixar)\b",
        r"\b(?:sem|zero|nenhuma) (?:reclamaç(?:ão|ões)|queixas?)\b",
        r"\bnada a reclamar\b",
    ),
    "bon": (r"\bpas (?:si )?mauvaise?s?\b",),
    "gut": (
        r"\b(?:gar |echt |wirklich )?nicht (?:so |mal |ganz |allzu )?schlecht\b",
        r"\bkann (?:man |ich )?(?:mich )?(?:echt )?nicht (?:klagen|beklagen|beschweren|meckern)\b",
        r"\b(?:nichts|nix) (?:zu (?:meckern|klagen|beklagen|beanstanden)|auszusetzen)\b",
    ),
    "buono": (
        r"\bnon è (?:per niente |affatto )?(?:male|cattivo)\b",
        r"\b(?:niente|mica) male\b",
        r"\bnon (?:mi posso lamentare|posso lamentarmi)\b",
        r"\b(?:niente|nulla) da ridire\b",
    ),
    "goed": (r"\bniet slecht\b", r"\b(?:niets|niks) te klagen\b", r"\bgeen klachten\b"),
    "mauvais": (r"\bpas (?:du tout )?(?:bon|bonne|terrible|top)(?: du tout)?\b",),
    "malo": (r"\bno (?:es|está|esta|fue) (?:nada |muy )?buen[oa]\b",),
    "ruim": (r"\b(?:não|nao) (?:é|foi|está) (?:nada |muito )?(?:bom|boa)\b",),
}
_PATTERNS = [(re.compile("|".join(forms), re.IGNORECASE), plain) for plain, forms in _FORMS.items()]
# Most texts have none of these.
_HINT = re.compile(
    r"\b(?:not?|zero|nothing|never|without|wh?at\W?s|\w+n['\u2019\u02bc]?t|can ?not|could|sin|cero"
    r"|nada|pas|rien|aucune?|n[aã]o|sem|nenhuma|nicht|nichts|nix|non|niente|mica|nulla|niet|niets"
    r"|niks|geen|what)\b",
    re.IGNORECASE,
)


def plainly(text: str) -> str:
    """The text with plain praise for negated faults, and plain blame for negated praise."""
    if not _HINT.search(text):
        return text
    for pattern, plain in _PATTERNS:
        text = pattern.sub(plain, text)
    return text
