-- Brand rules about phrases. Each check returns a verdict: a status, the matches and a message.

create type private.verdict as (status text, matches int4multirange, message text);
comment on type private.verdict is
'What a rule says of a script. status: pass, fail, needs_review or not_applicable. matches: ranges
of characters, from 0. message: a sentence; null for a pass.';

create function private.pass_unless(is_broken boolean, matches int4multirange, message text)
returns private.verdict
language plpgsql immutable security invoker set search_path = pg_catalog, pg_temp
as $$
begin
    if is_broken then
        return row('fail', matches, message)::private.verdict;
    end if;
    return row('pass', '{}', null)::private.verdict;
end;
$$;
comment on function private.pass_unless is 'The verdict fail if is_broken is true, else pass.';

create function private.quote_matches(script private.normalized_text, matches int4multirange)
returns text
language sql immutable security invoker set search_path = pg_catalog, pg_temp
as $$
    select string_agg('“' || t.word || '”', ', ' order by t.place)
    from (
        select
            (array_agg(w.word order by w.place))[1] as word,
            min(w.place) as place
        from (
            select
                regexp_replace(
                    substr(script.content, lower(f.m) + 1, upper(f.m) - lower(f.m)), '\s+', ' ', 'g'
                ) as word,
                f.place
            from unnest(matches) with ordinality as f (m, place)
        ) as w
        group by lower(w.word)
        order by min(w.place)
        limit 3
    ) as t
$$;
comment on function private.quote_matches is
'The first three different matches, quoted for a message.';

create function private.texts(list jsonb, default_texts text[] default '{}')
returns text[]
language plpgsql immutable security invoker set search_path = pg_catalog, pg_temp
as $$
begin
    if list is null then
        return default_texts;
    end if;
    return array(select t from jsonb_array_elements_text(list) as t);
end;
$$;
comment on function private.texts is 'A JSON list as an array; default_texts if the list is null.';

create function private.check_banned_phrase(params jsonb, script private.normalized_text)
returns private.verdict
language plpgsql stable security invoker set search_path = pg_catalog, pg_temp
as $$
declare
    v_match text := coalesce(params ->> 'match', 'word');
    v_matches int4multirange := private.term_matches(
        script, private.texts(params -> 'terms'), v_match,
        private.texts(params -> 'normalise', '{case,width,zero_width,leet}')
    );
    v_exempt int4multirange;
begin
    if not isempty(v_matches) and params ? 'exceptions' then
        v_exempt := private.term_matches(script, private.texts(params -> 'exceptions'));
        v_matches := (
            select coalesce(range_agg(m), '{}') from unnest(v_matches) as m where not m && v_exempt
        );
    end if;
    if isempty(v_matches) then
        return row('pass', '{}', null)::private.verdict;
    end if;
    return row(
        'fail', v_matches, format('Don''t say %s.', private.quote_matches(script, v_matches))
    )::private.verdict;
end;
$$;
comment on function private.check_banned_phrase is
'Fails on each match of a term that overlaps no match of an exception.';

create function private.check_substitution(params jsonb, script private.normalized_text)
returns private.verdict
language plpgsql stable security invoker set search_path = pg_catalog, pg_temp
as $$
declare
    v_pair record;
    v_found int4multirange;
    v_matches int4multirange := '{}';
    v_advice text[] := '{}';
begin
    for v_pair in select m.key, m.value from jsonb_each_text(params -> 'map') as m order by m.key
    loop
        v_found := private.term_matches(
            script, array[v_pair.key], 'word', '{case,width,zero_width}'
        );
        if not isempty(v_found) then
            v_matches := v_matches + v_found;
            v_advice := v_advice || format('“%s” instead of “%s”', v_pair.value, v_pair.key);
        end if;
    end loop;
    return private.pass_unless(
        not isempty(v_matches), v_matches, 'Say ' || array_to_string(v_advice, ', ') || '.'
    );
end;
$$;
comment on function private.check_substitution is
'Fails on each word of the map; the message names its replacement.';

create function private.check_required_mention(params jsonb, script private.normalized_text)
returns private.verdict
language plpgsql stable security invoker set search_path = pg_catalog, pg_temp
as $$
declare
    v_all text[] := private.texts(params -> 'all_of');
    v_any text[] := private.texts(params -> 'any_of');
    v_terms text[] := v_all || v_any;
    v_min integer := coalesce((params -> 'min')::integer, 1);
    v_has_any boolean := v_any = '{}';
    v_exact int4multirange;
    v_mentions int4multirange := '{}';
    v_found int4multirange;
    v_missing text[] := '{}';
    v_term text;
