-- Brand rules that count, measure or match patterns, and those about claims and disclosure.

create function private.find_patterns(script private.folded_text, patterns text[])
returns int4multirange
language plpgsql
immutable
security invoker
set search_path = ''
as $$
declare
    v_pattern text;
    v_hits int4multirange := '{}';
begin
    foreach v_pattern in array patterns loop
        v_hits := v_hits + (
            select coalesce(range_agg(private.source_range(script, lower(h), upper(h))), '{}')
            from unnest(private.find_pattern(script.plain, v_pattern, 'i')) as h
        );
    end loop;
    return v_hits;
end;
$$;
comment on function private.find_patterns is
'Where any of several patterns matches, upper and lower case alike.';

create function private.check_regex(params jsonb, script private.folded_text)
returns private.verdict
language plpgsql
stable
security invoker
set search_path = ''
as $$
declare
    v_hits int4range[] := private.find_pattern(script.content, params ->> 'pattern', '');
begin
    if params ->> 'must' = 'match' then
        return private.pass_unless(
            cardinality(v_hits) = 0, '{}', 'The script lacks something that this rule asks for.'
        );
    end if;
    return private.pass_unless(
        cardinality(v_hits) > 0,
        (select range_agg(int4range(lower(h) - 1, upper(h) - 1)) from unnest(v_hits) as h),
        'The script has something that this rule forbids.'
    );
end;
$$;
comment on function private.check_regex is
'Fails where the pattern matches, or (must: match) unless it does. The text is taken as written.';

create function private.check_max_length(params jsonb, script private.folded_text)
returns private.verdict
language plpgsql
stable
security invoker
set search_path = ''
as $$
declare
    v_unit text := params ->> 'unit';
    v_max numeric := (params ->> 'max')::numeric;
    v_min numeric := (params ->> 'min')::numeric;
    v_words integer := regexp_count(script.content, '\S*[[:alnum:]]\S*');
    v_per_word numeric := 60.0 / coalesce((params ->> 'wpm')::numeric, 150);
    v_length numeric := trim_scale(round(case v_unit
        when 'chars' then char_length(script.content)
        when 'words' then v_words
        else v_words * v_per_word
    end, 1));
    -- The first character or word that is too much.
    v_allowed integer := floor(case v_unit when 'seconds' then v_max / v_per_word else v_max end);
    v_rest_at integer := case v_unit
        when 'chars' then v_allowed
        else regexp_instr(script.content, '\S*[[:alnum:]]\S*', 1, v_allowed + 1) - 1
    end;
begin
    if v_length > v_max then
        return private.judge(
            'fail', int4multirange(int4range(v_rest_at, char_length(script.content))),
            format('Shorten it: %s %s, and %s at most are allowed.', v_length, v_unit, v_max)
        );
    end if;
    return private.pass_unless(
        v_length < v_min, '{}',
        format('Say more: %s %s, and at least %s are asked for.', v_length, v_unit, v_min)
    );
end;
$$;
comment on function private.check_max_length is
'Fails on a script longer than max or shorter than min; what is too much is the place. Seconds are
words at a speaking rate (wpm, 150 by default).';

create function private.check_hashtags(params jsonb, script private.folded_text)
returns private.verdict
language plpgsql
stable
security invoker
set search_path = ''
as $$
declare
    v_tag constant text := '#[[:alnum:]_]+';
    v_max integer := (params ->> 'max')::integer;
    v_tags text[] := array(
        select lower(m[1]) from regexp_matches(script.plain, '#([[:alnum:]_]+)', 'g') as m
    );
    v_missing text;
    v_hits int4multirange;
begin
    select string_agg('#' || ltrim(t, '#'), ', ') into v_missing
    from jsonb_array_elements_text(params -> 'required') as t
    where lower(ltrim(t, '#')) <> all (v_tags);
    if v_missing is not null then
        return private.judge('fail', '{}', format('Add %s.', v_missing));
    end if;
    select range_agg(private.source_range(script, lower(h), upper(h))) into v_hits
    from unnest(private.find_pattern(script.plain, v_tag, '')) as h
    inner join jsonb_array_elements_text(params -> 'forbidden') as f (tag)
        on '#' || lower(ltrim(f.tag, '#'))
        = lower(substr(script.plain, lower(h), upper(h) - lower(h)));
    if v_hits is not null then
        return private.judge(
            'fail', v_hits, format('Leave out %s.', private.quote_hits(script, v_hits))
        );
    end if;
    return private.pass_unless(
        cardinality(v_tags) > v_max,
        (
            select range_agg(private.source_range(script, lower(h), upper(h)))
            from unnest(private.find_pattern(script.plain, v_tag, ''))
                with ordinality as h (h, position)
            where h.position > v_max
        ),
        format('%s hashtags, and %s at most are allowed.', cardinality(v_tags), v_max)
    );
