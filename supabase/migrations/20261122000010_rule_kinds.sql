-- Kinds of brand rules: the params of each and what a value may be, so that applying a rule never
-- meets a surprise.

create function private.rule_kinds()
returns text[]
language sql
immutable
security invoker
set search_path = pg_catalog, pg_temp
as $$
    select '{
        banned_phrase, substitution, required_mention, disclosure, max_length, regex, claim,
        testimonial, price_match, tone, reading_level, cta, competitor_mention, hashtags, emoji,
        rubric, all_of, any_of, not
    }'::text[]
$$;
comment on function private.rule_kinds is 'Every kind of rule.';

create function private.rule_parameters()
returns table (
    kind text, name text, type text, is_required boolean, low numeric, high numeric, choices text[]
)
language sql
immutable
security invoker
set search_path = pg_catalog, pg_temp
as $$
    values
    (
        'definition', 'schema_version', 'choice', false, null::numeric, null::numeric,
        '{1.0}'::text[]
    ),
    ('definition', 'kind', 'choice', true, null, null, private.rule_kinds()),
    ('definition', 'severity', 'choice', true, null, null, '{error,warning,info}'),
    ('definition', 'scope', 'choices', false, 1, 5, '{hook,body,cta,caption,on_screen}'),
    ('definition', 'locales', 'texts', false, 1, 50, null),
    ('definition', 'applies_when', 'object', false, null, null, null),
    ('definition', 'message', 'text', false, 1, 300, null),
    ('definition', 'suggestion', 'text', false, 1, 300, null),
    ('definition', 'source', 'object', false, null, null, null),
    ('definition', 'examples', 'object', false, null, null, null),
    ('definition', 'params', 'object', false, null, null, null),
    ('applies_when', 'paid_partnership', 'boolean', false, null, null, null),
    ('applies_when', 'categories', 'texts', false, 0, 20, null),
    ('source', 'origin', 'choice', false, null, null, '{brand,ftc,tiktok}'),
    ('source', 'url', 'text', false, 1, 500, null),
    ('examples', 'pass', 'samples', false, 0, 20, null),
    ('examples', 'fail', 'samples', false, 0, 20, null),
    ('nested', 'kind', 'choice', true, null, null, private.rule_kinds()),
    ('nested', 'params', 'object', false, null, null, null),
    ('banned_phrase', 'terms', 'texts', true, 1, 100, null),
    ('banned_phrase', 'match', 'choice', false, null, null, '{word,prefix,substring}'),
    ('banned_phrase', 'normalise', 'choices', false, 0, 4, '{case,width,leet,zero_width}'),
    ('banned_phrase', 'exceptions', 'texts', false, 0, 100, null),
    ('substitution', 'map', 'map', true, 1, 100, null),
    ('required_mention', 'any_of', 'texts', false, 1, 50, null),
    ('required_mention', 'all_of', 'texts', false, 1, 50, null),
    ('required_mention', 'min', 'integer', false, 1, 50, null),
    ('required_mention', 'spelling', 'choice', false, null, null, '{exact,any}'),
    ('disclosure', 'accepted', 'texts', false, 1, 50, null),
    ('disclosure', 'ambiguous', 'texts', false, 0, 50, null),
    ('disclosure', 'caption_first_chars', 'integer', false, 1, 10000, null),
    ('disclosure', 'spoken_within_s', 'number', false, 0, 600, null),
    ('disclosure', 'max_preceding_hashtags', 'integer', false, 0, 100, null),
    ('max_length', 'unit', 'choice', true, null, null, '{chars,words,seconds}'),
    ('max_length', 'max', 'number', false, 0, 100000, null),
    ('max_length', 'min', 'number', false, 0, 100000, null),
    ('max_length', 'wpm', 'integer', false, 60, 400, null),
    ('regex', 'pattern', 'pattern', true, null, null, null),
    ('regex', 'must', 'choice', false, null, null, '{match,not_match}'),
    (
        'claim', 'category', 'choice', true, null, null,
        '{health,weight,income,superlative,guarantee,before_after,comparison}'
    ),
    ('claim', 'policy', 'choice', true, null, null, '{forbid,substantiate,disclaim}'),
    ('claim', 'patterns', 'patterns', false, 0, 20, null),
    ('claim', 'disclaimer', 'text', false, 1, 300, null),
    ('claim', 'substantiation_refs', 'texts', false, 0, 50, null),
    ('testimonial', 'policy', 'choice', true, null, null, '{forbid_fabricated_first_person}'),
    ('price_match', 'max_age_h', 'integer', false, 1, 8760, null),
    ('tone', 'target', 'text', false, 1, 100, null),
    ('tone', 'forbid', 'texts', false, 1, 20, null),
    ('tone', 'threshold', 'number', false, 0, 1, null),
    ('reading_level', 'metric', 'choice', false, null, null, '{fk_grade}'),
    ('reading_level', 'max', 'number', true, 0, 30, null),
    ('cta', 'required', 'boolean', false, null, null, null),
    ('cta', 'any_of', 'texts', false, 1, 50, null),
    ('cta', 'position', 'choice', false, null, null, '{start,end,anywhere}'),
    ('competitor_mention', 'names', 'texts', true, 1, 100, null),
    ('competitor_mention', 'policy', 'choice', false, null, null, '{forbid,review}'),
    ('hashtags', 'required', 'texts', false, 1, 30, null),
    ('hashtags', 'forbidden', 'texts', false, 1, 100, null),
    ('hashtags', 'max', 'integer', false, 0, 100, null),
    ('emoji', 'max', 'integer', false, 0, 1000, null),
    ('emoji', 'forbidden', 'texts', false, 1, 100, null),
    ('rubric', 'text', 'text', true, 1, 1000, null),
    ('rubric', 'threshold', 'number', false, 0, 1, null),
    ('all_of', 'rules', 'rules', true, 1, 10, null),
    ('any_of', 'rules', 'rules', true, 1, 10, null),
    ('not', 'rules', 'rules', true, 1, 1, null)
