-- The kinds of brand rules, the params of each, and what each value may be. Every stored rule has
-- passed these checks, so the check of a script relies on them.

create function private.rule_kinds()
returns text[]
language sql immutable security invoker set search_path = pg_catalog, pg_temp
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
language sql immutable security invoker set search_path = pg_catalog, pg_temp
as $$
    values
    (
        'definition', 'schema_version', 'choice', false, null::numeric, null::numeric,
        '{1.0}'::text[]
    ),
    ('definition', 'kind', 'choice', true, null, null, private.rule_kinds()),
    ('definition', 'severity', 'choice', true, null, null, '{error,warning,info}'),
    ('definition', 'scope', 'choices', false, 1, 5, '{hook,body,cta,caption,on_screen}'),
    ('definition', 'locales', 'locales', false, 1, 50, null),
    ('definition', 'applies_when', 'object', false, null, null, null),
    ('definition', 'message', 'text', false, 1, 300, null),
    ('definition', 'suggestion', 'text', false, 1, 300, null),
    ('definition', 'source', 'object', false, null, null, null),
    ('definition', 'examples', 'object', false, null, null, null),
    ('definition', 'params', 'object', false, null, null, null),
    ('applies_when', 'paid_partnership', 'boolean', false, null, null, null),
    ('applies_when', 'categories', 'texts', false, 1, 20, null),
    ('source', 'origin', 'choice', false, null, null, '{brand,ftc,tiktok}'),
    ('source', 'url', 'text', false, 1, 500, null),
    ('examples', 'pass', 'samples', false, 0, 20, null),
    ('examples', 'fail', 'samples', false, 0, 20, null),
    ('nested', 'kind', 'choice', true, null, null, private.rule_kinds()),
    ('nested', 'params', 'object', false, null, null, null),
    ('banned_phrase', 'terms', 'terms', true, 1, 100, null),
    ('banned_phrase', 'match', 'choice', false, null, null, '{word,prefix,substring}'),
    ('banned_phrase', 'normalise', 'choices', false, 0, 4, '{case,width,leet,zero_width}'),
    ('banned_phrase', 'exceptions', 'terms', false, 0, 100, null),
    ('substitution', 'map', 'map', true, 1, 100, null),
    ('required_mention', 'any_of', 'terms', false, 1, 50, null),
    ('required_mention', 'all_of', 'terms', false, 1, 50, null),
    -- private.find_pattern returns 20 matches at most.
    ('required_mention', 'min', 'integer', false, 1, 20, null),
    ('required_mention', 'spelling', 'choice', false, null, null, '{exact,any}'),
    ('disclosure', 'accepted', 'terms', false, 1, 50, null),
    ('disclosure', 'ambiguous', 'terms', false, 0, 50, null),
    ('disclosure', 'caption_first_chars', 'integer', false, 1, 10000, null),
    ('disclosure', 'spoken_within_s', 'number', false, 0, 600, null),
    ('disclosure', 'max_preceding_hashtags', 'integer', false, 0, 100, null),
    ('max_length', 'unit', 'choice', true, null, null, '{chars,words,seconds}'),
    ('max_length', 'max', 'number', false, 1, 100000, null),
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
    ('claim', 'disclaimer', 'term', false, 1, 300, null),
    ('claim', 'substantiation_refs', 'texts', false, 0, 50, null),
    ('testimonial', 'policy', 'choice', true, null, null, '{forbid_fabricated_first_person}'),
    ('price_match', 'max_age_h', 'integer', false, 1, 8760, null),
    ('tone', 'target', 'text', false, 1, 100, null),
    ('tone', 'forbid', 'texts', false, 1, 20, null),
    ('tone', 'threshold', 'number', false, 0, 1, null),
    ('reading_level', 'metric', 'choice', false, null, null, '{fk_grade}'),
    ('reading_level', 'max', 'number', true, 0, 30, null),
    ('cta', 'required', 'boolean', false, null, null, null),
    ('cta', 'any_of', 'terms', false, 1, 50, null),
    ('cta', 'position', 'choice', false, null, null, '{start,end,anywhere}'),
    ('competitor_mention', 'names', 'terms', true, 1, 100, null),
    ('competitor_mention', 'policy', 'choice', false, null, null, '{forbid,review}'),
    ('hashtags', 'required', 'hashtags', false, 1, 30, null),
    ('hashtags', 'forbidden', 'hashtags', false, 1, 100, null),
    ('hashtags', 'max', 'integer', false, 0, 100, null),
    ('emoji', 'max', 'integer', false, 0, 1000, null),
    ('emoji', 'forbidden', 'emoji', false, 1, 100, null),
    ('rubric', 'text', 'text', true, 1, 1000, null),
    ('rubric', 'threshold', 'number', false, 0, 1, null),
    ('all_of', 'rules', 'rules', true, 1, 10, null),
    ('any_of', 'rules', 'rules', true, 1, 10, null),
    ('not', 'rules', 'rules', true, 1, 1, null)
