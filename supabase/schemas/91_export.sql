-- Export: everything stored about an account, in pages.

create function private.export_own_account(cursor text)
returns jsonb
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
    v_tables constant text [] := array(
        select c.relname
        from private.account_tables() as t inner join pg_class as c on t = c.oid
        where c.relnamespace = 'public'::regnamespace
        order by c.relname
    );
    v_deadline constant timestamptz := clock_timestamp() + interval '2 seconds';
    v_user uuid := auth.uid();
    v_words text [] := string_to_array(cursor, '|');
    v_first integer := coalesce(array_position(v_tables, v_words[1]), 1);
    v_after_at timestamptz := '-infinity';
    v_after_id uuid := '00000000-0000-0000-0000-000000000000';
    v_page jsonb := case when cursor is null then private.export_account_head() else '{}' end;
    v_document jsonb;
    v_documents jsonb [];
    v_bytes bigint := 0;
    v_rows integer := 0;
begin
    perform private.require_role('admin');
    if cursor is null then
        insert into public.audit_events (user_id, actor, action, target_kind, target_id)
        select a.id, private.author(), 'export', 'account', a.id
        from public.accounts as a where a.id = v_user;
    else
        if cardinality(v_words) <> 3 or v_words[1] <> all (v_tables) then
            raise invalid_text_representation;
        end if;
        v_after_at := v_words[2]::timestamptz;
        v_after_id := v_words[3]::uuid;
    end if;
    cursor := null;
    for v_table in 1 .. cardinality(v_tables) loop
        v_documents := '{}';
        if v_table >= v_first and cursor is null then
            -- Dynamic SQL, because each of these tables is exported.
            for v_after_at, v_after_id, v_document in
                execute format(
                    'select t.created_at, t.id, to_jsonb(t) from public.%I as t'
                    || ' where t.user_id = $1 and (t.created_at, t.id) > ($2, $3)'
                    || ' order by t.created_at, t.id limit $4', v_tables[v_table]
                ) using v_user, v_after_at, v_after_id, 2000 - v_rows
            loop
                v_documents := v_documents || v_document;
                v_bytes := v_bytes + pg_column_size(v_document);
                v_rows := v_rows + 1;
                if v_bytes >= 4194304 or v_rows >= 2000 or clock_timestamp() > v_deadline then
                    cursor := concat_ws('|', v_tables[v_table], v_after_at, v_after_id);
                    exit;
                end if;
            end loop;
            v_after_at := '-infinity';
            v_after_id := '00000000-0000-0000-0000-000000000000';
        end if;
        v_page := v_page || jsonb_build_object(v_tables[v_table], to_jsonb(v_documents));
    end loop;
    return v_page || jsonb_build_object('user_id', v_user, 'next_cursor', cursor);
exception when invalid_text_representation or invalid_datetime_format or datetime_field_overflow then
    perform private.fail(
        422, 'invalid_cursor', 'The cursor is not one that an export has answered.',
        '{"field": "cursor"}'
    );
end;
$$;
comment on function private.export_own_account is
'A page of everything stored about the caller. A page ends with the row that reaches 4 MiB, 2,000
rows or 2 seconds. Definer: some tables are internal; identity comes from the token. Errors: 422
invalid_cursor, 403 role_not_allowed.';
grant execute on function private.export_own_account to authenticated;

create function private.export_account_head()
returns jsonb
language sql stable security invoker set search_path = pg_catalog, pg_temp
begin atomic
    select jsonb_build_object(
        'plan', private.plan_of(auth.uid()),
        'stripe_customer_id',
        (select c.customer_id from private.stripe_customers as c where c.user_id = auth.uid()),
        'account',
        (select to_jsonb(t) from public.accounts as t where t.id = auth.uid()),
        'identities',
        (
            select
                coalesce(
                    jsonb_agg(jsonb_build_object(
                        'issuer', t.issuer, 'subject', t.subject, 'created_at', t.created_at,
                        'read_version', t.read_version
                    )),
                    '[]'
                )
            from private.accounts as t where t.id = auth.uid()
        ),
        'usage',
        (
            select coalesce(jsonb_agg(to_jsonb(t)), '[]') from private.usage as t
            where t.user_id = auth.uid()
        ),
        'spending',
        (
            select coalesce(jsonb_agg(to_jsonb(t)), '[]') from private.spending as t
            where t.user_id = auth.uid()
        ),
        'score_records',
        (
            select coalesce(jsonb_agg(to_jsonb(t)), '[]') from private.score_records as t
            where t.user_id = auth.uid()
        ),
        'memberships',
        (
            select coalesce(jsonb_agg(to_jsonb(t)), '[]') from private.memberships as t
            where auth.uid() in (t.user_id, t.person_id)
        ),
        'request_counts',
        (
            select coalesce(jsonb_agg(to_jsonb(t)), '[]') from private.request_counts as t
            where t.user_id = auth.uid()
        ),
        'tiktok_connections',
        (
            select
                coalesce(
                    jsonb_agg(jsonb_build_object(
                        'open_id', t.open_id, 'scopes', t.scopes, 'connected_at', t.connected_at,
                        'expires_at', t.refresh_ends_at
                    )),
                    '[]'
                )
            from private.tiktok_connections as t where t.user_id = auth.uid()
        ),
        'tiktok_states',
        (
            select coalesce(jsonb_agg(jsonb_build_object('created_at', t.created_at)), '[]')
            from private.tiktok_states as t where t.user_id = auth.uid()
        )
    );
end;
comment on function private.export_account_head is
'The part of an export that only its first page has: the account and its small tables. Only
private.export_own_account calls it.';

create function public.export_account(cursor text default null)
returns jsonb
language sql volatile security invoker set search_path = pg_catalog, pg_temp
begin atomic
    select private.export_own_account(export_account.cursor);
end;
comment on function public.export_account is
'Everything stored about the caller, in pages: JSON documents with an array for each table.

Call it again with the next_cursor of a page until that is null, and join the arrays. The first
page also holds the account itself. A page has up to 4 MiB or 2,000 rows, the oldest first. It may
miss rows that change meanwhile; then export again. An organisation''s needs an admin. Each export is
in audit_events. Errors: 422 invalid_cursor, 403 role_not_allowed.';
grant execute on function public.export_account to authenticated;
