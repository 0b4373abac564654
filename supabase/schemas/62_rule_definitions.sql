-- Checks the definition of a brand rule when it is written. The answer names the wrong field.

create function private.object_problem(
    part text, value jsonb, path text, out field text, out problem text, out bounds jsonb
)
language plpgsql immutable security invoker set search_path = pg_catalog, pg_temp
as $$
begin
    if jsonb_typeof(value) <> 'object' then
        field := coalesce(nullif(rtrim(path, '.'), ''), 'rule_definition');
        problem := 'must be an object.';
        bounds := '{"reason": "invalid", "type": "object"}';
        return;
    end if;
    select path || coalesce(p.name, v.key), case
        when p.name is null then 'is not known here.'
        when v.key is null then 'is missing.'
        else private.value_problem(v.value, p.type, p.low, p.high, p.choices)
    end,
    jsonb_strip_nulls(jsonb_build_object(
        'reason', case
            when p.name is null then 'unknown' when v.key is null then 'missing' else 'invalid'
        end,
        'type', p.type, 'min', p.low, 'max', p.high, 'allowed', to_jsonb(p.choices)
    ))
    into field, problem, bounds
    from (
        select * from private.rule_parameters() as q where q.kind = part
    ) as p full join jsonb_each(value) as v on p.name = v.key
    where p.name is null
        or (v.key is null and p.is_required)
        or private.value_problem(v.value, p.type, p.low, p.high, p.choices) is not null
    -- Unknown keys first: most often they are misspelt required ones.
    order by p.name is null desc, p.name
    limit 1;
end;
$$;
comment on function private.object_problem is
'The first problem of an object, by the keys that this part may have: the field, the end of a
sentence, and the reason (unknown, missing, invalid) with the bounds of the value as data; nulls
without a problem.';

create function private.contradiction(kind text, params jsonb, out name text, out problem text)
language plpgsql immutable security invoker set search_path = pg_catalog, pg_temp
as $$
declare
    -- A script has 10,000 characters at most, so 5,000 words.
    v_longest constant numeric := case params ->> 'unit'
        when 'chars' then 10000
        when 'words' then 5000
        else 5000 * 60 / coalesce((params -> 'wpm')::numeric, 150)
    end;
    v_required text[];
begin
    if kind = 'max_length' then
        name := 'min';
        problem := case
            when (params -> 'min')::numeric > (params -> 'max')::numeric
                then 'must not be above max.'
            when (params -> 'min')::numeric > v_longest
                then 'asks for more than a script of 10000 characters can have.'
        end;
    elsif kind = 'hashtags' then
        name := 'required';
        v_required := private.tag_names(params -> 'required');
        problem := case
            when v_required && private.tag_names(params -> 'forbidden')
                then 'must not have what forbidden has.'
            when cardinality(v_required) > (params -> 'max')::integer
                then 'must not have more entries than max allows.'
        end;
    elsif kind = 'claim' and params ->> 'policy' = 'disclaim' and not params ? 'disclaimer' then
        name := 'disclaimer';
        problem := 'is missing: the policy disclaim asks for it.';
    elsif kind = 'cta' and params -> 'required' = 'false'
        and coalesce(params ->> 'position', 'anywhere') = 'anywhere'
    then
        name := 'required';
        problem := 'may be false only beside a position: else the rule forbids nothing.';
    elsif kind = 'banned_phrase' and params ? 'exceptions'
        and (private.check_banned_phrase(params, private.normalize_script(
            array_to_string(private.texts(params -> 'terms'), ' . . . ')
        ))).status = 'pass'
    then
        name := 'exceptions';
        problem := 'must leave a term that is still forbidden.';
    elsif kind = 'substitution' and (private.check_substitution(
        params, private.normalize_script(array_to_string(array(
            select m.value from jsonb_each_text(params -> 'map') as m
        ), ' . . . '))
    )).status = 'fail' then
        name := 'map';
        problem := 'must not lead to a text that it replaces.';
    end if;
end;
$$;
comment on function private.contradiction is
'Params that are valid one by one, but together can never be met, or never apply. name: the param
to change; problem: the end of a sentence. problem is null without a contradiction.';