$$;
comment on function private.rule_parameters is
'The keys of a definition and of its parts, then the params of each kind. low and high bound a
number, the length of a text or the entries of a list.';

create function private.required_choices()
returns table (kind text, names text[])
language sql immutable security invoker set search_path = pg_catalog, pg_temp
as $$
    values
    ('required_mention', '{any_of,all_of}'::text[]),
    ('max_length', '{max,min}'),
    ('tone', '{target,forbid}'),
    ('hashtags', '{required,forbidden,max}'),
    ('emoji', '{max,forbidden}')
$$;
comment on function private.required_choices is 'The kinds that need at least one of these params.';

create function private.pattern_shape(
    pattern text, out size integer, out may_be_empty boolean, out repeats_empty boolean
)
language plpgsql immutable security invoker set search_path = pg_catalog, pg_temp
as $$
declare
    -- One entry for each open group; the first is the whole pattern.
    v_sizes integer[] := '{0}';
    v_empty boolean[] := '{t}';
    v_other_empty boolean[] := '{f}';
    v_depth integer := 1;
    -- The latest part, to which a quantifier may apply.
    v_size integer := 0;
    v_is_empty boolean := true;
    v_token text;
    v_counts text[];
    v_most integer;
begin
    repeats_empty := false;
    for v_token in
        select m.match[1]
        from regexp_matches(
            pattern,
            '\\(?:u[[:xdigit:]]{4}|U[[:xdigit:]]{8}|x[[:xdigit:]]+|c.|0[0-7]*|.)'
            || '|\[\^?\]?(?:\[[:.=][^\]]+\]|\\.|[^\]\\])*\]'
            || '|\(\?:|[*+?]\??|\{\d+,?\d*\}\??|.', 'g'
        ) with ordinality as m (match, position)
        order by m.position
    loop
        if v_token ~ '^([*+?]|\{\d)' then
            v_counts := regexp_match(v_token, '(\d+)(?:,(\d*))?');
            repeats_empty := repeats_empty or (v_is_empty and v_token !~ '^\?');
            v_is_empty := v_is_empty or v_token ~ '^([*?]|\{0)';
            v_most := coalesce(nullif(v_counts[2], ''), v_counts[1], '1')::integer;
            v_size := least(10000, v_size * case
                when v_token ~ '^([*+]|\{\d+,\})' then 2 * greatest(v_most, 1)
                else greatest(2 * v_most - coalesce(v_counts[1], '1')::integer, 1)
            end);
            continue;
        end if;
        v_sizes[v_depth] := v_sizes[v_depth] + v_size;
        v_empty[v_depth] := v_empty[v_depth] and v_is_empty;
        v_size := 0;
        v_is_empty := true;
        if v_token in ('(', '(?:') then
            v_depth := v_depth + 1;
            v_sizes[v_depth] := 0;
            v_empty[v_depth] := true;
            v_other_empty[v_depth] := false;
        elsif v_token = '|' then
            v_other_empty[v_depth] := v_other_empty[v_depth] or v_empty[v_depth];
            v_empty[v_depth] := true;
        elsif v_token = ')' then
            v_size := v_sizes[v_depth];
            v_is_empty := v_empty[v_depth] or v_other_empty[v_depth];
            v_depth := v_depth - 1;
            exit when v_depth = 0;
        else
            v_size := 1;
            v_is_empty := v_token in ('^', '$', '\A', '\Z', '\m', '\M', '\y', '\Y');
        end if;
    end loop;
    if v_depth <> 1 then
        return;
    end if;
    size := v_sizes[1] + v_size;
    may_be_empty := v_other_empty[1] or (v_empty[1] and v_is_empty);
