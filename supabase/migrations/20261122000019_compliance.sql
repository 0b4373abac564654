-- Checking a script against all rules of an account, and the guard that keeps a script from being
-- final while it breaks a rule of severity error.

create function private.check_rules(user_id uuid, content text)
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
language plpgsql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $$
declare
    v_script private.folded_text := private.fold(content, (
        select string_agg(r.rule_definition::text, '') from public.brand_rules as r
        where r.user_id = check_rules.user_id and r.enabled
    ));
    v_first text := v_script.squeezed[1];
    v_second text := coalesce(v_script.squeezed[2], '');
begin
    return query
    with rules as materialized (
        select
            r.id, r.rule_name, r.severity, r.rule_definition,
            r.rule_definition ->> 'kind' as kind, r.rule_definition -> 'params' as params
        from public.brand_rules as r
        where r.user_id = check_rules.user_id and r.enabled
    ),

    -- What these kinds must not find; most of it is nowhere, and one pass over all of it says so.
    terms as (
        select array_agg(t.rule_id) as rule_ids, array_agg(t.term) as terms
        from (
            select r.id as rule_id, p.term
            from rules as r cross join lateral jsonb_array_elements_text(
                coalesce(r.params -> 'terms', r.params -> 'names')
            ) as p (term)
            where r.kind in ('banned_phrase', 'competitor_mention')
            union all
            select r.id, p.term
            from rules as r cross join lateral jsonb_object_keys(r.params -> 'map') as p (term)
            where r.kind = 'substitution'
        ) as t
    ),

    suspects as materialized (
        select distinct w.rule_id
        from terms as t
        cross join lateral unnest(t.rule_ids, private.squeeze_terms(t.terms)) as w (rule_id, word)
        where
            w.rule_id is not null
            and (position(w.word in v_first) > 0 or position(w.word in v_second) > 0)
    )

    select
        r.id, r.rule_name, r.kind, r.severity, c.status, c.spans, c.message, c.suggestion
    from rules as r
    cross join lateral (
        select
            'pass' as status, '[]'::jsonb as spans, null::text as message,
            null::text as suggestion
        where
            r.kind in ('banned_phrase', 'competitor_mention', 'substitution')
            and r.id not in (select s.rule_id from suspects as s)
        union all
        select k.* from private.check_rule(r.rule_definition, v_script) as k
        where
            r.kind not in ('banned_phrase', 'competitor_mention', 'substitution')
            or r.id in (select s.rule_id from suspects as s)
    ) as c
    order by array_position('{error,warning,info}', r.severity), r.rule_name;
end;
$$;
comment on function private.check_rules is
'Applies every enabled rule of an account to a text; reads the rules that its caller may read.';
grant execute on function private.check_rules to authenticated;
grant execute on function private.check_rules to service_role;

create function private.check_script(user_id uuid, content text)
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
language sql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
    select c.* from private.check_rules(check_script.user_id, check_script.content) as c
$$;
comment on function private.check_script is
'The same for the worker that writes a script. Definer: workers have no table rights.';
grant execute on function private.check_script to worker;

create function public.check_compliance(content text)
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
language plpgsql
stable
security invoker
set search_path = pg_catalog, pg_temp
set statement_timeout = '2s'
as $$
begin
    perform private.require_text(
        check_compliance.content, 'invalid_script', 'content', 'The script''s text', 10000
    );
    return query select c.* from private.check_rules(auth.uid(), check_compliance.content) as c;
end;
$$;
comment on function public.check_compliance is
'Applies every enabled rule of the caller to a script''s text, errors first, without AI.

status is pass, fail, needs_review (a person must judge) or not_applicable. spans are the places that
are meant, as {field, start, end} in UTF-16 code units: content.slice(start, end) in JavaScript.
A plain script is scope body. A rule with applies_when asks a person (needs_review) where it would
fail, so it never keeps a script from being final.

Banned words, competitors and claims are found in these disguises: other cases, widths and styles of
letters (𝐦, ⓜ, ᴍ), accents and marks, invisible characters, text that is overridden to run from right
to left, look-alike letters (UTS #39: Latin, Greek, Cyrillic, Armenian, Cherokee, Coptic, Lisu,
Canadian syllables), digits and signs for letters, repeated letters, letters that signs, spaces or
emoji part. Not found are misspellings, words that are cut in two by a space, two letters that look
like one (rn), letters upside down, flags. A term with accents is found as it is only.

Errors: 422 invalid_script.';
grant execute on function public.check_compliance to authenticated;

create function private.scripts_require_compliance()
returns trigger
language plpgsql
volatile
security invoker
set search_path = pg_catalog, pg_temp
as $$
declare
    v_broken jsonb;
begin
    if tg_op = 'UPDATE' and old.status = 'final' and old.content = new.content then
        return new;
    end if;
    select jsonb_agg(jsonb_build_object(
        'rule_id', c.rule_id, 'rule_name', c.rule_name, 'message', c.message, 'spans', c.spans
    ))
    into v_broken
    from private.check_rules(new.user_id, new.content) as c
    where c.severity = 'error' and c.status = 'fail';
    if v_broken is not null then
        perform private.fail(
            422, 'script_not_compliant',
            format('This script can''t be final: it breaks “%s”.', v_broken -> 0 ->> 'rule_name'),
            jsonb_build_object('rules', v_broken)
        );
    end if;
    return new;
end;
$$;
comment on function private.scripts_require_compliance is
'Trigger: a script that breaks a rule of severity error stays a draft.
Errors: 422 script_not_compliant.';

create trigger scripts_30_require_compliance
before insert or update of content, status on public.scripts
for each row when (new.status = 'final') execute function private.scripts_require_compliance();
