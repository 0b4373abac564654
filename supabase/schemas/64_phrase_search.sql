-- Finding terms and patterns in a script, also in disguise.

create function private.letter_classes()
returns jsonb
language sql immutable security invoker set search_path = pg_catalog, pg_temp
as $$
    select '{
        "a": "[a@4]", "b": "[b8]", "e": "[e3€]", "g": "[g69]", "i": "[i1!|]", "l": "[l1|£]",
        "o": "[o0]", "s": "[s5$]", "t": "[t7+]", "z": "[z2]"
    }'::jsonb
$$;
comment on function private.letter_classes is
'Bracket expressions of the lower-case letters that digits and symbols may stand for.';

create function private.plain_pattern(word text)
returns text
language sql immutable security invoker set search_path = pg_catalog, pg_temp
as $$
    select regexp_replace(word, '([^[:alnum:]])', '\\\1', 'g')
$$;
comment on function private.plain_pattern is 'A regular expression that matches a word exactly.';

create function private.disguise_pattern(word text)
returns text
language sql immutable security invoker set search_path = pg_catalog, pg_temp
as $$
    select string_agg(
        case
            when r.run[2] !~ '[a-z]' then private.plain_pattern(r.run[1])
            when char_length(r.run[1]) > 1 then r.class || '{' || char_length(r.run[1]) || ',}'
            -- “miiracle” and “cuuure” are disguises, but “good” is none of “god”.
            when r.run[2] in ('a', 'i', 'u', 'y') then r.class || '+'
            else r.class || '(?:' || r.class || '{2,})?'
        end,
        '[-.*_~''’·]?' order by r.position
    )
    from (
        select m.run, m.position, coalesce(c.classes ->> m.run[2], m.run[2]) as class
        from private.letter_classes() as c (classes)
        cross join lateral regexp_matches(word, '((.)\2*)', 'g')
            with ordinality as m (run, position)
    ) as r
$$;
comment on function private.disguise_pattern is
'A regular expression for a lower-case word with repeated letters, digits for letters or symbols
within.';

create function private.spaced_pattern(word text)
returns text
language sql immutable security invoker set search_path = pg_catalog, pg_temp
as $$
    select string_agg(
        coalesce(
            c.classes ->> l.letter,
            case when l.letter between 'a' and 'z' then l.letter
                else private.plain_pattern(l.letter) end
        ),
        '[^[:alnum:]]{1,3}' order by l.position
    )
    from private.letter_classes() as c (classes)
    cross join lateral string_to_table(word, null) with ordinality as l (letter, position)
$$;
comment on function private.spaced_pattern is
'A regular expression for a lower-case word with signs or spaces between its letters: s.p.e.l.t.';

create function private.word_pattern(term text, reads_disguise boolean, has_spaced_letters boolean)
returns text
language sql immutable security invoker set search_path = pg_catalog, pg_temp
as $$
    -- Words are separated by spaces, or by signs without spaces, never by the end of a sentence. A
    -- longer separator within the term also matches as many of its characters.
    select case
        when reads_disguise and regexp_count(term, '[[:alnum:]]') >= 3 then
            '(?:'
            || string_agg(
                private.disguise_pattern(w.word),
                '(?:\s{0,3}|[-*~./·&+]{1,2}|\s[-–—]\s' || w.own || ')'
                order by w.position
            )
            -- Slow to compile: only if the script has spaced letters, or for a term that may be
            -- too short for has_spaced_letters.
            || case
                when has_spaced_letters or term !~ '^[\s_-]*([[:alnum:]][\s_-]*){4,}$'
                    then '|' || string_agg(
                        private.spaced_pattern(w.word), '(?:[^[:alnum:]]{1,3}' || w.own || ')'
                        order by w.position
                    )
                else ''
            end
            || ')'
        else string_agg(
            private.plain_pattern(w.word), '(?:\s{1,3}|[-_]' || w.own || ')' order by w.position
        )
    end
    from (
        select
            m.match[2] as word,
            m.position,
            case when char_length(m.match[1]) > 1
                then '|[\s_-]{' || char_length(m.match[1]) || '}' else '' end as own
        from regexp_matches(term, '([\s_-]*)([^\s_-]+)', 'g') with ordinality as m (match, position)
    ) as w
