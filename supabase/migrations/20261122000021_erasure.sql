-- Erasure and export: an account goes at once and for good, whether its owner asks here or at
-- Clerk;
-- before that it can take everything along.

create table private.clerk_events (
    id text primary key check (length(id) between 1 and 128),
    type text not null,
    outcome text not null check (outcome in ('erased', 'ignored')),
    received_at timestamptz not null default now()
);
comment on table private.clerk_events is
'Messages received from Clerk, by Svix''s message id: a replay changes nothing.';
alter table private.clerk_events enable row level security;

insert into private.job_kinds (kind, queue, max_failures, max_crashes)
values ('erase_account', 'billing', 30, 10);

create function private.erase_rows(user_id uuid)
returns void
language plpgsql
volatile
security invoker
set search_path = pg_catalog, pg_temp
as $$
begin
    -- Lock order as everywhere: the account's counts (lock_account), products, jobs.
    delete from public.products as t where t.user_id = erase_rows.user_id;
    delete from public.jobs as t where t.user_id = erase_rows.user_id;
    delete from public.analysis_results as t where t.user_id = erase_rows.user_id;
    delete from public.virality_packs as t where t.user_id = erase_rows.user_id;
    delete from public.scripts as t where t.user_id = erase_rows.user_id;
    delete from public.script_versions as t where t.user_id = erase_rows.user_id;
    delete from public.brand_rules as t where t.user_id = erase_rows.user_id;
    delete from public.subscriptions as t where t.user_id = erase_rows.user_id;
    delete from private.usage as t where t.user_id = erase_rows.user_id;
    delete from private.request_counts as t where t.user_id = erase_rows.user_id;
    delete from private.spending as t where t.user_id = erase_rows.user_id;
    delete from private.stripe_customers as t where t.user_id = erase_rows.user_id;
    delete from private.tiktok_states as t where t.user_id = erase_rows.user_id;
    -- Before the tokens go, a job is queued that gives them back to TikTok.
    perform private.disconnect_tiktok(erase_rows.user_id);
    delete from private.tiktok_connections as t where t.user_id = erase_rows.user_id;
    -- Last, for what is deleted above counts here.
    delete from private.read_versions as t where t.user_id = erase_rows.user_id;
end;
$$;
comment on function private.erase_rows is
'Deletes every row of an account in every table that names one, but for the tombstones.';

create function private.lock_account(user_id uuid)
returns void
language sql
volatile
security invoker
set search_path = pg_catalog, pg_temp
begin atomic
    insert into private.request_counts as c (user_id, cost_class, window_start, requests)
    values (lock_account.user_id, 'write', now(), 0), (lock_account.user_id, 'work', now(), 0)
    on conflict on constraint request_counts_pkey do update set requests = c.requests;
end;
comment on function private.lock_account is
'Waits for the requests that an account is writing with, and keeps others waiting: each counts
itself
in these rows before it does anything else.';

create function private.erase_account(user_id uuid)
returns void
language plpgsql
volatile
security invoker
set search_path = pg_catalog, pg_temp
as $$
declare
    v_customer_id text;
begin
    -- What a request in flight has written is seen after this, and nothing is written any more.
    perform private.lock_account(erase_account.user_id);
    update private.identities as i set deleted_at = now()
    where i.user_id = erase_account.user_id and i.deleted_at is null;
    -- An account that no identity names gets a tombstone, too: its tokens may still be valid.
    insert into private.identities (issuer, subject, user_id, deleted_at)
    select 'account', erase_account.user_id::text, erase_account.user_id, now()
    where not exists (select from private.identities as i where i.user_id = erase_account.user_id);

    select c.customer_id into v_customer_id from private.stripe_customers as c
    where c.user_id = erase_account.user_id;
    perform private.erase_rows(erase_account.user_id);
    if v_customer_id is not null then
        perform private.enqueue(
            'erase_account', null, null, v_customer_id,
            jsonb_build_object('customer_id', v_customer_id)
        );
    end if;
end;
$$;
comment on function private.erase_account is
'Erases an account in one transaction: tombstone, rows, and a job that ends what it pays for at
Stripe. Repeating it changes nothing.';

create function private.record_clerk_event(
    id text, type text, issuer text, subject text, default_user_id uuid
)
returns text
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_is_erasure boolean := record_clerk_event.type = 'user.deleted'
    and record_clerk_event.subject is not null;
    v_user_id uuid;
