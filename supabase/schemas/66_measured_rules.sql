-- Brand rules that count, measure or match patterns.

create function private.pattern_matches(script private.normalized_text, patterns text[])
returns int4multirange
language plpgsql immutable security invoker set search_path = pg_catalog, pg_temp
as $$
declare
    v_pattern text;
    v_matches int4multirange := '{}';
begin
    foreach v_pattern in array patterns loop
        v_matches := v_matches + (
            private.source_ranges(script, private.find_pattern(script.normalized, v_pattern, 'i'))
        );
    end loop;
    return v_matches;
end;
$$;
comment on function private.pattern_matches is
'The ranges of a script, from 0, where any of the patterns matches. Ignores case.';

create function private.check_regex(params jsonb, script private.normalized_text)
returns private.verdict
language plpgsql stable security invoker set search_path = pg_catalog, pg_temp
as $$
declare
    v_matches int4range[] := private.find_pattern(script.content, params ->> 'pattern', '');
begin
    if params ->> 'must' = 'match' then
        return private.pass_unless(
            cardinality(v_matches) = 0, '{}', 'The script lacks something that this rule asks for.'
        );
    end if;
    return private.pass_unless(
        cardinality(v_matches) > 0,
        private.zero_based(v_matches),
        'The script has something that this rule forbids.'
    );
end;
$$;
comment on function private.check_regex is
'Fails on each match of the pattern, or (must: match) if there is none. Reads the text as written.';

create function private.count_words(content text)
returns integer
language sql immutable security invoker set search_path = pg_catalog, pg_temp
as $$
    select regexp_count(content, '[[:alnum:]]\S*')
$$;
comment on function private.count_words is
'The number of words: runs without spaces that have a letter or digit.';

create function private.reading_grade(content text)
returns numeric
language plpgsql immutable security invoker set search_path = pg_catalog, pg_temp
as $$
declare
    v_text text := lower(content);
    v_words integer := regexp_count(v_text, '\m[a-z]+(?:[''’][a-z]+)?');
    v_sentences integer := greatest(1, regexp_count(v_text, '[a-z0-9][^.!?\n]*(?:[.!?\n]+|$)'));
    -- Counts groups of vowels. A final e is silent in a word with another vowel.
    v_syllables integer := regexp_count(v_text, '[aeiouy]+')
        - regexp_count(v_text, '\m[a-z]*[aeiouy][a-z]*[bcdfghjkmnpqrstvwxz]e\M');
begin
    return round(
        0.39 * v_words / v_sentences
        + 11.8 * greatest(v_syllables, v_words) / nullif(v_words, 0) - 15.59, 1
    );
end;
$$;
comment on function private.reading_grade is
'The Flesch-Kincaid grade of an English text; null if it has no Latin word.';

create function private.check_max_length(params jsonb, script private.normalized_text)
returns private.verdict
language plpgsql stable security invoker set search_path = pg_catalog, pg_temp
as $$
declare
    v_unit text := params ->> 'unit';
    v_max numeric := (params -> 'max')::numeric;
    v_min numeric := (params -> 'min')::numeric;
    v_words integer := coalesce(script.words, private.count_words(script.content));
    v_per_word numeric := 60.0 / coalesce((params -> 'wpm')::numeric, 150);
    v_length numeric := trim_scale(round(case v_unit
        when 'chars' then char_length(script.content)
        when 'words' then v_words
        else v_words * v_per_word
    end, 1));
    -- The number of characters or words that fit.
    v_allowed integer := floor(case v_unit when 'seconds' then v_max / v_per_word else v_max end);
    v_rest_at integer;
    v_one text := case v_unit when 'chars' then 'character' else rtrim(v_unit, 's') end;
    v_many text := case v_unit when 'chars' then 'characters' else v_unit end;
    v_is text := case v_unit when 'seconds' then 'takes ' else 'has ' end || v_length;
begin
    if v_length > v_max then
        v_rest_at := v_allowed;
        if v_unit <> 'chars' then
            v_rest_at := regexp_instr(script.content, '[[:alnum:]]\S*', 1, v_allowed + 1) - 1;
            -- The range begins with the quotation mark before the word.
            v_rest_at := v_rest_at
                - char_length(substring(reverse(left(script.content, v_rest_at)) from '^\S*'));
        end if;
        return row(
            'fail', int4multirange(int4range(v_rest_at, char_length(script.content))),
            format(
                'Shorten it to %s at most: it %s.', private.counted(v_max, v_one, v_many), v_is
            )
        )::private.verdict;
    end if;
    return private.pass_unless(
        v_length < v_min, '{}',
        format('Say more, %s at least: it %s.', private.counted(v_min, v_one, v_many), v_is)
    );
end;
$$;
comment on function private.check_max_length is
'Fails on a script longer than max, with the surplus as its match, or shorter than min. Seconds
are words at a speaking rate (wpm, 150 by default).';