end;
$$;
comment on function private.pattern_shape is
'Estimates, without compiling it, how long a regular expression takes to compile.

size: its characters, with counted repeats written out. An unbounded repeat and each optional
repeat count twice. may_be_empty: it can match the empty text. repeats_empty: it repeats a part
that can match the empty text, as (a*){9} does. All are null if the parentheses do not match.';

create function private.pattern_problem(pattern text)
returns text
language plpgsql immutable security invoker set search_path = pg_catalog, pg_temp
as $$
declare
    -- Without escaped characters and bracket expressions, which have no operators.
    v_operators text := regexp_replace(
        pattern, '\\.|\[\^?\]?(?:\[[:.=][^\]]+\]|\\.|[^\]\\])*\]', '_', 'g'
    );
    v_shape record;
begin
    if char_length(pattern) not between 1 and 200 then
        return 'must have 1 to 200 characters.';
    end if;
    if exists (
        select from regexp_matches(pattern, '\\(.)', 'g') as e (escape) where e.escape[1] ~ '[1-9]'
    ) then
        return 'may not refer back to a group (\1).';
    end if;
    if v_operators ~ '^\*\*\*' or regexp_replace(v_operators, '^\(\?i\)', '') ~ '\(\?(?!:)' then
        return 'may not look around or set options: of (?…), only (?:…) and a leading (?i).';
    end if;
    select s.* into v_shape
    from private.pattern_shape(regexp_replace(pattern, '^\(\?i\)', '')) as s;
    -- Before PostgreSQL compiles it: such patterns take seconds.
    if v_shape.size is null then
        return 'is no valid regular expression.';
    end if;
    if v_shape.size > 600 then
        return 'repeats too often: its counts may multiply to 600 at most.';
    end if;
    if v_shape.may_be_empty then
        return 'matches every text, also an empty one.';
    end if;
    if v_shape.repeats_empty then
        return 'repeats a part that may be empty, such as (a*){9}.';
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
'Why a regular expression is unsafe or useless, as the end of a sentence; null if it is neither.
Without lookaround and back references it matches in time linear in the text.';

create function private.is_blank(value text)
returns boolean
language plpgsql immutable security invoker set search_path = pg_catalog, pg_temp
as $$
begin
    return (private.normalize_piece(value)).normalized !~ '\S';
end;
$$;
comment on function private.is_blank is 'Whether a text has no visible character.';

create function private.entry_problem(value text, type text, choices text[])
returns text
language plpgsql immutable security invoker set search_path = pg_catalog, pg_temp
as $$
begin
    if type = 'choices' then
        return case when value <> all (choices)
            then 'may list only: ' || array_to_string(choices, ', ') || '.' end;
    end if;
    if type = 'patterns' then
        return 'has an entry that ' || private.pattern_problem(value);
    end if;
    if private.is_blank(value)
        or char_length(value) > (case type when 'samples' then 2000 else 200 end)
    then
        return 'has an entry that is empty or too long.';
    end if;
    return case
        when type = 'terms' and private.is_unfindable(value)
            then 'has an entry that no script can have.'
        when type = 'hashtags'
            and (private.normalize_piece(value)).normalized !~ '^#?[[:alnum:]_]+$'
            then 'has an entry that is no hashtag: letters, digits and _ make one.'
        when type = 'emoji' and value !~ ('^(?:' || private.emoji_pattern() || ')$')
            then 'has an entry that is not one emoji.'
        when type = 'locales' and value !~ '^[A-Za-z]{2,3}(-[A-Za-z]{4})?(-([A-Za-z]{2}|\d{3}))?$'
            then 'has an entry that is no language tag such as en or pt-BR.'
    end;
