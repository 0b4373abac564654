"""Writes supabase/schemas/54_pack_headings.sql: the headings of packs from the texts of packs.

python -m local.tools.pack_headings
"""

from __future__ import annotations

from local.layout import ROOT
from workers.insights.pack.words import LOCALES, Words, words_in

FILE = ROOT / "supabase" / "schemas" / "54_pack_headings.sql"
SECTION = "headings."
_HEAD = """\
-- Written by `python -m local.tools.pack_headings` from workers/insights/resources/pack/*.toml.
-- A test compares both.

create function private.pack_labels(locale text)
returns jsonb
language sql immutable security invoker set search_path = pg_catalog, pg_temp
as $$
    select
        case pack_labels.locale
"""
_TAIL = """\
        end
$$;
comment on function private.pack_labels is
'The headings of a pack in a language; English for an unknown one.';
"""


def sql() -> str:
    """English stands behind `else`."""
    others = [locale for locale in LOCALES if locale != "en"]
    cases = [f"            when '{name}' then {_object(words_in(name))}" for name in others]
    return "".join((_HEAD, *cases, f"            else {_object(words_in('en'))}", _TAIL))


def _object(words: Words) -> str:
    texts = {
        key.removeprefix(SECTION): str(text).replace("'", "''")
        for key, text in words.texts.items()
        if key.startswith(SECTION)
    }
    pairs = [f"                '{name}', '{text}'" for name, text in texts.items()]
    return "jsonb_build_object(\n" + ",\n".join(pairs) + "\n            )\n"


if __name__ == "__main__":
    FILE.write_text(sql(), "utf-8")
