-- Finding phrases and patterns in a script: where they stand, disguises included.

create function private.letter_edge()
returns text
language sql immutable security invoker set search_path = pg_catalog, pg_temp
as $$
    -- Chinese, Japanese, Thai and their like write no spaces between words: no edges there.
    select '[a-zA-Z0-9\u00aa-\u024f\u0370-\u06ff\u0900-\u0dff\u1e00-\u1eff\uac00-\ud7a3]'
$$;
comment on function private.letter_edge is
'Letters and digits of the scripts that separate words: next to one, a word does not end.';

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
'Lower-case letters that hide behind digits and signs, each with those.';

create function private.plain_pattern(word text)
returns text
language sql immutable security invoker set search_path = pg_catalog, pg_temp
as $$
    select regexp_replace(word, '([^[:alnum:]])', '\\\1', 'g')
$$;
comment on function private.plain_pattern is 'A regular expression for a word exactly as it is.';

create function private.disguise_pattern(word text)
returns text
language sql immutable security invoker set search_path = pg_catalog, pg_temp
as $$
    select string_agg(
        case
            when r.run[2] !~ '[a-z]' then private.plain_pattern(r.run[1])
            when char_length(r.run[1]) > 1 then r.class || '{' || char_length(r.run[1]) || ',}'
            -- “good” is no disguise of “god”, but “miiracle” and “cuuure” are disguises.
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
'A regular expression for a lower-case word with repeats, digits for letters or signs within.';

create function private.spelt_pattern(word text)
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
comment on function private.spelt_pattern is
'A regular expression for a lower-case word that is s.p.e.l.t or s p a c e d out.';

create function private.word_pattern(term text, reads_disguise boolean, is_spelt boolean)
returns text
language sql immutable security invoker set search_path = pg_catalog, pg_temp
as $$
    -- Between words: spaces, or signs without spaces, never the end of a sentence.
    select case
        when reads_disguise and regexp_count(term, '[[:alnum:]]') >= 3 then
            '(?:'
            || string_agg(
                private.disguise_pattern(w.word), '(?:\s{0,3}|[-*~./·&+]{1,2}|\s[-–—]\s)'
                order by w.position
            )
            -- The half that is slow to compile: only where the script spells, or too short to tell.
            || case
                when is_spelt or term !~ '^[\s_-]*([[:alnum:]][\s_-]*){4,}$' then '|' || string_agg(
                    private.spelt_pattern(w.word), '[^[:alnum:]]{1,3}' order by w.position
                )
                else ''
            end
            || ')'
        else string_agg(private.plain_pattern(w.word), '(?:\s{1,3}|[-_])' order by w.position)
    end
    from regexp_split_to_table(term, '[\s_-]+') with ordinality as w (word, position)
    where w.word <> ''
$$;
comment on function private.word_pattern is 'A regular expression for the words of a term.';

create function private.term_pattern(
    term text, match text, reads_disguise boolean, is_spelt boolean, has_plain_edges boolean
)
returns text
language plpgsql immutable security invoker set search_path = pg_catalog, pg_temp
as $$
declare
    v_edge constant text := case
        when has_plain_edges then '[[:alnum:]]' else private.letter_edge()
    end;
    v_before text := '';
    v_after text := '';
begin
    if match <> 'substring' and left(term, 1) ~ v_edge then
        v_before := case
            -- Looking back reads the text from its beginning each time: only where it must be.
            when not has_plain_edges then '(?<!' || v_edge || ')'
            when reads_disguise and left(term, 1) ~ '[aeilst]' then '(?:\m|(?=[@€!|£$+]))'
            else '\m'
        end;
    end if;
    if match = 'word' and right(term, 1) ~ v_edge then
        -- “miracles” and “miracle’s” are the same word; a short one may be another (new, news).
        v_after := case when term ~* '[a-z]{3}[a-rt-z]$' then '(?:[''’]?s)?' else '' end
            || '(?!' || v_edge || ')';
    end if;
    return v_before || private.word_pattern(term, reads_disguise, is_spelt) || v_after;
end;
$$;
comment on function private.term_pattern is
'A regular expression for a term as a word, the beginning of one (prefix) or anywhere (substring).';

create function private.find_pattern(
    value text, pattern text, flags text, most integer default 20
)
returns int4range[]
language plpgsql immutable security invoker set search_path = pg_catalog, pg_temp
as $$
declare
    -- A character for private use marks both ends of each match: one pass for all of them.
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
'The first places, from 1, where a pattern that passed private.pattern_problem matches; twenty are
enough to see what is wrong.';

create function private.find_term(
    script private.folded_text, term text, match text, normalise text[]
)
returns int4multirange
language plpgsql immutable security invoker set search_path = pg_catalog, pg_temp
as $$
declare
    v_plain text := btrim(term);
    v_bare text := v_plain;
    v_is_disguised boolean := normalise @> '{case,width,leet,zero_width}';
    v_is_exact boolean := not normalise @> '{width,zero_width}';
    v_text text;
    v_pattern text;
    v_hits int4range[];
begin
    -- A text that is taken as written is compared with a term as written.
    if not v_is_exact and octet_length(v_plain) > char_length(v_plain) then
        -- In pieces, as the script is, so that both come out alike.
        select f.plain, f.bare into v_plain, v_bare from private.fold_pieces(v_plain) as f;
    end if;
    -- A term with accents means them; one without is found under any.
    v_is_disguised := v_is_disguised and v_plain = v_bare;
    v_text := case
        when v_is_exact then script.content
        when v_is_disguised then script.bare
        else script.plain
    end;
    v_pattern := private.term_pattern(
        case when 'case' = any (normalise) then lower(v_plain) else v_plain end,
        match, v_is_disguised, script.is_spelt,
        script.has_spaces and position('_' in v_text) = 0
    );
    v_hits := private.find_pattern(
        v_text, v_pattern, case when 'case' = any (normalise) then 'i' else '' end
    );
    -- “50” is a number, no disguise of “so”.
    if v_is_disguised and v_plain ~ '[[:alpha:]]' then
        v_hits := array(
            select h from unnest(v_hits) as h
            where substr(v_text, lower(h), upper(h) - lower(h)) ~ '[[:alpha:]]'
        );
    end if;
    return case
        when v_is_exact then private.places(v_hits)
        else private.source_places(script, v_hits)
    end;
end;
$$;
comment on function private.find_term is
'Where a term stands in a script, in characters from 0. normalise says what to look through: case,
width, zero_width (invisible characters), leet (also accents, look-alikes, repeats and spacing).';

create function private.squeeze_terms(terms text[])
returns text[]
language plpgsql immutable security definer set search_path = pg_catalog, pg_temp
as $$
declare
    -- All at once: a thousand short calls would take longer than the check.
    v_joined text := array_to_string(terms, E'\u001f');
begin
    -- No keyboard has this character, and a client that sends it must not shift the others' places.
    if char_length(v_joined) - char_length(replace(v_joined, E'\u001f', '')) >= cardinality(terms)
    then
        v_joined := array_to_string(array(
            select replace(t, E'\u001f', ' ') from unnest(terms) as t
        ), E'\u001f');
    end if;
    if octet_length(v_joined) <> char_length(v_joined) then
        v_joined := (select f.bare from private.fold_piece(v_joined) as f);
    end if;
    return string_to_array(private.squeeze(v_joined) || E'\u001f', E'\u001f');
end;
$$;
comment on function private.squeeze_terms is
'The terms of a list, each squeezed; one more, an empty one, comes last. An emoji squeezes to
nothing, and nothing is found everywhere: it is always looked for. Definer like private.fold.';
grant execute on function private.squeeze_terms to authenticated;
grant execute on function private.squeeze_terms to service_role;

create function private.find_terms(
    script private.folded_text,
    terms text[],
    match text default 'word',
    normalise text[] default '{case,width,zero_width,leet}'
)
returns int4multirange
language plpgsql immutable security invoker set search_path = pg_catalog, pg_temp
as $$
declare
    v_squeezed text[] := private.squeeze_terms(terms);
    v_first text := script.squeezed[1];
    v_second text := coalesce(script.squeezed[2], '');
    v_hits int4multirange := '{}';
begin
    for v_index in 1 .. cardinality(terms) loop
        -- Most terms are not there: this says so in a microsecond.
        if position(v_squeezed[v_index] in v_first) > 0
            or position(v_squeezed[v_index] in v_second) > 0
        then
            v_hits := v_hits + private.find_term(script, terms[v_index], match, normalise);
        end if;
    end loop;
    return v_hits;
end;
$$;
comment on function private.find_terms is 'Where any of several terms stands in a script.';