$$;
comment on function private.rule_parameters is
'The keys of a definition and its parts, then every kind of rule with its params. low and high bound
a number, the length of a text, or a list.';

create function private.required_choices()
returns table (kind text, names text[])
language sql
immutable
security invoker
set search_path = pg_catalog, pg_temp
as $$
    values
    ('required_mention', '{any_of,all_of}'::text[]),
    ('max_length', '{max,min}'),
    ('tone', '{target,forbid}'),
    ('hashtags', '{required,forbidden,max}'),
    ('emoji', '{max,forbidden}')
$$;
comment on function private.required_choices is 'Kinds that need at least one of several params.';

create function private.pattern_problem(pattern text)
returns text
language plpgsql
immutable
security invoker
set search_path = pg_catalog, pg_temp
as $$
declare
    -- Escaped characters and bracket expressions can't hold what is refused below.
    v_bare text := regexp_replace(pattern, '\\.|\[\^?\]?[^\]]*\]', '', 'g');
begin
    if char_length(pattern) not between 1 and 200 then
        return 'must have 1 to 200 characters.';
    end if;
    if exists (
        select from regexp_matches(pattern, '\\(.)', 'g') as e (escape) where e.escape[1] ~ '[1-9]'
    ) then
        return 'may not refer back to a group (\1).';
    end if;
    if v_bare ~ '^\*\*\*' or regexp_replace(v_bare, '^\(\?i\)', '') ~ '\(\?(?!:)' then
        return 'may not look around or set options: of (?…), only (?:…) and a leading (?i).';
    end if;
    -- Counted repeats are unrolled when compiled, endless ones within them each time.
    if regexp_count(v_bare, '[*+]|\{\d+,\}') >= 40 or exists (
        select from regexp_matches(v_bare, '\{(\d+),?(\d*)\}', 'g') as r (bounds)
        having sum(ln(coalesce(nullif(r.bounds[2], ''), r.bounds[1])::numeric + 1))
            + ln(1 + regexp_count(v_bare, '[*+]|\{\d+,\}')) > ln(600)
    ) then
        return 'repeats too often: its counts may multiply to 600 at most.';
    end if;
    if '' ~ pattern then
        return 'matches every text, also an empty one.';
    end if;
    return null;