begin
    foreach v_term in array v_terms loop
        v_found := private.term_matches(script, array[v_term], 'word', '{case,width,zero_width}');
        v_mentions := v_mentions + v_found;
        if isempty(v_found) and v_term = any (v_all) then
            v_missing := v_missing || v_term;
        end if;
        v_has_any := v_has_any or (not isempty(v_found) and v_term = any (v_any));
    end loop;
    if params ->> 'spelling' = 'exact' then
        v_exact := private.term_matches(script, v_terms, 'word', '{width,zero_width}');
        if not isempty(v_mentions - v_exact) then
            return row(
                'fail', v_mentions - v_exact,
                format('Spell it exactly: %s.', private.quote_list(v_terms))
            )::private.verdict;
        end if;
    end if;
    if v_missing <> '{}' then
        return row(
            'fail', '{}', format('Mention “%s”.', array_to_string(v_missing, '”, “'))
        )::private.verdict;
    end if;
    if v_has_any and (select count(*) from unnest(v_mentions)) >= v_min then
        return row('pass', '{}', null)::private.verdict;
    end if;
    return row(
        'fail', '{}',
        case when v_min > 1
            then format('Mention %s at least %s times.', private.quote_list(v_terms), v_min)
            else format('Mention %s.', private.quote_list(v_any))
        end
    )::private.verdict;
end;
$$;
comment on function private.check_required_mention is
'Fails if a mention is missing, or occurs fewer than `min` times, or (spelling: exact) is spelt
differently.';

create function private.quote_list(list text[])
returns text
language sql immutable security invoker set search_path = pg_catalog, pg_temp
as $$
    select regexp_replace(
        '“' || array_to_string(list[:5], '”, “') || '”', ', (“[^“]*)$', ' or \1'
    )
$$;
comment on function private.quote_list is
'The first five of a list of texts, quoted for a message: “a”, “b” or “c”.';

create function private.counted(number numeric, singular text, plural text)
returns text
language sql immutable security invoker set search_path = pg_catalog, pg_temp
as $$
    select trim_scale(number) || ' ' || case when number = 1 then singular else plural end
$$;
comment on function private.counted is 'A number with its noun: 1 word, 2 words.';

create function private.check_competitor_mention(params jsonb, script private.normalized_text)
returns private.verdict
language plpgsql stable security invoker set search_path = pg_catalog, pg_temp
as $$
declare
    v_matches int4multirange := private.term_matches(script, private.texts(params -> 'names'));
    v_names text;
begin
    if isempty(v_matches) then
        return row('pass', '{}', null)::private.verdict;
    end if;
    v_names := private.quote_matches(script, v_matches);
    if params ->> 'policy' = 'review' then
        return row(
            'needs_review', v_matches, format('Is what this says of %s fair and true?', v_names)
        )::private.verdict;
    end if;
    return row(
        'fail', v_matches, format('Don''t mention the competitor %s.', v_names)
    )::private.verdict;
end;
$$;
comment on function private.check_competitor_mention is
'Fails on a competitor''s name, or (policy: review) asks a person to judge.';

create function private.check_cta(params jsonb, script private.normalized_text)
returns private.verdict
language plpgsql stable security invoker set search_path = pg_catalog, pg_temp
as $$
declare
    v_length integer := char_length(script.content);
    v_matches int4multirange := private.term_matches(
        script, private.texts(params -> 'any_of', private.default_phrases('cta')), 'word',
        '{case,width,zero_width}'
    );
    v_wanted int4range := case params ->> 'position'
        when 'start' then int4range(0, greatest(v_length / 3, 80))
        when 'end' then int4range(least(v_length - v_length / 3, v_length - 80), null)
        else int4range(0, null)
    end;
begin
    if isempty(v_matches) then
        return private.pass_unless(
            coalesce((params ->> 'required')::boolean, true), '{}',
            'Tell viewers what to do next, a call to action'
            || coalesce(': ' || private.quote_list(private.texts(params -> 'any_of', null)), '')
            || '.'
        );
    end if;
    return private.pass_unless(
        not v_matches && v_wanted, v_matches,
        format('Move the call to action to the %s of the script.', params ->> 'position')
    );
end;
$$;
comment on function private.check_cta is
'Fails without a call to action, or with one outside the first (start) or last (end) third.';