$$;
comment on function private.word_pattern is 'A regular expression for the words of a term.';

create function private.term_pattern(
    term text, match text, reads_disguise boolean, has_spaced_letters boolean,
    has_word_boundaries boolean
)
returns text
language plpgsql immutable security invoker set search_path = pg_catalog, pg_temp
as $$
declare
    -- A word never ends next to one of these: letters and digits of scripts that separate words.
    -- Chinese, Japanese, Thai and the like write no spaces between words.
    v_edge constant text := case when has_word_boundaries then '[[:alnum:]]'
        else '[a-zA-Z0-9\u00aa-\u024f\u0370-\u06ff\u0900-\u0dff\u1e00-\u1eff\uac00-\ud7a3]' end;
    v_before text := '';
    v_after text := '';
begin
    if match <> 'substring' and left(term, 1) ~ v_edge then
        v_before := case
            -- A lookbehind reads the text from its beginning each time: only where \m is wrong.
            when not has_word_boundaries then '(?<!' || v_edge || ')'
            when reads_disguise and left(term, 1) ~ '[aeilst]' then '(?:\m|(?=[@€!|£$+]))'
            else '\m'
        end;
    end if;
    if match = 'word' and right(term, 1) ~ v_edge then
        -- “miracles” and “miracle’s” match “miracle”, but “news” does not match “new”.
        v_after := case when term ~* '[a-z]{3}[a-rt-z]$' then '(?:[''’]?s)?' else '' end
            || '(?!' || v_edge || ')';
    end if;
    return v_before || private.word_pattern(term, reads_disguise, has_spaced_letters) || v_after;
end;
$$;
comment on function private.term_pattern is
'A regular expression for a term as a word (word), the beginning of one (prefix) or anywhere
(substring).';

create function private.find_pattern(value text, pattern text, flags text, most integer default 20)
returns int4range[]
language plpgsql immutable security invoker set search_path = pg_catalog, pg_temp
as $$
declare
    -- Marks both ends of each match with a private-use character, so one pass finds all.
    v_mark constant text := chr(1114109);
    v_parts text[];
begin
    v_parts := string_to_array(
        regexp_replace(
            replace(value, v_mark, ' '), pattern, v_mark || '\&' || v_mark, 'g' || flags
        ),
        v_mark
    );
    if cardinality(v_parts) <= 1 then
        return '{}';
    end if;
    return (
        select coalesce(
            array_agg(
                int4range(p.begins_at::integer, p.ends_at::integer) order by p.begins_at
            ),
            '{}'
        )
        from (
            select
                u.position,
                1 + sum(char_length(u.part)) over w - char_length(u.part) as begins_at,
                1 + sum(char_length(u.part)) over w as ends_at
            from unnest(v_parts[:2 * most]) with ordinality as u (part, position)
            window w as (order by u.position)
        ) as p
        where p.position % 2 = 0 and p.ends_at > p.begins_at
    );
end;
$$;
comment on function private.find_pattern is
'The ranges, from 1, of the first matches of a pattern, `most` of them. The pattern has passed
private.pattern_problem.';

create function private.search_keys(terms text[])
returns text[]
language plpgsql immutable security invoker set search_path = pg_catalog, pg_temp
as $$
declare
    -- One call for all terms: a thousand short calls would take longer than the check.
    v_joined text := array_to_string(terms, E'\u001f');
