-- Starter rules: an account copies a pack of them with one call. The rows are in supabase/seed.

create table private.starter_rules (
    pack text not null check (pack in ('ftc', 'tiktok')),
    rule_name text not null,
    rule_definition jsonb not null,
    primary key (pack, rule_name)
);
comment on table private.starter_rules is 'The rules that rpc/adopt_starter_rules copies, by pack.';
alter table private.starter_rules enable row level security;

create function private.starter_pack(pack text)
returns setof private.starter_rules
language sql stable security definer set search_path = pg_catalog, pg_temp
as $$
    select s.* from private.starter_rules as s where s.pack = starter_pack.pack
$$;
comment on function private.starter_pack is
'The starter rules of a pack, the same for everybody. Definer: the table is internal.';
grant execute on function private.starter_pack to authenticated;

create function public.adopt_starter_rules(pack text)
returns setof public.brand_rules
language plpgsql volatile security invoker set search_path = pg_catalog, pg_temp
as $$
begin
    if not exists (select from private.starter_pack(adopt_starter_rules.pack)) then
        perform private.fail(
            422, 'invalid_pack', 'The packs of starter rules are ftc and tiktok.',
            '{"field": "pack", "reason": "not_allowed", "allowed": ["ftc", "tiktok"]}'
        );
    end if;
    -- Keeps a rule of the same name: the caller may have changed it.
    insert into public.brand_rules (rule_name, rule_definition)
    select s.rule_name, s.rule_definition
    from private.starter_pack(adopt_starter_rules.pack) as s
    where not exists (
        select from public.brand_rules as r
        where r.user_id = auth.uid() and r.rule_name = s.rule_name
    )
    on conflict on constraint brand_rules_user_id_rule_name_key do nothing;
    return query
    select r.*
    from private.starter_pack(adopt_starter_rules.pack) as s
    inner join public.brand_rules as r on s.rule_name = r.rule_name
    where r.user_id = auth.uid()
    order by r.rule_name;
end;
$$;
comment on function public.adopt_starter_rules is
'Copies the starter rules of a pack (ftc or tiktok) into the caller''s rules and returns them.

A rule of the same name that the caller already has stays as it is. Errors: 422 invalid_pack.';
grant execute on function public.adopt_starter_rules to authenticated;