create function private.tag_names(tags jsonb)
returns text[]
language plpgsql immutable security invoker set search_path = pg_catalog, pg_temp
as $$
begin
    return array(
        select distinct lower(ltrim((private.normalize_piece(t)).normalized, '#'))
        from jsonb_array_elements_text(coalesce(tags, '[]')) as t
    );
end;
$$;
comment on function private.tag_names is
'The hashtags of a list as they are compared: distinct, lower-case, without “#”.';

create function private.params_problem(
    kind text, params jsonb, path text, out field text, out problem text, out bounds jsonb
)
language plpgsql immutable security invoker set search_path = pg_catalog, pg_temp
as $$
declare
    v_names text[] := (
        select c.names from private.required_choices() as c where c.kind = params_problem.kind
    );
    v_rule record;
begin
    select o.* into field, problem, bounds
    from private.object_problem(kind, params, path || 'params.') as o;
    if problem is not null then
        return;
    end if;
    if not params ?| v_names then
        field := path || 'params';
        problem := 'must have one of: ' || array_to_string(v_names, ', ') || '.';
        bounds := jsonb_build_object('reason', 'missing', 'one_of', v_names);
        return;
    end if;
    select c.name, c.problem into field, problem
    from private.contradiction(kind, params) as c;
    if problem is not null then
        field := path || 'params.' || field;
        bounds := '{"reason": "contradiction"}';
        return;
    end if;
    for v_rule in
        select e.rule, e.position - 1 as index
        from jsonb_array_elements(params -> 'rules') with ordinality as e (rule, position)
    loop
        select p.* into field, problem, bounds
        from private.part_problem(
            v_rule.rule, format('%sparams.rules[%s].', path, v_rule.index)
        ) as p;
        exit when problem is not null;
    end loop;
end;
$$;
comment on function private.params_problem is
'The first problem of the params of a kind, or of the rules in them; nulls without a problem.';

create function private.part_problem(
    rule jsonb, path text, out field text, out problem text, out bounds jsonb
)
language plpgsql immutable security invoker set search_path = pg_catalog, pg_temp
as $$
begin
    if path ~ '(rules.*){4}' then
        field := path;
        problem := 'is nested too deeply: three levels at most.';
        bounds := '{"reason": "too_deep", "max": 3}';
        return;
    end if;
    -- A nested rule has a kind and params only. The outer rule has the other keys.
    select o.* into field, problem, bounds
    from private.object_problem('nested', rule, path) as o;
    if problem is null then
        select p.* into field, problem, bounds
        from private.params_problem(rule ->> 'kind', coalesce(rule -> 'params', '{}'), path) as p;
    end if;
end;
$$;
comment on function private.part_problem is
'The first problem of a rule in all_of, any_of or not; nulls without a problem.';

create function private.definition_problem(
    definition jsonb, out field text, out problem text, out bounds jsonb
)
language plpgsql immutable security definer set search_path = pg_catalog, pg_temp
as $$
declare
    v_part text;
begin
    select o.* into field, problem, bounds
    from private.object_problem('definition', coalesce(definition, 'null'), '') as o;
    foreach v_part in array array['applies_when', 'source', 'examples'] loop
        exit when problem is not null;
        select o.* into field, problem, bounds
        from private.object_problem(
            v_part, coalesce(definition -> v_part, '{}'), v_part || '.'
        ) as o;
    end loop;
    if problem is null and definition ? 'scope' and not definition -> 'scope' ? 'body' then
        field := 'scope';
        problem := 'must include body: a script is one text, and that is its body.';
        bounds := '{"reason": "missing", "one_of": ["body"]}';
    end if;
    if problem is null then
        select p.* into field, problem, bounds
        from private.params_problem(
            definition ->> 'kind', coalesce(definition -> 'params', '{}'), ''
        ) as p;
    end if;
end;
$$;
comment on function private.definition_problem is
'The first problem of a definition: the field, the end of a sentence, and reason and bounds as data;
nulls without a problem. Definer, so that its helpers need no grants; it reads no table.';
grant execute on function private.definition_problem to authenticated, service_role;
