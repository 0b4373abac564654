-- What an account has in a cell: read in one, cleared and received in another. Every cell has these
-- functions; only the login `mover` calls them.

create function private.cell_tables()
returns table (name text, depth integer, condition text)
language sql stable security invoker set search_path = pg_catalog, pg_temp
as $$
    with recursive owned as (
        select f.conrelid as id
        from pg_constraint as f
        inner join pg_attribute as a on f.conrelid = a.attrelid and a.attnum = f.conkey[1]
        where f.contype = 'f' and f.confrelid = 'public.accounts'::regclass
            and f.confdeltype = 'c' and a.attname = 'user_id'
    ), places (id, depth, condition) as (
        select o.id, 1, 't.user_id = $1' from owned as o
        union all
        select f.conrelid, p.depth + 1, format(
            't.%I in (select t.%I from %s as t where %s)',
            a.attname, r.attname, p.id::regclass, p.condition
        ) collate "default"
        from places as p
        inner join pg_constraint as f on p.id = f.confrelid
        inner join pg_attribute as a on f.conrelid = a.attrelid and a.attnum = f.conkey[1]
        inner join pg_attribute as r on f.confrelid = r.attrelid and r.attnum = f.confkey[1]
        where f.contype = 'f' and f.confdeltype = 'c' and cardinality(f.conkey) = 1
            and f.conrelid not in (select o.id from owned as o) and p.depth < 10
    )
    (select distinct on (p.id) p.id::regclass::text, p.depth, p.condition
    from places as p order by p.id, p.depth)
    union all
    -- Without a foreign key: they outlive what they are about.
    select * from (values
        (
            'private.stripe_events', 2,
            't.customer_id in (select c.customer_id from private.stripe_customers as c'
            || ' where c.user_id = $1)'
        ),
        (
            'private.source_runs', 2,
            't.job_id in (select j.id from public.jobs as j where j.user_id = $1)'
        )
    ) as v (name, depth, condition)
$$;
comment on function private.cell_tables is
'The tables with rows of an account, found by walking the foreign keys from public.accounts: those
with its user_id (depth 1), and those below them. `condition` chooses its rows as t; $1 is the
account.';

create function private.cell_contents(user_id uuid)
returns jsonb
language plpgsql stable security definer set search_path = pg_catalog, pg_temp
set timezone = 'UTC'
as $$
declare
    v_table record;
    v_rows jsonb;
    v_all jsonb := '{}';
