-- Erasure: deletes an account for good, on its owner's request here or at Clerk.

create table private.clerk_events (
    id text primary key check (length(id) between 1 and 128),
    type text not null,
    outcome text not null check (outcome in ('erased', 'revoked', 'named', 'ignored')),
    received_at timestamptz not null default now()
);
comment on table private.clerk_events is
'Events received from Clerk, by Svix''s message id, so that a replay changes nothing.';
alter table private.clerk_events enable row level security;

create index clerk_events_received_at_idx on private.clerk_events (received_at);

create function private.table_to_empty(user_id uuid)
returns regclass
language plpgsql volatile security invoker set search_path = pg_catalog, pg_temp
as $$
declare
    v_table regclass;
    v_has_rows boolean;
begin
    -- Dynamic SQL, so that tables of later releases are included.
    for v_table in select t from private.account_tables() as t loop
        execute format('select exists (select from %s as t where t.user_id = $1)', v_table)
        into v_has_rows using table_to_empty.user_id;
        if v_has_rows then
            return v_table;
        end if;
    end loop;
    return null;
end;
$$;
comment on function private.table_to_empty is
'The first table that has rows of an account; null without any.';

create function private.forget_person(person_id uuid, quantity integer)
returns integer
language plpgsql volatile security invoker set search_path = pg_catalog, pg_temp
as $$
declare
    v_place record;
    v_changed integer;
    v_is_there boolean;
begin
    for v_place in
        select p.name, p.attribute, p.condition from (
            values
            ('products', 'created_by', 't.created_by <> t.user_id'),
            ('products', 'updated_by', 't.updated_by <> t.user_id'),
            ('brand_rules', 'created_by', 't.created_by <> t.user_id'),
            ('brand_rules', 'updated_by', 't.updated_by <> t.user_id'),
            ('scripts', 'created_by', 't.created_by <> t.user_id'),
            ('scripts', 'updated_by', 't.updated_by <> t.user_id'),
            ('script_versions', 'created_by', 't.created_by <> t.user_id'),
            ('api_keys', 'created_by', 't.created_by <> t.user_id'),
            ('audit_events', 'actor', 't.actor <> t.user_id'),
            ('audit_events', 'target_id', 't.target_kind = ' || quote_literal('membership'))
        ) as p (name, attribute, condition)
    loop
        execute format(
            'update public.%1$I as u set %2$I = null where u.ctid = any (array('
            || 'select t.ctid from public.%1$I as t where t.%2$I = $1 and %3$s'
            || ' limit $2 for update skip locked))',
            v_place.name, v_place.attribute, v_place.condition
        ) using forget_person.person_id, forget_person.quantity;
        get diagnostics v_changed = row_count;
        execute format(
            'select exists (select from public.%1$I as t where t.%2$I = $1 and %3$s)',
            v_place.name, v_place.attribute, v_place.condition
        ) into v_is_there using forget_person.person_id;
        if v_changed > 0 or v_is_there then
            return v_changed;
        end if;
    end loop;
    return null;
end;
$$;
comment on function private.forget_person is
'Takes a person out of up to `quantity` rows of other accounts: who wrote them, who did what.
Returns how many; 0: other transactions hold the rest; null: nothing is left. Never waits for a row.';

create function private.erase_batch(user_id uuid, quantity integer default 500)
returns integer
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
    v_table regclass;
    v_erased integer;
begin
    if not private.is_erased(erase_batch.user_id) then
        raise exception 'Account % has no tombstone.', erase_batch.user_id;
    end if;
    v_table := private.table_to_empty(erase_batch.user_id);
    if v_table is null then
        v_erased := private.forget_person(erase_batch.user_id, erase_batch.quantity);
        if v_erased is not null then
            return v_erased;
        end if;
        -- A transaction that adds a row holds a lock on the account. After this lock none can.
        perform from public.accounts as a where a.id = erase_batch.user_id for update skip locked;
        if not found and exists (
            select from public.accounts as a where a.id = erase_batch.user_id
        ) then
            return 0;
        end if;
        v_table := private.table_to_empty(erase_batch.user_id);
    end if;
    if v_table is null then
        delete from public.accounts as a where a.id = erase_batch.user_id;
        update private.accounts as a set emptied_at = now()
        where a.id = erase_batch.user_id and a.emptied_at is null;
        return null;
    end if;
    if v_table = 'private.tiktok_connections'::regclass then
        -- Queues the job that revokes the tokens at TikTok.
        perform private.disconnect_tiktok(erase_batch.user_id);
        return 1;
    end if;
    -- One table a batch, so that this never waits for one table with locks on another.
    execute format(
        'delete from %1$s as t where t.ctid = any (array('
        || 'select s.ctid from %1$s as s where s.user_id = $1 limit $2 for update skip locked))',
        v_table
    ) using erase_batch.user_id, erase_batch.quantity;
    get diagnostics v_erased = row_count;
    return v_erased;
end;
$$;
comment on function private.erase_batch is
'Deletes up to `quantity` rows of an erased account from the first table that has any; at last the
account itself. Returns how many. 0: other transactions hold the rest, try again. Null: nothing is
left. Never waits. Definer: workers have no table rights. Raises an exception unless the account
has a tombstone.';
grant execute on function private.erase_batch to worker;

create function private.requeue_erasures()
returns integer
language sql volatile security definer set search_path = pg_catalog, pg_temp
as $$
    select count(private.enqueue(
        'erase_rows', null, null, a.id::text, jsonb_build_object('user_id', a.id)
    ))::integer
    from private.accounts as a where a.deleted_at is not null and a.emptied_at is null