create function private.check_hashtags(params jsonb, script private.normalized_text)
returns private.verdict
language plpgsql stable security invoker set search_path = pg_catalog, pg_temp
as $$
declare
    v_max integer := (params -> 'max')::integer;
    v_ranges int4range[] := private.find_pattern(script.normalized, '#[[:alnum:]_]+', '', 10000);
    v_tags text[] := array(
        select lower(substr(script.normalized, lower(m) + 1, upper(m) - lower(m) - 1))
        from unnest(v_ranges) as m
    );
    v_missing text;
    v_matches int4multirange;
begin
    select string_agg('#' || t, ', ') into v_missing
    from unnest(private.tag_names(params -> 'required')) as t
    where t <> all (v_tags);
    if v_missing is not null then
        return row('fail', '{}', format('Add %s.', v_missing))::private.verdict;
    end if;
    v_matches := private.source_ranges(script, array(
        select t.range
        from unnest(v_ranges, v_tags) as t (range, tag)
        where t.tag = any (private.tag_names(params -> 'forbidden'))
    ));
    if not isempty(v_matches) then
        return row(
            'fail', v_matches, format('Leave out %s.', private.quote_matches(script, v_matches))
        )::private.verdict;
    end if;
    return private.pass_unless(
        cardinality(v_tags) > v_max,
        private.source_ranges(script, v_ranges[v_max + 1:]),
        format(
            'Use %s at most: the script has %s.', private.counted(v_max, 'hashtag', 'hashtags'),
            cardinality(v_tags)
        )
    );
end;
$$;
comment on function private.check_hashtags is
'Fails without a required hashtag, with a forbidden one, or with more than max.';

create function private.emoji_pattern()
returns text
language sql immutable security invoker set search_path = pg_catalog, pg_temp
as $$
    -- One emoji is a flag, a keycap, or pictures with their skin tones, joined by U+200D.
    select '[\U0001f1e6-\U0001f1ff]{2}|[0-9#*]\ufe0f?\u20e3|'
        || v.picture || '(?:\u200d' || v.picture || ')*'
    from (
        select '[\u203c\u2049\u2122\u2139\u2194-\u21aa\u231a-\u23ff\u24c2\u25aa-\u27bf\u2934-\u2935'
            || '\u2b05-\u2b55\u3030\u303d\u3297\u3299\U0001f000-\U0001f1e5\U0001f200-\U0001faff]'
            || '[\ufe0f\U0001f3fb-\U0001f3ff]*' as picture
    ) as v
$$;
comment on function private.emoji_pattern is 'A regular expression that matches one emoji.';

create function private.check_emoji(params jsonb, script private.normalized_text)
returns private.verdict
language plpgsql stable security invoker set search_path = pg_catalog, pg_temp
as $$
declare
    v_max integer := (params -> 'max')::integer;
    v_emoji int4range[] := '{}';
    v_matches int4multirange;
begin
    if octet_length(script.content) > char_length(script.content) then
        v_emoji := private.find_pattern(script.content, private.emoji_pattern(), '', 10000);
    end if;
    v_matches := private.zero_based(array(
        select m
        from unnest(v_emoji) as m
        inner join jsonb_array_elements_text(params -> 'forbidden') as f (emoji)
            -- ❤ and ❤️ differ only in U+FE0F.
            on rtrim(f.emoji, chr(65039))
            = rtrim(substr(script.content, lower(m), upper(m) - lower(m)), chr(65039))
    ));
    if not isempty(v_matches) then
        return row(
            'fail', v_matches, format('Leave out %s.', private.quote_matches(script, v_matches))
        )::private.verdict;
    end if;
    return private.pass_unless(
        cardinality(v_emoji) > v_max, private.zero_based(v_emoji[v_max + 1:]),
        format('Use %s emoji at most: the script has %s.', v_max, cardinality(v_emoji))
    );
end;
$$;
comment on function private.check_emoji is 'Fails with a forbidden emoji, or with more than max.';

create function private.check_reading_level(params jsonb, script private.normalized_text)
returns private.verdict
language plpgsql stable security invoker set search_path = pg_catalog, pg_temp
as $$
declare
    v_grade numeric := coalesce(script.grade, private.reading_grade(script.skeleton));
begin
    if v_grade is null then
        return row('not_applicable', '{}', null)::private.verdict;
    end if;
    return private.pass_unless(
        v_grade > (params -> 'max')::numeric, '{}',
        format(
            'Simplify it to grade %s at most: it reads at grade %s.',
            trim_scale((params -> 'max')::numeric), trim_scale(v_grade)
        )
    );
end;
$$;
comment on function private.check_reading_level is
'Fails above a Flesch-Kincaid grade. English only; not_applicable to a text without Latin words.';