exception when invalid_regular_expression or numeric_value_out_of_range then
    return 'is no valid regular expression.';
end;
$$;
comment on function private.pattern_problem is
'What keeps a regular expression from being safe and useful, as the end of a sentence, or null.
Without lookaround and backreferences, matching takes time linear in the text.';

create function private.list_problem(
    value jsonb, type text, low numeric, high numeric, choices text[]
)
returns text
language sql
immutable
security invoker
set search_path = pg_catalog, pg_temp
as $$
    select case
        when jsonb_typeof(value) <> 'array' then 'must be a list.'
        when jsonb_array_length(value) not between low and high
            then format('must have %s to %s entries.', low, high)
        else (
            select case
                when jsonb_typeof(e.entry) <> 'string' then 'must be a list of texts.'
                when type = 'choices'
                    then 'may list only: ' || array_to_string(choices, ', ') || '.'
                when type = 'patterns'
                    then 'has an entry that ' || private.pattern_problem(e.entry #>> '{}')
                else 'has an entry that is empty or too long.'
            end
            from jsonb_array_elements(value) as e (entry)
            where jsonb_typeof(e.entry) <> 'string' or case type
                when 'choices' then e.entry #>> '{}' <> all (choices)
                when 'patterns' then private.pattern_problem(e.entry #>> '{}') is not null
                else e.entry #>> '{}' !~ '\S'
                    or char_length(e.entry #>> '{}')
                    > case type when 'samples' then 2000 else 200 end
            end
            limit 1
        )
    end
$$;
comment on function private.list_problem is
'What is wrong with a list param, as the end of a sentence; null if nothing.';

create function private.map_problem(value jsonb, low numeric, high numeric)
returns text
language sql
immutable
security invoker
set search_path = pg_catalog, pg_temp
as $$
    select case
        when jsonb_typeof(value) <> 'object' then 'must be an object of texts.'
        when (select count(*) from jsonb_object_keys(value)) not between low and high
            then format('must have %s to %s entries.', low, high)
        when exists (
            select from jsonb_each(value) as e
            where e.key !~ '\S' or char_length(e.key) > 200 or jsonb_typeof(e.value) <> 'string'
        ) then 'must lead from one text to another.'
    end
$$;
comment on function private.map_problem is
'What is wrong with a map param, as the end of a sentence; null if nothing.';

create function private.value_problem(
    value jsonb, type text, low numeric, high numeric, choices text[]
)
returns text
language sql
immutable
security invoker
set search_path = pg_catalog, pg_temp
as $$
    select case
        when type in ('texts', 'samples', 'choices', 'patterns')
            then private.list_problem(value, type, low, high, choices)
        when type = 'map' then private.map_problem(value, low, high)
        when type in ('integer', 'number') then case
            when jsonb_typeof(value) <> 'number' then 'must be a number.'
            when type = 'integer' and value::numeric % 1 <> 0 then 'must be a whole number.'
            when value::numeric not between low and high
                then format('must be from %s to %s.', low, high)
        end
        when type = 'boolean' and jsonb_typeof(value) <> 'boolean' then 'must be true or false.'
        when type = 'object' and jsonb_typeof(value) <> 'object' then 'must be an object.'
        when type in ('text', 'choice', 'pattern') and jsonb_typeof(value) <> 'string'
            then 'must be text.'
        when type = 'text' and char_length(value #>> '{}') not between low and high
            then format('must have %s to %s characters.', low, high)
        when type = 'choice' and value #>> '{}' <> all (choices)
            then 'must be one of: ' || array_to_string(choices, ', ') || '.'
        when type = 'pattern' then private.pattern_problem(value #>> '{}')
        when type = 'rules' and (
            jsonb_typeof(value) <> 'array' or jsonb_array_length(value) not between low and high
        ) then format('must be a list of %s to %s rules.', low, high)
    end
$$;
comment on function private.value_problem is
'What is wrong with a param of this type, as the end of a sentence; null if nothing.';
