-- Finding phrases and patterns in a script: where they stand, disguises included.

create function private.letter_edge()
returns text
language sql
immutable
security invoker
set search_path = ''
as $$
    -- Chinese, Japanese, Thai and their like write no spaces between words: no edges there.
    select '[a-zA-Z0-9\u00aa-\u024f\u0370-\u06ff\u0900-\u0dff\u1e00-\u1eff\uac00-\ud7a3]'
$$;
comment on function private.letter_edge is
'Letters and digits of the scripts that separate words: next to one, a word does not end.';

create function private.letter_class(letter text)
returns text
language sql
immutable
security invoker
set search_path = ''
as $$
    select case letter
        when 'a' then '[a@4]'
        when 'b' then '[b8]'
        when 'e' then '[e3€]'
        when 'g' then '[g69]'
        when 'i' then '[i1!|]'
        when 'l' then '[l1|£]'
        when 'o' then '[o0]'
        when 's' then '[s5$]'
        when 't' then '[t7+]'
        when 'z' then '[z2]'
        else letter
    end
$$;
comment on function private.letter_class is
'A lower-case letter with the digits and signs it hides behind.';

create function private.plain_pattern(word text)
returns text
language sql
immutable
security invoker
set search_path = ''
as $$
    select regexp_replace(word, '([^[:alnum:]])', '\\\1', 'g')
$$;
comment on function private.plain_pattern is 'A regular expression for a word exactly as it is.';

create function private.disguise_pattern(word text)
returns text
language sql
immutable
security invoker
set search_path = ''
as $$
    select string_agg(
        case
            when r.run[2] !~ '[a-z]' then private.plain_pattern(r.run[1])
            when char_length(r.run[1]) > 1
                then private.letter_class(r.run[2]) || '{' || char_length(r.run[1]) || ',}'
            -- “good” is no disguise of “god”, but “miiracle” and “cuuure” are disguises.
            when r.run[2] ~ '[aiuy]' then private.letter_class(r.run[2]) || '+'
            else private.letter_class(r.run[2])
                || '(?:' || private.letter_class(r.run[2]) || '{2,})?'
        end,
        '[-.*_~''’·]?' order by r.position
    )
    from regexp_matches(word, '((.)\2*)', 'g') with ordinality as r (run, position)
$$;
comment on function private.disguise_pattern is
'A regular expression for a lower-case word with repeats, digits for letters or signs within.';

create function private.spelt_pattern(word text)
returns text
language sql
immutable
security invoker
set search_path = ''
as $$
    select string_agg(
        case
            when l.letter ~ '[a-z]' then private.letter_class(l.letter)
            else private.plain_pattern(l.letter)
        end,
        '[^[:alnum:]]{1,3}' order by l.position
    )
    from string_to_table(word, null) with ordinality as l (letter, position)
$$;
comment on function private.spelt_pattern is
'A regular expression for a lower-case word that is s.p.e.l.t or s p a c e d out.';

create function private.word_pattern(term text, reads_disguise boolean)
returns text
language sql
immutable
security invoker
set search_path = ''
as $$
    -- Between words: spaces, or signs without spaces, never the end of a sentence.
    select case
        when reads_disguise and regexp_count(term, '[[:alnum:]]') >= 3 then
            '(?:'
            || string_agg(
                private.disguise_pattern(w.word), '(?:\s{0,3}|[-*~./·&+]{1,2}|\s[-–—]\s)'
                order by w.position
            )
            || '|'
            || string_agg(private.spelt_pattern(w.word), '[^[:alnum:]]{1,3}' order by w.position)
            || ')'
        else string_agg(private.plain_pattern(w.word), '(?:\s{1,3}|[-_])' order by w.position)
    end
    from regexp_split_to_table(term, '[\s_-]+') with ordinality as w (word, position)
    where w.word <> ''
$$;
comment on function private.word_pattern is 'A regular expression for the words of a term.';

