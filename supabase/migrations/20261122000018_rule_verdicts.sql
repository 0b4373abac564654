-- One rule against one script, whatever its kind: what it says, and where.

create function private.check_params(kind text, params jsonb, script private.folded_text)
returns private.verdict
language plpgsql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $$
begin
    return case kind
        when 'banned_phrase' then private.check_banned_phrase(params, script)
        when 'substitution' then private.check_substitution(params, script)
        when 'required_mention' then private.check_required_mention(params, script)
        when 'competitor_mention' then private.check_competitor_mention(params, script)
        when 'cta' then private.check_cta(params, script)
        when 'disclosure' then private.check_disclosure(params, script)
        when 'max_length' then private.check_max_length(params, script)
        when 'regex' then private.check_regex(params, script)
        when 'claim' then private.check_claim(params, script)
        when 'testimonial' then private.check_testimonial(script)
        when 'price_match' then private.check_price_match(script)
        when 'reading_level' then private.check_reading_level(params, script)
        when 'hashtags' then private.check_hashtags(params, script)
        when 'emoji' then private.check_emoji(params, script)
        when 'all_of' then private.check_together(kind, params -> 'rules', script)
        when 'any_of' then private.check_together(kind, params -> 'rules', script)
        when 'not' then private.check_together(kind, params -> 'rules', script)
        when 'tone' then private.judge('needs_review', '{}', private.tone_question(params))
        when 'rubric' then private.judge('needs_review', '{}', params ->> 'text')
    end;
end;
$$;
comment on function private.check_params is 'The verdict of one kind of rule with these params.';

create function private.tone_question(params jsonb)
returns text
language sql
immutable
security invoker
set search_path = pg_catalog, pg_temp
as $$
    select 'Is its tone '
        || coalesce('“' || (params ->> 'target') || '”', '')
        || case when params ?& '{target,forbid}' then ', and ' else '' end
        || coalesce('not ' || private.quote_list(private.texts(params -> 'forbid', null)), '')
        || '?'
$$;
comment on function private.tone_question is 'What a person decides of a rule of kind tone.';

create function private.condition(applies_when jsonb)
returns text
language sql
immutable
security invoker
set search_path = pg_catalog, pg_temp
as $$
    select case
        when coalesce(applies_when, '{}') = '{}' then ''
        else 'If this is '
            || concat_ws(
                ' and ',
                case applies_when ->> 'paid_partnership'
                    when 'true' then 'a paid partnership'
                    when 'false' then 'no paid partnership'
                end,
                'about ' || private.quote_list(private.texts(applies_when -> 'categories', null))
            )
            || ': '
    end
$$;
comment on function private.condition is
'When a rule applies, as the beginning of its message; empty if it always does.';

create function private.check_together(kind text, rules jsonb, script private.folded_text)
returns private.verdict
language plpgsql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $$
declare
    v_verdicts private.verdict[] := array(
        select private.check_params(r.rule ->> 'kind', coalesce(r.rule -> 'params', '{}'), script)
        from jsonb_array_elements(rules) as r (rule)
    );
    v_states text[] := array(select v.status from unnest(v_verdicts) as v);
    v_hits int4multirange := (
        select coalesce(range_agg(h), '{}')
        from unnest(v_verdicts) as v cross join lateral unnest(v.hits) as h
    );
    v_messages text := (
        select string_agg(v.message, case kind when 'any_of' then ' Or: ' else ' ' end)
        from unnest(v_verdicts) as v
    );
begin
    if v_states <@ '{not_applicable}' then
        return private.judge('not_applicable', '{}', null);
    end if;
    if kind = 'any_of' and 'pass' = any (v_states) then
        return private.judge('pass', '{}', null);
    end if;
    if 'needs_review' = any (v_states) and (kind <> 'all_of' or 'fail' <> all (v_states)) then
        return private.judge('needs_review', v_hits, v_messages);
    end if;
    if kind = 'not' then
        return private.pass_unless(
            'pass' = any (v_states), '{}', 'The script does what it must not.'
        );
    end if;
    return private.pass_unless('fail' = any (v_states), v_hits, v_messages);