begin
    -- A term with the separator itself must not shift the positions of the others.
    if char_length(v_joined) - char_length(replace(v_joined, E'\u001f', '')) >= cardinality(terms)
    then
        v_joined := array_to_string(array(
            select replace(t, E'\u001f', ' ') from unnest(terms) as t
        ), E'\u001f');
    end if;
    if octet_length(v_joined) <> char_length(v_joined) then
        -- In pieces, as the script is: else a mark could compose with what stands before it.
        v_joined := (select p.skeleton from private.normalize_pieces(v_joined) as p);
    end if;
    return string_to_array(private.search_key(v_joined) || E'\u001f', E'\u001f');
end;
$$;
comment on function private.search_keys is
'The search key of each term of a list, and last an empty one. The key of an emoji is empty too,
and every text has it, so emoji are always searched for.';

create function private.term_matches(
    script private.normalized_text, terms text[], match text default 'word',
    normalise text[] default '{case,width,zero_width,leet}'
)
returns int4multirange
language plpgsql immutable security invoker set search_path = pg_catalog, pg_temp
as $$
declare
    v_flags constant text := case when 'case' = any (normalise) then 'i' else '' end;
    v_is_exact constant boolean := not normalise @> '{width,zero_width}';
    v_keys constant text[] := private.search_keys(terms);
    v_normalized text;
    v_skeleton text;
    v_is_disguised boolean;
    v_text text;
    v_ranges int4range[];
    v_matches int4multirange := '{}';
begin
    for v_index in 1 .. cardinality(terms) loop
        -- Most terms are absent, and this finds out in a microsecond.
        continue when position(v_keys[v_index] in script.search_keys[1]) = 0
            and position(v_keys[v_index] in coalesce(script.search_keys[2], '')) = 0;
        v_normalized := terms[v_index];
        v_skeleton := v_normalized;
        if not v_is_exact and octet_length(v_normalized) > char_length(v_normalized) then
            -- In pieces, as the script is, so that both get the same form.
            select p.normalized, p.skeleton into v_normalized, v_skeleton
            from private.normalize_pieces(v_normalized) as p;
        end if;
        -- Only now: a mark that turns the direction brings a space from the end to the middle.
        v_normalized := btrim(v_normalized);
        v_skeleton := btrim(v_skeleton);
        -- A term with accents matches only with them; one without matches any.
        v_is_disguised := normalise @> '{case,width,leet,zero_width}'
            and v_normalized = v_skeleton;
        v_text := case
            when v_is_exact then script.content
            when v_is_disguised then script.skeleton
            else script.normalized
        end;
        -- A pattern that ignores case misses title-case letters such as “ǅ”.
        if v_flags = 'i' and not v_is_disguised
            and octet_length(v_normalized) > char_length(v_normalized)
            and char_length(lower(v_text)) = char_length(v_text) then
            v_text := lower(v_text);
            v_normalized := lower(v_normalized);
        end if;
        -- The lower case of some letters, such as “ẞ”, is not found in place of them.
        v_ranges := private.find_pattern(v_text, private.term_pattern(
            case when v_is_disguised
                then translate(
                    v_normalized, 'ABCDEFGHIJKLMNOPQRSTUVWXYZ', 'abcdefghijklmnopqrstuvwxyz'
                )
                else v_normalized end,
            match, v_is_disguised, script.has_spaced_letters,
            script.has_spaces and position('_' in v_text) = 0
        ), v_flags);
        -- “50” is a number, no disguise of “so”.
        if v_is_disguised and v_normalized ~ '[[:alpha:]]' then
            v_ranges := array(
                select r from unnest(v_ranges) as r
                where substr(v_text, lower(r), upper(r) - lower(r)) ~ '[[:alpha:]]'
            );
        end if;
        v_matches := v_matches + case
            when v_is_exact then private.zero_based(v_ranges)
            else private.source_ranges(script, v_ranges)
        end;
    end loop;
    return v_matches;
end;
$$;
comment on function private.term_matches is
'The ranges of a script, from 0, where any of the terms matches. normalise lists what to ignore:
case, width, zero_width (invisible characters), leet (also accents, look-alikes, repeats and
spacing).';
