-- Checking a script against one rule of any kind, and against all rules of an account.

create function private.check_params(kind text, params jsonb, script private.normalized_text)
returns private.verdict
language plpgsql stable security invoker set search_path = pg_catalog, pg_temp
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
        when 'claim' then private.check_advertising_claim(params, script)
        when 'testimonial' then private.check_testimonial(script)
        when 'price_match' then private.check_price_match(script)
        when 'reading_level' then private.check_reading_level(params, script)
        when 'hashtags' then private.check_hashtags(params, script)
        when 'emoji' then private.check_emoji(params, script)
        when 'all_of' then private.check_combination(kind, params -> 'rules', script)
        when 'any_of' then private.check_combination(kind, params -> 'rules', script)
        when 'not' then private.check_combination(kind, params -> 'rules', script)
        when 'tone' then row(
            'needs_review', '{}',
            'Is its tone '
            || coalesce('“' || (params ->> 'target') || '”', '')
            || case when params ?& '{target,forbid}' then ', and ' else '' end
            || coalesce('not ' || private.quote_list(private.texts(params -> 'forbid', null)), '')
            || '?'
        )::private.verdict
        when 'rubric' then row('needs_review', '{}', params ->> 'text')::private.verdict
    end;
end;
$$;
comment on function private.check_params is 'The verdict of a rule of this kind with these params.';

create function private.check_combination(kind text, rules jsonb, script private.normalized_text)
returns private.verdict
language plpgsql stable security invoker set search_path = pg_catalog, pg_temp
as $$
declare
    v_verdicts private.verdict[] := array(
        select private.check_params(r.rule ->> 'kind', coalesce(r.rule -> 'params', '{}'), script)
        from jsonb_array_elements(rules) as r (rule)
    );
    v_states text[] := array(select v.status from unnest(v_verdicts) as v);
    v_matches int4multirange := (
        select coalesce(range_agg(m), '{}')
        from unnest(v_verdicts) as v cross join lateral unnest(v.matches) as m
    );
    v_messages text := (
        select string_agg(v.message, case kind when 'any_of' then ' Or: ' else ' ' end)
        from unnest(v_verdicts) as v
    );
begin
    if v_states <@ '{not_applicable}' then
        return row('not_applicable', '{}', null)::private.verdict;
    end if;
    if kind = 'any_of' and 'pass' = any (v_states) then
        return row('pass', '{}', null)::private.verdict;
    end if;
    if 'needs_review' = any (v_states) and (kind <> 'all_of' or 'fail' <> all (v_states)) then
        return row('needs_review', v_matches, v_messages)::private.verdict;
    end if;
    if kind = 'not' then
        return private.pass_unless(
            'pass' = any (v_states), '{}', 'The script does what it must not.'
        );
    end if;
    return private.pass_unless('fail' = any (v_states), v_matches, v_messages);
end;
$$;
comment on function private.check_combination is
'all_of fails if one rule fails, any_of if all fail, not if its rule passes. It is needs_review if
that depends on a rule that needs review, and not_applicable if all its rules are.';

create function private.spans(matches int4multirange, supplementary_at integer[])
returns jsonb
language sql immutable security invoker set search_path = pg_catalog, pg_temp
as $$
    select coalesce(
        jsonb_agg(
            jsonb_build_object(
                'field', 'body',
                -- Adds one for each earlier character with two code units.
                'start', lower(m) + coalesce(width_bucket(lower(m), supplementary_at), 0),
                'end', upper(m) + coalesce(width_bucket(upper(m), supplementary_at), 0)
            )
            order by m
        ),
        '[]'
    )
    from unnest(matches) as m
$$;
comment on function private.spans is
'Ranges of a script, from 0, as JSON in UTF-16 code units, as JavaScript counts:
content.slice(start, end) is the matched text.';

create function private.check_rule(
    definition jsonb, script private.normalized_text, out status text, out spans jsonb,
    out message text, out suggestion text
)
language plpgsql stable security definer set search_path = pg_catalog, pg_temp
as $$
declare
    v_condition jsonb := coalesce(definition -> 'applies_when', '{}');
    v_verdict private.verdict;
begin
    spans := '[]';
    v_verdict := private.check_params(
        definition ->> 'kind', coalesce(definition -> 'params', '{}'), script
    );
    status := v_verdict.status;
    -- The text does not tell whether the condition holds, so a person decides.
    if status = 'fail' and v_condition <> '{}' then
        status := 'needs_review';
    end if;
    if status in ('fail', 'needs_review') then
        spans := private.spans(v_verdict.matches, script.supplementary_at);
        message := coalesce(definition ->> 'message', v_verdict.message);
        if v_condition <> '{}' then
            message := 'If this is '
                || concat_ws(
                    ' and ',
                    case v_condition ->> 'paid_partnership'
                        when 'true' then 'a paid partnership'
                        when 'false' then 'no paid partnership'
                    end,
                    'about ' || private.quote_list(private.texts(v_condition -> 'categories', null))
                )
                || ': ' || message;
        end if;
        suggestion := definition ->> 'suggestion';
    end if;