end;
$$;
comment on function private.check_hashtags is
'Fails without a required hashtag, with a forbidden one, or with too many.';

create function private.emoji_pattern()
returns text
language sql
immutable
security invoker
set search_path = ''
as $$
    -- A flag, a keycap, or a picture with its skin tone and what is joined to it: one emoji each.
    select '[\U0001f1e6-\U0001f1ff]{2}|[0-9#*]\ufe0f?\u20e3|'
        || v.picture || '(?:\u200d' || v.picture || ')*'
    from (
        select '[\u203c\u2049\u2122\u2139\u2194-\u21aa\u231a-\u23ff\u24c2\u25aa-\u27bf\u2934-\u2935'
            || '\u2b05-\u2b55\u3030\u303d\u3297\u3299\U0001f000-\U0001f1e5\U0001f200-\U0001faff]'
            || '[\ufe0f\U0001f3fb-\U0001f3ff]*' as picture
    ) as v
$$;
comment on function private.emoji_pattern is 'A regular expression for one emoji.';

create function private.check_emoji(params jsonb, script private.folded_text)
returns private.verdict
language plpgsql
stable
security invoker
set search_path = ''
as $$
declare
    v_max integer := (params ->> 'max')::integer;
    v_count integer := regexp_count(script.content, private.emoji_pattern());
    v_emoji int4range[] := private.find_pattern(script.content, private.emoji_pattern(), '');
    v_hits int4multirange;
begin
    select range_agg(int4range(lower(h) - 1, upper(h) - 1)) into v_hits
    from unnest(v_emoji) as h
    inner join jsonb_array_elements_text(params -> 'forbidden') as f (emoji)
        -- ❤ and ❤️ differ in an invisible character only.
        on rtrim(f.emoji, chr(65039))
        = rtrim(substr(script.content, lower(h), upper(h) - lower(h)), chr(65039));
    if v_hits is not null then
        return private.judge(
            'fail', v_hits, format('Leave out %s.', private.quote_hits(script, v_hits))
        );
    end if;
    return private.pass_unless(
        v_count > v_max,
        (
            select range_agg(int4range(lower(h) - 1, upper(h) - 1))
            from unnest(v_emoji) with ordinality as h (h, position) where h.position > v_max
        ),
        format('%s emoji, and %s at most are allowed.', v_count, v_max)
    );
end;
$$;
comment on function private.check_emoji is 'Fails with a forbidden emoji or too many.';

create function private.check_reading_level(params jsonb, script private.folded_text)
returns private.verdict
language plpgsql
stable
security invoker
set search_path = ''
as $$
declare
    v_text text := lower(script.bare);
    v_words integer := regexp_count(v_text, '\m[a-z]+(?:[''’][a-z]+)?');
    v_sentences integer := greatest(1, regexp_count(v_text, '[a-z0-9][^.!?\n]*(?:[.!?\n]+|$)'));
    -- Groups of vowels, without a silent e at the end of a word that has another.
    v_syllables integer := regexp_count(v_text, '[aeiouy]+')
        - regexp_count(v_text, '\m[a-z]*[aeiouy][a-z]*[bcdfghjkmnpqrstvwxz]e\M');
    v_grade numeric;
begin
    if v_words = 0 then
        return private.judge('not_applicable', '{}', null);
    end if;
    v_grade := round(
        0.39 * v_words / v_sentences + 11.8 * greatest(v_syllables, v_words) / v_words - 15.59, 1
    );
    return private.pass_unless(
        v_grade > (params ->> 'max')::numeric, '{}',
        format(
            'Simplify it: it reads at grade %s, and %s at most is allowed.',
            v_grade, params ->> 'max'
        )
    );
end;
$$;
comment on function private.check_reading_level is
'Fails above a Flesch-Kincaid grade. English only: other alphabets are not_applicable.';
