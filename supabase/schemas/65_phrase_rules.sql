-- Brand rules about phrases, applied to a script. Each answers pass, fail, needs_review or
-- not_applicable, the places it means, and a sentence.

create type private.verdict as (status text, hits int4multirange, message text);
comment on type private.verdict is
'What a rule says of a script; hits are ranges of characters, from 0.';

create function private.judge(status text, hits int4multirange, message text)
returns private.verdict
language plpgsql immutable security invoker set search_path = pg_catalog, pg_temp
as $$
begin
    return row(status, hits, message)::private.verdict;
end;
$$;
comment on function private.judge is 'A verdict of these parts.';

create function private.pass_unless(is_broken boolean, hits int4multirange, message text)
returns private.verdict
language plpgsql immutable security invoker set search_path = pg_catalog, pg_temp
as $$
begin
    if is_broken then
        return row('fail', hits, message)::private.verdict;
    end if;
    return row('pass', '{}', null)::private.verdict;
end;
$$;
comment on function private.pass_unless is
'The verdict fail if something is broken (not if that is unknown), else pass.';

create function private.quote_hits(script private.folded_text, hits int4multirange)
returns text
language sql immutable security invoker set search_path = pg_catalog, pg_temp
as $$
    select string_agg(
        '“' || regexp_replace(
            substr(script.content, lower(h) + 1, upper(h) - lower(h)), '\s+', ' ', 'g'
        ) || '”', ', '
    )
    from (select r from unnest(hits) as r limit 3) as first_three (h)
$$;
comment on function private.quote_hits is 'The first places of a verdict as a person reads them.';

create function private.texts(list jsonb, otherwise text[] default '{}')
returns text[]
language plpgsql immutable security invoker set search_path = pg_catalog, pg_temp
as $$
begin
    if list is null then
        return otherwise;
    end if;
    return array(select t from jsonb_array_elements_text(list) as t);
end;
$$;
comment on function private.texts is 'A JSON list as an array; null is `otherwise`.';

create function private.check_banned_phrase(params jsonb, script private.folded_text)
returns private.verdict
language plpgsql stable security invoker set search_path = pg_catalog, pg_temp
as $$
declare
    v_match text := coalesce(params ->> 'match', 'word');
    v_hits int4multirange := private.find_terms(
        script, private.texts(params -> 'terms'), v_match,
        private.texts(params -> 'normalise', '{case,width,zero_width,leet}')
    );
    v_excused int4multirange;
begin
    if not isempty(v_hits) and params ? 'exceptions' then
        v_excused := private.find_terms(script, private.texts(params -> 'exceptions'));
        v_hits := (
            select coalesce(range_agg(h), '{}') from unnest(v_hits) as h where not h && v_excused
        );
    end if;
    if isempty(v_hits) then
        return private.judge('pass', '{}', null);
    end if;
    return private.judge(
        'fail', v_hits, format('Don''t say %s.', private.quote_hits(script, v_hits))
    );
end;
$$;
comment on function private.check_banned_phrase is
'Fails on each term, unless it is part of one of the exceptions.';

create function private.check_substitution(params jsonb, script private.folded_text)
returns private.verdict
language plpgsql stable security invoker set search_path = pg_catalog, pg_temp
as $$
declare
    v_pair record;
    v_found int4multirange;
    v_hits int4multirange := '{}';
    v_advice text[] := '{}';
begin
    for v_pair in select m.key, m.value from jsonb_each_text(params -> 'map') as m order by m.key
    loop
        v_found := private.find_terms(
            script, array[v_pair.key], 'word', '{case,width,zero_width}'
        );
        if not isempty(v_found) then
            v_hits := v_hits + v_found;
            v_advice := v_advice || format('“%s” instead of “%s”', v_pair.value, v_pair.key);
        end if;
    end loop;
    return private.pass_unless(
        not isempty(v_hits), v_hits, 'Say ' || array_to_string(v_advice, ', ') || '.'
    );
end;
$$;
comment on function private.check_substitution is
'Fails on each word that should be another; the message says which.';