end;
$$;
comment on function private.check_rule is
'Checks a script against one rule. Definer, so that the functions of the kinds need no grants; it
reads no table.';
grant execute on function private.check_rule to authenticated, service_role;

create function private.broken_example(definition jsonb)
returns text
language sql stable security definer set search_path = pg_catalog, pg_temp
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
        definition ->> 'kind',
        coalesce(definition -> 'params', '{}'),
        private.normalize_script(e.text)
    ) as v
    where v.status = case e.expected when 'pass' then 'fail' else 'pass' end
    limit 1
$$;
comment on function private.broken_example is
'The first example of a definition that its rule judges wrongly, or null. Definer like check_rule.';
grant execute on function private.broken_example to authenticated, service_role;

create type private.rule_result as (
    rule_id uuid,
    rule_name text,
    kind text,
    severity text,
    status text,
    spans jsonb,
    message text,
    suggestion text
);
comment on type private.rule_result is 'What public.check_compliance returns of each rule.';

create function private.active_brand(user_id uuid, product_id uuid)
returns uuid
language sql stable security invoker set search_path = pg_catalog, pg_temp
as $$
    select b.id
    from public.products as p inner join public.brands as b on p.brand_id = b.id
    where p.id = active_brand.product_id and p.user_id = active_brand.user_id
        and b.archived_at is null
$$;
comment on function private.active_brand is
'The brand of a product; null without one, or if it is archived.';
grant execute on function private.active_brand to authenticated, service_role;

create function private.check_rules(user_id uuid, content text, product_id uuid)
returns setof private.rule_result
language plpgsql stable security invoker set search_path = pg_catalog, pg_temp
as $$
declare
    v_brand uuid := private.active_brand(check_rules.user_id, check_rules.product_id);
    v_script private.normalized_text := private.normalize_script(content, (
        select string_agg(r.rule_definition::text, '') from public.brand_rules as r
        where r.user_id = check_rules.user_id and r.enabled
            and (r.brand_id is null or r.brand_id = v_brand)
    ));
begin
    return query
    select
        r.id, r.rule_name, r.rule_definition ->> 'kind', r.severity,
        c.status, c.spans, c.message, c.suggestion
    from public.brand_rules as r
    cross join lateral private.check_rule(r.rule_definition, v_script) as c
    where r.user_id = check_rules.user_id and r.enabled
        and (r.brand_id is null or r.brand_id = v_brand)
    order by array_position('{error,warning,info}', r.severity), r.rule_name;
end;
$$;
comment on function private.check_rules is
'Checks a text against the enabled rules of an account that have no brand or that of the product.
Reads only rules that its caller may read.';
grant execute on function private.check_rules to authenticated, service_role;

create function private.check_script(user_id uuid, content text, product_id uuid)
returns setof private.rule_result
language sql stable security definer set search_path = pg_catalog, pg_temp
as $$
    select c.*
    from private.check_rules(
        check_script.user_id, check_script.content, check_script.product_id
    ) as c
$$;
comment on function private.check_script is
'private.check_rules for the worker that writes scripts. Definer: workers have no table rights.';
grant execute on function private.check_script to worker;

create function public.check_compliance(content text, product_id uuid default null)
returns table (
    rule_id uuid,
    rule_name text,
    kind text,
    severity text,
    status text,
    spans jsonb,
    message text,
    suggestion text
)
language plpgsql stable security invoker set search_path = pg_catalog, pg_temp
set statement_timeout = '2s'
as $$
begin
    perform private.require_text(
        check_compliance.content, 'invalid_script', 'content', 'The script''s text', 10000
    );
    if check_compliance.product_id is not null and not exists (
        select from public.products as p
        where p.id = check_compliance.product_id and p.user_id = auth.uid()
    ) then
        perform private.fail(
            404, 'not_found', 'There is no such product.', '{"field": "product_id"}'
        );
    end if;
    return query
    select c.*
    from private.check_rules(
        auth.uid(), check_compliance.content, check_compliance.product_id
    ) as c;
end;
$$;
comment on function public.check_compliance is
'Applies the enabled rules of the caller to a script''s text, errors first, without AI: those for
all brands and, with a product, those of its brand. Rules of an archived brand apply to nothing.

status is pass, fail, needs_review (a person must judge) or not_applicable. spans are the matches,
as {field, start, end} in UTF-16 code units: content.slice(start, end) in JavaScript. The text has
scope body. A rule with applies_when answers needs_review instead of fail, so it never keeps a
script from being final.

Banned words, competitors and advertising claims match in these disguises: other cases, widths and
styles of letters (𝐦, ⓜ, ᴍ); accents and marks; invisible characters; right-to-left overrides;
look-alike letters (UTS #39: Latin, Greek, Cyrillic, Armenian, Cherokee, Coptic, Lisu, Canadian
syllables); digits and signs for letters; repeated letters; signs, spaces or emoji between
letters. These do not match: misspellings, words with one space inside, two letters that look like
one (rn), letters upside down, flags. A term with accents matches only with the same accents.

Errors: 422 invalid_script, 404 not_found.';
grant execute on function public.check_compliance to authenticated;