$$;
comment on function private.requeue_erasures is
'Queues erase_rows for each erased account that still has rows, and returns their number. Definer:
workers have no table rights.';
grant execute on function private.requeue_erasures to worker;

create function private.erase_account(user_id uuid)
returns void
language plpgsql volatile security invoker set search_path = pg_catalog, pg_temp
as $$
declare
    v_left integer := 1000;
    v_erased integer;
begin
    if private.cell_state(erase_account.user_id) = 'moving' then
        perform private.refuse_move(erase_account.user_id);
    end if;
    -- Waits for a change of the account that is about to commit, because that locks this row too.
    update private.accounts as a set deleted_at = now()
    where a.id = erase_account.user_id and a.deleted_at is null;
    if not found then
        return;
    end if;
    -- From here on nobody acts for an organisation as this person.
    delete from private.memberships as m where m.person_id = erase_account.user_id;
    perform private.enqueue(
        'erase_account', null, null, c.customer_id,
        jsonb_build_object('customer_id', c.customer_id)
    )
    from private.stripe_customers as c
    where c.user_id = erase_account.user_id and c.customer_id is not null;
    -- Deletes all rows of most accounts. The job deletes the rest, and rows that are locked now.
    while v_left > 0 loop
        v_erased := private.erase_batch(erase_account.user_id, v_left);
        exit when coalesce(v_erased, 0) = 0;
        v_left := v_left - v_erased;
    end loop;
    if v_erased is not null then
        perform private.enqueue(
            'erase_rows', null, null, erase_account.user_id::text,
            jsonb_build_object('user_id', erase_account.user_id)
        );
    end if;
end;
$$;
comment on function private.erase_account is
'Erases an account: sets its tombstone, deletes its first 1,000 rows, and queues a job that
deletes the rest in batches. Another job ends its subscriptions at Stripe. Idempotent.';

create function private.record_clerk_event(
    id text,
    type text,
    issuer text,
    subject text,
    default_user_id uuid,
    member text default null,
    default_member_id uuid default null,
    event_at timestamptz default now(),
    name text default null
)
returns text
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
    v_outcome text := case
        when record_clerk_event.subject is null then 'ignored'
        when record_clerk_event.type in ('user.deleted', 'organization.deleted') then 'erased'
        when record_clerk_event.type in (
            'organizationMembership.deleted', 'organizationMembership.updated'
        ) and record_clerk_event.member is not null then 'revoked'
        when record_clerk_event.type in ('organization.created', 'organization.updated')
            and record_clerk_event.name is not null then 'named'
        else 'ignored'
    end;
    v_person private.accounts;
    v_organisation private.accounts;
begin
    insert into private.clerk_events (id, type, outcome)
    values (record_clerk_event.id, record_clerk_event.type, v_outcome)
    on conflict on constraint clerk_events_pkey do nothing;
    if not found then
        return 'duplicate';
    end if;
    if v_outcome = 'revoked' then
        v_person := private.open_account(issuer, member, default_member_id, 'person');
        v_organisation := private.open_account(issuer, subject, default_user_id, 'organisation');
        perform private.require_settled(v_organisation.id);
        perform private.revoke_sessions(
            v_organisation.id, v_person.id, event_at, type = 'organizationMembership.deleted'
        );
    end if;
    if v_outcome = 'named' then
        v_organisation := private.open_account(issuer, subject, default_user_id, 'organisation');
        perform private.require_settled(v_organisation.id);
        perform private.name_organisation(v_organisation.id, name, event_at);
    end if;
    if v_outcome <> 'erased' then
        return v_outcome;
    end if;
    -- An unknown account gets a tombstone too, because its first token may be on its way.
    insert into private.accounts (id, issuer, subject, deleted_at, emptied_at)
    values (
        record_clerk_event.default_user_id, record_clerk_event.issuer,
        record_clerk_event.subject, now(), now()
    )
    on conflict do nothing;
    if not found then
        perform private.erase_account(a.id) from private.accounts as a
        where a.issuer = record_clerk_event.issuer
            and a.subject = record_clerk_event.subject;
    end if;
    return 'erased';
end;
$$;
comment on function private.record_clerk_event is
'Stores an event from Clerk and does what it asks for, in one transaction. user.deleted and
organization.deleted erase the account of subject. organizationMembership.deleted and .updated end
the tokens that a member has for the organisation subject. organization.created and .updated tell its
name. Returns erased, revoked, named, ignored or duplicate. Errors: 423 account_moving for an account
to erase, 503 account_moving for an organisation. Definer: the edge has no table rights.';
grant execute on function private.record_clerk_event to webhook;

create function private.erase_own_account()
returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
begin
    perform private.require_role('admin');
    perform private.erase_account(auth.uid());
end;
$$;
comment on function private.erase_own_account is
'Erases the caller''s account. Definer: users may not delete all of these rows; identity comes
from the token. Errors: 403 role_not_allowed.';
grant execute on function private.erase_own_account to authenticated;

create function public.delete_account()
returns void
language sql volatile security invoker set search_path = pg_catalog, pg_temp
begin atomic
    select private.erase_own_account();
end;
comment on function public.delete_account is
'Erases the caller''s account and everything in it for good, and cancels its subscriptions at
Stripe.

An admin who acts for an organisation erases the organisation; no account of a person. Their own
account is another call, with a token without an organisation. Clerk keeps both: delete them there
too. Errors: 403 role_not_allowed.

After the answer its tokens are refused (403 account_deleted). The request deletes up to 1,000
rows; a job deletes the others within minutes.';
grant execute on function public.delete_account to authenticated;
