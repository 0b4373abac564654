-- Brand rules: what the scripts of an account must and must not say, one row for each rule.

create table public.brand_rules (
    id uuid primary key default gen_random_uuid(),
    user_id uuid not null default auth.uid() references public.accounts on delete cascade,
    rule_name text not null check (char_length(rule_name) between 1 and 120),
    rule_definition jsonb not null check (pg_column_size(rule_definition) <= 65536),
    severity text not null generated always as (rule_definition ->> 'severity') stored
    check (severity in ('error', 'warning', 'info')),
    enabled boolean not null default true,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    constraint brand_rules_user_id_rule_name_key unique (user_id, rule_name)
);
comment on table public.brand_rules is
'What the scripts of an account must and must not say; rpc/check_compliance applies them.';
comment on column public.brand_rules.user_id is
'The account, from the token.';
comment on column public.brand_rules.rule_name is
'Unique in an account. Upserts name on_conflict=user_id,rule_name.';
comment on column public.brand_rules.rule_definition is
'{"kind", "severity", "params", …}. docs/api.md lists the kinds and their params.';
comment on column public.brand_rules.severity is
'error, warning or info, from the definition. Only a broken error keeps a script from being final.';
comment on column public.brand_rules.enabled is
'Whether checks apply the rule.';

create index brand_rules_user_id_created_at_idx on public.brand_rules (user_id, created_at desc);

alter table public.brand_rules enable row level security;
create policy brand_rules_select_own on public.brand_rules
for select to authenticated
using (user_id = (select auth.uid()));
create policy brand_rules_insert_own on public.brand_rules
for insert to authenticated
with check (user_id = (select auth.uid()));
create policy brand_rules_update_own on public.brand_rules
for update to authenticated
using (user_id = (select auth.uid()))
with check (user_id = (select auth.uid()));
create policy brand_rules_delete_own on public.brand_rules
for delete to authenticated
using (user_id = (select auth.uid()));

create function private.brand_rules_require()
returns trigger
language plpgsql volatile security invoker set search_path = pg_catalog, pg_temp
as $$
begin
    perform private.require_text(
        new.rule_name, 'invalid_rule', 'rule_name', 'The rule''s name', 120
    );
    new.rule_name := btrim(new.rule_name);
    new.user_id := coalesce(new.user_id, auth.uid());
    if new.enabled is null then
        perform private.fail(
            422, 'invalid_rule', 'A rule is either enabled (true) or not (false).',
            '{"field": "enabled"}'
        );
    end if;
    if new.rule_definition is null then
        perform private.fail(
            422, 'invalid_rule', 'The rule''s definition is missing.',
            '{"field": "rule_definition"}'
        );
    end if;
    if octet_length(new.rule_definition::text) > 65536 then
        perform private.fail(
            422, 'invalid_rule', 'The rule''s definition is larger than 64 kB.',
            '{"field": "rule_definition"}'
        );
    end if;
    return new;
end;
$$;
comment on function private.brand_rules_require is
'Trigger: refuses missing, empty, too long and wrong values with a sentence. Replaces a null
user_id by the caller''s account. Errors: 422 invalid_rule.';

create function private.brand_rules_refuse_duplicate()
returns trigger
language plpgsql volatile security invoker set search_path = pg_catalog, pg_temp
as $$
begin
    if not private.asks_for_upsert() and exists (
        select from public.brand_rules as r
        where r.user_id = new.user_id and r.rule_name = new.rule_name and r.id <> new.id
    ) then
        perform private.fail(
            409, 'already_exists', format('You already have a rule named “%s”.', new.rule_name),
            '{"field": "rule_name"}'
        );
    end if;
    return new;
end;
$$;
comment on function private.brand_rules_refuse_duplicate is
'Trigger: answers 409 already_exists to a second rule of one name, unless the request resolves
duplicates.';

create function private.brand_rules_require_definition()
returns trigger
language plpgsql volatile security invoker set search_path = pg_catalog, pg_temp
as $$
declare
    v_field text;
    v_problem text;
begin
    select p.field, p.problem into v_field, v_problem
    from private.definition_problem(new.rule_definition) as p;
    if v_problem is not null then
        perform private.fail(
            422, 'invalid_rule', format('The rule''s %s %s', v_field, v_problem),
            jsonb_build_object('field', v_field)
        );
    end if;
    return new;
end;
$$;
comment on function private.brand_rules_require_definition is
'Trigger: requires a known kind with valid params. Errors: 422 invalid_rule.';

create function private.brand_rules_try_examples()
returns trigger
language plpgsql volatile security invoker set search_path = pg_catalog, pg_temp
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
'Trigger: checks that the rule judges its own examples as they say. Errors: 422 invalid_rule.';

create trigger brand_rules_01_begin_rows before insert on public.brand_rules
for each statement execute function private.number_row();
create trigger brand_rules_02_number_row before insert on public.brand_rules
for each row execute function private.number_row();
create trigger brand_rules_10_require before insert or update on public.brand_rules
for each row execute function private.brand_rules_require();
create trigger brand_rules_11_require_account before insert on public.brand_rules
for each row execute function private.require_account();
create trigger brand_rules_12_settle_id before insert on public.brand_rules
for each row execute function private.settle_id();
create trigger brand_rules_12_keep_id before update of id on public.brand_rules
for each row execute function private.keep_id();
create trigger brand_rules_20_refuse_duplicate
before insert or update of rule_name on public.brand_rules
for each row execute function private.brand_rules_refuse_duplicate();
create trigger brand_rules_30_require_definition
before insert or update of rule_definition on public.brand_rules
for each row execute function private.brand_rules_require_definition();
create trigger brand_rules_40_require_quota after insert on public.brand_rules
referencing new table as added
for each statement execute function private.require_quota('brand_rules');
create trigger brand_rules_40_try_examples
before insert or update of rule_definition on public.brand_rules
for each row when (new.rule_definition ? 'examples')
execute function private.brand_rules_try_examples();
create trigger brand_rules_90_touch before update on public.brand_rules
for each row execute function private.touch_updated_at();

grant select on public.brand_rules to authenticated;
-- Frontends often send user_id; the policies accept only the caller's own.
grant insert (id, user_id, rule_name, rule_definition, enabled)
on public.brand_rules to authenticated;
-- An upsert updates every column that it sends; private.keep_id keeps the id.
grant update (id, user_id, rule_name, rule_definition, enabled)
on public.brand_rules to authenticated;
grant delete on public.brand_rules to authenticated;
grant select, insert, update, delete on public.brand_rules to service_role;