create function private.check_required_mention(params jsonb, script private.folded_text)
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
        v_found := private.find_terms(script, array[v_term], 'word', '{case,width,zero_width}');
        v_mentions := v_mentions + v_found;
        if isempty(v_found) and v_term = any (v_all) then
            v_missing := v_missing || v_term;
        end if;
        v_has_any := v_has_any or (not isempty(v_found) and v_term = any (v_any));
    end loop;
    if params ->> 'spelling' = 'exact' then
        v_exact := private.find_terms(script, v_terms, 'word', '{width,zero_width}');
        if not isempty(v_mentions - v_exact) then
            return private.judge(
                'fail', v_mentions - v_exact,
                format('Spell it exactly: %s.', private.quote_list(v_terms))
            );
        end if;
    end if;
    if v_missing <> '{}' then
        return private.judge(
            'fail', '{}', format('Mention “%s”.', array_to_string(v_missing, '”, “'))
        );
    end if;
    if v_has_any and (select count(*) from unnest(v_mentions)) >= v_min then
        return private.judge('pass', '{}', null);
    end if;
    return private.judge(
        'fail', '{}',
        case when v_min > 1
            then format('Mention %s at least %s times.', private.quote_list(v_terms), v_min)
            else format('Mention %s.', private.quote_list(v_any))
        end
    );
end;
$$;
comment on function private.check_required_mention is
'Fails while a mention is missing, too rare, or (spelling: exact) spelt differently.';

create function private.quote_list(list text[])
returns text
language sql immutable security invoker set search_path = pg_catalog, pg_temp
as $$
    select regexp_replace(
        '“' || array_to_string(list[:5], '”, “') || '”', ', (“[^“]*)$', ' or \1'
    )
$$;
comment on function private.quote_list is
'The first five of a list of texts as a person reads them: “a”, “b” or “c”.';

create function private.counted(number numeric, singular text, plural text)
returns text
language sql immutable security invoker set search_path = pg_catalog, pg_temp
as $$
    select trim_scale(number) || ' ' || case when number = 1 then singular else plural end
$$;
comment on function private.counted is 'A number of things: 1 word, 2 words.';

create function private.check_competitor_mention(params jsonb, script private.folded_text)
returns private.verdict
language plpgsql stable security invoker set search_path = pg_catalog, pg_temp
as $$
declare
    v_hits int4multirange := private.find_terms(script, private.texts(params -> 'names'));
    v_names text;
begin
    if isempty(v_hits) then
        return private.judge('pass', '{}', null);
    end if;
    v_names := private.quote_hits(script, v_hits);
    if params ->> 'policy' = 'review' then
        return private.judge(
            'needs_review', v_hits, format('Is what this says of %s fair and true?', v_names)
        );
    end if;
    return private.judge('fail', v_hits, format('Don''t mention the competitor %s.', v_names));
end;
$$;
comment on function private.check_competitor_mention is
'Fails on a competitor''s name, or asks to review it.';

create function private.check_cta(params jsonb, script private.folded_text)
returns private.verdict
language plpgsql stable security invoker set search_path = pg_catalog, pg_temp
as $$
declare
    v_length integer := char_length(script.content);
    v_hits int4multirange := private.find_terms(
        script, private.texts(params -> 'any_of', private.default_phrases('cta')), 'word',
        '{case,width,zero_width}'
    );
    v_wanted int4range := case params ->> 'position'
        when 'start' then int4range(0, greatest(v_length / 3, 80))
        when 'end' then int4range(least(v_length - v_length / 3, v_length - 80), null)
        else int4range(0, null)
    end;
begin
    if isempty(v_hits) then
        return private.pass_unless(
            coalesce((params ->> 'required')::boolean, true), '{}',
            'Tell viewers what to do next, a call to action'
            || coalesce(': ' || private.quote_list(nullif(private.texts(params -> 'any_of'), '{}')), '')
            || '.'
        );
    end if;
    return private.pass_unless(
        not v_hits && v_wanted, v_hits,
        format('Move the call to action to the %s of the script.', params ->> 'position')
    );
end;
$$;
comment on function private.check_cta is
'Fails without a call to action, or with one that is not in the first (start) or last (end) third.';