begin
    insert into private.clerk_events (id, type, outcome)
    values (
        record_clerk_event.id, record_clerk_event.type,
        case when v_is_erasure then 'erased' else 'ignored' end
    )
    on conflict on constraint clerk_events_pkey do nothing;
    if not found then
        return 'duplicate';
    end if;
    if not v_is_erasure then
        return 'ignored';
    end if;
    -- A person never seen here gets a tombstone as well: their first token may be on its way.
    insert into private.identities as i (issuer, subject, user_id, deleted_at)
    values (
        record_clerk_event.issuer, record_clerk_event.subject,
        record_clerk_event.default_user_id, now()
    )
    on conflict on constraint identities_pkey do update
    set deleted_at = coalesce(i.deleted_at, excluded.deleted_at)
    returning i.user_id into v_user_id;
    -- An account that somebody else may still act for stays.
    if private.is_erased(v_user_id) then
        perform private.erase_account(v_user_id);
    end if;
    return 'erased';
end;
$$;
comment on function private.record_clerk_event is
'Records a message of Clerk''s and, for user.deleted with an id, erases the account, in one
transaction.
Returns erased, ignored or duplicate. Definer: the edge has no table rights.';
grant execute on function private.record_clerk_event to webhook;

create function private.erase_own_account()
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
    perform private.erase_account(auth.uid());
end;
$$;
comment on function private.erase_own_account is
'Erases the account of the token. Definer: users may not delete all of these rows; identity comes
from the token.';
grant execute on function private.erase_own_account to authenticated;

create function public.delete_account()
returns void
language sql
volatile
security invoker
set search_path = pg_catalog, pg_temp
begin atomic
    select private.erase_own_account();
end;
comment on function public.delete_account is
'Erases the caller''s account and everything in it, at once and for good; subscriptions are
cancelled at Stripe.

Afterwards the account''s tokens can''t be renewed (403 account_deleted).';
grant execute on function public.delete_account to authenticated;

create function private.export_own_account()
returns jsonb
language sql
stable
security definer
set search_path = pg_catalog, pg_temp
begin atomic
    select jsonb_build_object(
        'user_id', auth.uid(),
        'plan', private.plan_of(auth.uid()),
        'stripe_customer_id',
        (select c.customer_id from private.stripe_customers as c where c.user_id = auth.uid()),
        'identities',
        (
            select
                coalesce(
                    jsonb_agg(jsonb_build_object(
                        'issuer', t.issuer, 'subject', t.subject, 'created_at', t.created_at
                    )),
                    '[]'
                )
            from private.identities as t where t.user_id = auth.uid()
        ),
        'products',
        (
            select coalesce(jsonb_agg(to_jsonb(t)), '[]') from public.products as t
            where t.user_id = auth.uid()
        ),
        'analysis_results',
        (
            select coalesce(jsonb_agg(to_jsonb(t)), '[]') from public.analysis_results as t
            where t.user_id = auth.uid()
        ),
        'virality_packs',
        (
            select coalesce(jsonb_agg(to_jsonb(t)), '[]') from public.virality_packs as t
            where t.user_id = auth.uid()
        ),
        'scripts',
        (
            select coalesce(jsonb_agg(to_jsonb(t)), '[]') from public.scripts as t
            where t.user_id = auth.uid()
        ),
        'script_versions',
        (
            select coalesce(jsonb_agg(to_jsonb(t)), '[]') from public.script_versions as t
            where t.user_id = auth.uid()
        ),
        'brand_rules',
        (
            select coalesce(jsonb_agg(to_jsonb(t)), '[]') from public.brand_rules as t
            where t.user_id = auth.uid()
        ),
        'subscriptions',
        (
            select coalesce(jsonb_agg(to_jsonb(t)), '[]') from public.subscriptions as t
            where t.user_id = auth.uid()
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
        'request_counts',
        (
            select coalesce(jsonb_agg(to_jsonb(t)), '[]') from private.request_counts as t
            where t.user_id = auth.uid()
        ),
        'jobs',
        (
            select coalesce(jsonb_agg(to_jsonb(t)), '[]') from public.jobs as t
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
        ),
        'read_versions',
        (
            select coalesce(jsonb_agg(to_jsonb(t)), '[]') from private.read_versions as t
            where t.user_id = auth.uid()
        )
    );
end;
comment on function private.export_own_account is
'Everything stored about the account of the token. Definer: some of it is in internal tables;
identity comes from the token.';
grant execute on function private.export_own_account to authenticated;

create function public.export_account()
returns jsonb
language sql
stable
security invoker
set search_path = pg_catalog, pg_temp
begin atomic
    select private.export_own_account();
end;
comment on function public.export_account is
'Everything that is stored about the caller, as one JSON document.';
grant execute on function public.export_account to authenticated;