end;
$$;
comment on function private.entry_problem is
'What is wrong with an entry of a list, as the end of a sentence; null if nothing.';

create function private.is_unfindable(term text)
returns boolean
language plpgsql immutable security invoker set search_path = pg_catalog, pg_temp
as $$
begin
    -- Spaces, “-” and “_” separate the words of a term. Control characters separate terms.
    return (private.normalize_piece(term)).normalized !~ '[^\s_-]'
        or term ~ '[\u0001-\u0008\u000e-\u001f\u007f-\u009f\U0010fffd-\U0010ffff]';
end;
$$;
comment on function private.is_unfindable is
'Whether private.term_matches can''t match this term, even in a script that is the term.';

create function private.list_problem(
    value jsonb, type text, low numeric, high numeric, choices text[]
)
returns text
language sql immutable security invoker set search_path = pg_catalog, pg_temp
as $$
    select case
        when jsonb_typeof(value) <> 'array' then 'must be a list.'
        when jsonb_array_length(value) not between low and high
            then format('must have %s to %s entries.', low, high)
        else (
            select p.problem
            from jsonb_array_elements(value) with ordinality as e (entry, position)
            cross join lateral (
                select case when jsonb_typeof(e.entry) <> 'string' then 'must be a list of texts.'
                    else private.entry_problem(e.entry #>> '{}', type, choices) end as problem
            ) as p
            where p.problem is not null
            order by e.position
            limit 1
        )
    end
$$;
comment on function private.list_problem is
'What is wrong with a list param, as the end of a sentence; null if nothing.';

create function private.map_problem(value jsonb, low numeric, high numeric)
returns text
language sql immutable security invoker set search_path = pg_catalog, pg_temp
as $$
    select case
        when jsonb_typeof(value) <> 'object' then 'must be an object of texts.'
        when (select count(*) from jsonb_object_keys(value)) not between low and high
            then format('must have %s to %s entries.', low, high)
        when exists (
            select from jsonb_each(value) as e
            where jsonb_typeof(e.value) <> 'string'
                or private.entry_problem(e.key, 'terms', null) is not null
                or private.entry_problem(e.value #>> '{}', 'texts', null) is not null
        ) then 'must lead from one text to another.'
    end
$$;
comment on function private.map_problem is
'What is wrong with a map param, as the end of a sentence; null if nothing.';

create function private.value_problem(
    value jsonb, type text, low numeric, high numeric, choices text[]
)
returns text
language sql immutable security invoker set search_path = pg_catalog, pg_temp
as $$
    select case
        when type in (
            'texts', 'samples', 'choices', 'patterns', 'terms', 'hashtags', 'emoji', 'locales'
        )
            then private.list_problem(value, type, low, high, choices)
        when type = 'map' then private.map_problem(value, low, high)
        when type in ('integer', 'number') then case
            when jsonb_typeof(value) <> 'number' then 'must be a number.'
            when char_length(value #>> '{}') > 30 then 'must have 30 digits at most.'
            when type = 'integer' and value::numeric % 1 <> 0 then 'must be a whole number.'
            when value::numeric not between low and high
                then format('must be from %s to %s.', low, high)
        end
        when type = 'boolean' and jsonb_typeof(value) <> 'boolean' then 'must be true or false.'
        when type = 'object' and jsonb_typeof(value) <> 'object' then 'must be an object.'
        when type in ('text', 'term', 'choice', 'pattern') and jsonb_typeof(value) <> 'string'
            then 'must be text.'
        when type in ('text', 'term') and char_length(value #>> '{}') not between low and high
            then format('must have %s to %s characters.', low, high)
        when type in ('text', 'term') and private.is_blank(value #>> '{}') then 'is blank.'
        when type = 'term' and private.is_unfindable(value #>> '{}')
            then 'is a text that no script can have.'
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