create function private.term_pattern(
    term text, match text, reads_disguise boolean, has_plain_edges boolean
)
returns text
language plpgsql
immutable
security invoker
set search_path = ''
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
    return v_before || private.word_pattern(term, reads_disguise) || v_after;
end;
$$;
comment on function private.term_pattern is
'A regular expression for a term as a word, the beginning of one (prefix) or anywhere (substring).';

create function private.find_pattern(value text, pattern text, flags text)
returns int4range[]
language plpgsql
immutable
security invoker
set search_path = ''
as $$
declare
    -- A character for private use marks both ends of each match: one pass for all of them.
    v_mark constant text := chr(1114109);
    v_parts text[];
begin
    if not regexp_like(value, pattern, flags) then
        return '{}';
    end if;
    v_parts := string_to_array(
        regexp_replace(
            replace(value, v_mark, ' '), pattern, v_mark || '\&' || v_mark, 'g' || flags
        ),
        v_mark
    );
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
            -- Twenty places are enough to see what is wrong.
            from unnest(v_parts[:40]) with ordinality as u (part, position)
            window w as (order by u.position)
        ) as p
        where p.position % 2 = 0 and p.ends_at > p.begins_at
    );
end;
$$;
comment on function private.find_pattern is
'The first twenty places, from 1, where a pattern that passed private.pattern_problem matches.';

create function private.find_term(
    script private.folded_text, term text, match text, normalise text[]
)
returns int4multirange
language plpgsql
immutable
security invoker
set search_path = ''
as $$
declare
    v_plain text := btrim(term);
    v_bare text := v_plain;
    v_is_disguised boolean := normalise @> '{case,width,leet,zero_width}';
    v_is_exact boolean := not normalise @> '{width,zero_width}';
    v_text text;
    v_pattern text;
begin
    select f.plain, f.bare into v_plain, v_bare from private.fold_piece(v_plain) as f;
    -- A term with accents means them; one without is found under any.
    v_is_disguised := v_is_disguised and v_plain = v_bare;
    v_text := case
        when v_is_exact then script.content
        when v_is_disguised then script.bare
        else script.plain
    end;
    v_pattern := private.term_pattern(
        case when 'case' = any (normalise) then lower(v_plain) else v_plain end,
        match, v_is_disguised, script.has_spaces and position('_' in v_text) = 0
    );
    return (
        select coalesce(
            range_agg(
                case
                    when v_is_exact then int4range(lower(h) - 1, upper(h) - 1)
                    else private.source_range(script, lower(h), upper(h))
                end
            ),
            '{}'
        )
        from unnest(
            private.find_pattern(
                v_text, v_pattern, case when 'case' = any (normalise) then 'i' else '' end
            )
        ) as h
        -- “50” is a number, no disguise of “so”.
        where substr(v_text, lower(h), upper(h) - lower(h)) ~ '[[:alpha:]]'
            or v_plain !~ '[[:alpha:]]'
    );
end;
$$;
comment on function private.find_term is
'Where a term stands in a script, in characters from 0. normalise says what to look through: case,
width, zero_width (invisible characters), leet (also accents, look-alikes, repeats and spacing).';

create function private.find_terms(
    script private.folded_text,
    terms text[],
    match text default 'word',
    normalise text[] default '{case,width,zero_width,leet}'
)
returns int4multirange
language plpgsql
immutable
security invoker
set search_path = ''
as $$
declare
    v_joined text := array_to_string(terms, E'\u001f');
    v_squeezed text[];
    v_first text := script.squeezed[1];
    v_second text := coalesce(script.squeezed[2], '');
    v_hits int4multirange := '{}';
begin
    if octet_length(v_joined) <> char_length(v_joined) then
        v_joined := (select f.bare from private.fold_piece(v_joined) as f);
    end if;
    -- An emoji squeezes to nothing, and nothing is found everywhere: it is always looked for.
    v_squeezed := string_to_array(private.squeeze(v_joined) || E'\u001f', E'\u001f');
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