end;
$$;
comment on function private.check_together is
'all_of fails if one fails, any_of if all fail, not if its rule passes; where one needs a person''s
judgement, so does the whole, unless it is settled without it.';

create function private.spans(hits int4multirange, astral_at integer[])
returns jsonb
language sql
immutable
security invoker
set search_path = pg_catalog, pg_temp
as $$
    select coalesce(
        jsonb_agg(
            jsonb_build_object(
                'field', 'body',
                -- How many of the characters before it are two code units.
                'start', lower(h) + coalesce(width_bucket(lower(h), astral_at), 0),
                'end', upper(h) + coalesce(width_bucket(upper(h), astral_at), 0)
            )
            order by h
        ),
        '[]'
    )
    from unnest(hits) as h
$$;
comment on function private.spans is
'Places of a script as JSON, in UTF-16 code units, as JavaScript counts: content.slice(start, end)
is the text that is meant.';

create function private.check_rule(
    definition jsonb,
    script private.folded_text,
    out status text,
    out spans jsonb,
    out message text,
    out suggestion text
)
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_verdict private.verdict;
begin
    spans := '[]';
    v_verdict := private.check_params(
        definition ->> 'kind', coalesce(definition -> 'params', '{}'), script
    );
    status := v_verdict.status;
    -- Whether its condition holds can't be read from the text, so a person decides.
    if status = 'fail' and coalesce(definition -> 'applies_when', '{}') <> '{}' then
        status := 'needs_review';
    end if;
    if status in ('fail', 'needs_review') then
        spans := private.spans(v_verdict.hits, script.astral_at);
        message := private.condition(definition -> 'applies_when')
            || coalesce(definition ->> 'message', v_verdict.message);
        suggestion := definition ->> 'suggestion';
    end if;
end;
$$;
comment on function private.check_rule is
'What a rule says of a script. Definer, so that the kinds'' functions need no grants; it reads no
table.';
grant execute on function private.check_rule to authenticated;
grant execute on function private.check_rule to service_role;

create function private.broken_example(definition jsonb)
returns text
language sql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
    select format('examples.%s[%s]', e.expected, e.position - 1)
    from (
        select 'pass' as expected, p.text, p.position
        from jsonb_array_elements_text(definition #> '{examples,pass}')
            with ordinality as p (text, position)
        union all
        select 'fail', f.text, f.position
        from jsonb_array_elements_text(definition #> '{examples,fail}')
            with ordinality as f (text, position)
    ) as e
    cross join lateral private.check_params(
        definition ->> 'kind', coalesce(definition -> 'params', '{}'), private.fold(e.text)
    ) as v
    where v.status = case e.expected when 'pass' then 'fail' else 'pass' end
    limit 1
$$;
comment on function private.broken_example is
'The example of a definition that its rule judges otherwise, or null. Definer like check_rule.';
grant execute on function private.broken_example to authenticated;
grant execute on function private.broken_example to service_role;

create function private.brand_rules_try_examples()
returns trigger
language plpgsql
volatile
security invoker
set search_path = pg_catalog, pg_temp
as $$
declare
    v_field text := private.broken_example(new.rule_definition);
begin
    if v_field is not null then
        perform private.fail(
            422, 'invalid_rule', format('The rule judges its own %s otherwise.', v_field),
            jsonb_build_object('field', v_field)
        );
    end if;
    return new;
end;
$$;
comment on function private.brand_rules_try_examples is
'Trigger: the examples of a rule are tests of it. Errors: 422 invalid_rule.';

create trigger brand_rules_40_try_examples
before insert or update of rule_definition on public.brand_rules
for each row when (new.rule_definition ? 'examples')
execute function private.brand_rules_try_examples();