begin
    for v_table in select * from private.cell_tables() loop
        -- Each cell gives a job's message another id.
        execute format(
            'select jsonb_build_array(count(*), md5(string_agg(s.h, '''' order by s.h))) from ('
            || 'select md5((to_jsonb(t) - ''msg_id'')::text) as h from %s as t where %s) as s',
            v_table.name, v_table.condition
        ) into v_rows using cell_contents.user_id;
        v_all := v_all || jsonb_build_object(v_table.name, v_rows);
    end loop;
    return v_all;
end;
$$;
comment on function private.cell_contents is
'For each table [number, hash] of an account''s rows. Two cells with the same answer hold the same
rows. Definer: the mover has no table rights.';
grant execute on function private.cell_contents to mover;

create function private.cell_head(user_id uuid)
returns jsonb
language plpgsql stable security definer set search_path = pg_catalog, pg_temp
set timezone = 'UTC'
as $$
begin
    return jsonb_build_object(
        'account',
        (select to_jsonb(a) from public.accounts as a where a.id = cell_head.user_id),
        'identity',
        (select to_jsonb(a) from private.accounts as a where a.id = cell_head.user_id),
        'people',
        (
            select coalesce(jsonb_agg(to_jsonb(a) || jsonb_build_object(
                'issuer', i.issuer, 'subject', i.subject
            )), '[]')
            from private.memberships as m
            inner join public.accounts as a on m.person_id = a.id
            inner join private.accounts as i on a.id = i.id
            where m.user_id = cell_head.user_id
        ),
        'stripe_account', (select s.account from private.stripe_account as s)
    );
end;
$$;
comment on function private.cell_head is
'What private.receive_account needs, as JSON: `account` and `identity` (its two rows), `people` (the
members of an organisation), and `stripe_account` (the account at Stripe that this cell sells with).
Definer: the mover has no table rights.';
grant execute on function private.cell_head to mover;

create function private.cell_rows(user_id uuid, name text)
returns setof jsonb
language plpgsql stable security definer set search_path = pg_catalog, pg_temp
set timezone = 'UTC'
as $$
declare
    v_condition text := (
        select t.condition from private.cell_tables() as t where t.name = cell_rows.name
    );
begin
    if cell_rows.name = 'private.live_jobs' then
        return query
        select to_jsonb(l) || jsonb_build_object('fenced_vt', m.headers ->> 'fenced_vt')
        from private.live_jobs as l inner join pgmq.q_jobs as m on l.msg_id = m.msg_id
        where l.tenant = cell_rows.user_id::text;
    else
        return query execute format(
            'select to_jsonb(t) from %s as t where %s', cell_rows.name, v_condition
        ) using cell_rows.user_id;
    end if;
end;
$$;
comment on function private.cell_rows is
'An account''s rows of a table of private.cell_tables. Definer: the mover has no table rights.';
grant execute on function private.cell_rows to mover;

create function private.cell_table_names()
returns setof text
language sql stable security definer set search_path = pg_catalog, pg_temp
begin atomic
    select t.name from private.cell_tables() as t order by t.depth, t.name;
end;
comment on function private.cell_table_names is
'The tables of private.cell_tables, each before those that refer to it. Definer: the mover has no
table rights.';
grant execute on function private.cell_table_names to mover;

create function private.wipe_account(user_id uuid)
returns void
language plpgsql volatile security invoker set search_path = pg_catalog, pg_temp
as $$
declare
    v_table record;
begin
    if private.cell_state(wipe_account.user_id) is distinct from 'moved' then
        raise exception 'Account % may live here.', wipe_account.user_id;
    end if;
    delete from pgmq.q_jobs as m where m.msg_id in (
        select l.msg_id from private.live_jobs as l where l.tenant = wipe_account.user_id::text
    );
    -- Triggers would notify and count. Without them no delete cascades, so the deepest tables come
    -- first.
    execute format('set local session_replication_role = %L', 'replica');
    for v_table in select * from private.cell_tables() as t order by t.depth desc, t.name loop
        execute format('delete from %s as t where %s', v_table.name, v_table.condition)
        using wipe_account.user_id;
    end loop;
    execute format('set local session_replication_role = %L', 'origin');
end;
$$;
comment on function private.wipe_account is
'Deletes all rows of an account that does not live here. No trigger fires.';

create function private.clear_account(user_id uuid)
returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
begin
    if private.cell_state(clear_account.user_id) = 'moved' then
        perform private.wipe_account(clear_account.user_id);
    end if;
end;
$$;
comment on function private.clear_account is
'Deletes the rows that a departed account left behind; the tombstone stays. It does nothing for an
account that lives here, or when repeated. Definer: the mover has no table rights.';
grant execute on function private.clear_account to mover;

create function private.receive_account(user_id uuid, head jsonb)
returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
    v_here private.accounts;
begin
    select a.* into v_here from private.accounts as a
    where a.id = receive_account.user_id for update;
    if v_here.deleted_at is not null then
        raise exception 'Account % was erased here.', receive_account.user_id;
    end if;
    -- A member of an organisation of this cell has an account here, without rows of its own.
    if v_here.id is not null and v_here.cell_state is distinct from 'moved'
        and (v_here.cell_state is not null or private.table_to_empty(v_here.id) is not null) then
        raise exception 'Account % lives here.', receive_account.user_id;
    end if;
    insert into private.stripe_account (account)
    select head ->> 'stripe_account' where head ->> 'stripe_account' is not null
    on conflict do nothing;
    if (select s.account from private.stripe_account as s) <> head ->> 'stripe_account' then
        raise exception 'This cell sells with another account at Stripe.';
    end if;
    insert into private.accounts as a (
        id, issuer, subject, created_at, read_version, named_at, cell_state
    )
    select
        i.id, i.issuer, i.subject, i.created_at, i.read_version, i.named_at, 'moved'
    from jsonb_populate_record(null::private.accounts, head -> 'identity') as i
    where i.id = receive_account.user_id
    on conflict on constraint accounts_pkey do update set
        read_version = excluded.read_version,
        named_at = excluded.named_at,
        cell_state = 'moved';
    insert into public.accounts as a (id, kind, name, created_at, locale)
    select p.id, p.kind, p.name, p.created_at, p.locale
    from jsonb_populate_record(null::public.accounts, head -> 'account') as p
    where p.id = receive_account.user_id
    on conflict on constraint accounts_pkey do update set
        name = excluded.name,
        locale = excluded.locale;
    insert into private.accounts (id, issuer, subject)
    select p.id, p.issuer, p.subject
    from jsonb_populate_recordset(null::private.accounts, head -> 'people') as p
    on conflict do nothing;
    insert into public.accounts (id, kind, name)
    select p.id, p.kind, p.name
    from jsonb_populate_recordset(null::public.accounts, head -> 'people') as p
    on conflict do nothing;
    perform private.wipe_account(receive_account.user_id);
end;
$$;
comment on function private.receive_account is
'Begins the arrival of an account, or begins it anew. Adds the account in the state moved, without
rows. `head` is the answer of private.cell_head. Raises an exception if the account lives here or
was erased. Definer: the mover has no table rights.';
grant execute on function private.receive_account to mover;

create function private.receive_rows(user_id uuid, name text, content jsonb)
returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
    v_condition text := (
        select t.condition from private.cell_tables() as t where t.name = receive_rows.name
    );
    v_is_strange boolean := true;
    v_columns text;
    v_row jsonb;
    v_msg_id bigint;
begin
    if v_condition is not null
        and private.cell_state(receive_rows.user_id) is not distinct from 'moved' then
        -- What a row refers to has arrived before it.
        execute format(
            'select exists (select from jsonb_populate_recordset(null::%s, $2) as t'
            || ' where (%s) is not true)',
            receive_rows.name, v_condition
        ) into v_is_strange using receive_rows.user_id, content;
    end if;
    if v_is_strange or (
        receive_rows.name = 'private.live_jobs' and exists (
            select from jsonb_array_elements(content) as r (row)
            where r.row ->> 'tenant' is distinct from receive_rows.user_id::text
        )
    ) then
        raise exception 'Account % receives no such rows of % now.',
            receive_rows.user_id, receive_rows.name;
    end if;
    if receive_rows.name = 'private.live_jobs' then
        for v_row in select r.row from jsonb_array_elements(content) as r (row) loop
            insert into pgmq.q_jobs (message, headers, vt, enqueued_at)
            select
                jsonb_build_object('job_id', v_row -> 'job_id'),
                private.message_headers(k.queue, receive_rows.user_id::text)
                || jsonb_build_object('fenced_vt', v_row -> 'fenced_vt'),
                'infinity', clock_timestamp()
            from private.job_kinds as k where k.kind = v_row ->> 'kind'
            returning msg_id into strict v_msg_id;
            content := jsonb_set(
                content,
                array[(
                    select (r.place - 1)::text
                    from jsonb_array_elements(content) with ordinality as r (row, place)
                    where r.row ->> 'job_id' = v_row ->> 'job_id'
                )],
                v_row || jsonb_build_object('msg_id', v_msg_id)
            );
        end loop;
    end if;
    select string_agg(format('%I', a.attname), ', ' order by a.attnum) into v_columns
    from pg_attribute as a
    where a.attrelid = receive_rows.name::regclass and a.attnum > 0 and not a.attisdropped
        and a.attgenerated = '';
    -- The rows have passed all triggers in the other cell. private.missing_reference checks the
    -- foreign keys.
    execute format('set local session_replication_role = %L', 'replica');
    execute format(
        'insert into %1$s (%2$s) select %2$s from jsonb_populate_recordset(null::%1$s, $1)',
        receive_rows.name, v_columns
    ) using content;
    execute format('set local session_replication_role = %L', 'origin');
end;
$$;
comment on function private.receive_rows is
'Adds rows of an account that arrives. Its jobs get messages that nobody claims before
private.settle_account. No trigger fires. Definer: the mover has no table rights.';
grant execute on function private.receive_rows to mover;

create function private.missing_reference(user_id uuid)
returns text
language plpgsql stable security definer set search_path = pg_catalog, pg_temp
as $$
declare
    v_key record;
    v_is_missing boolean;
begin
    for v_key in
        select
            f.conname, t.name, t.condition, f.confrelid::regclass as parent,
            string_agg(format('p.%I = t.%I', r.attname, a.attname), ' and ') as pairs,
            string_agg(format('t.%I is not null', a.attname), ' and ') as has_all
        from private.cell_tables() as t
        inner join pg_constraint as f on f.conrelid = t.name::regclass and f.contype = 'f'
        cross join lateral unnest(f.conkey, f.confkey) as k (child, parent)
        inner join pg_attribute as a on f.conrelid = a.attrelid and k.child = a.attnum
        inner join pg_attribute as r on f.confrelid = r.attrelid and k.parent = r.attnum
        group by f.conname, t.name, t.condition, f.confrelid
    loop
        execute format(
            'select exists (select from %s as t where %s and %s'
            || ' and not exists (select from %s as p where %s))',
            v_key.name, v_key.condition, v_key.has_all, v_key.parent, v_key.pairs
        ) into v_is_missing using missing_reference.user_id;
        if v_is_missing then
            return v_key.conname;
        end if;
    end loop;
    return null;
end;
$$;
comment on function private.missing_reference is
'The name of a foreign key that a row of the account breaks here; null: none. This cell may lack a
plan or an encryption key. Definer: the mover has no table rights.';
grant execute on function private.missing_reference to mover;
