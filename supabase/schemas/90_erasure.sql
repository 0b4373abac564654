-- Erasure: an account goes at once and for good, whether its owner asks here or at Clerk.

create table private.clerk_events (
    id text primary key check (length(id) between 1 and 128),
    type text not null,
    outcome text not null check (outcome in ('erased', 'ignored')),
    received_at timestamptz not null default now()
);
comment on table private.clerk_events is
'Messages received from Clerk, by Svix''s message id: a replay changes nothing.';
alter table private.clerk_events enable row level security;

create index clerk_events_received_at_idx on private.clerk_events (received_at);

create function private.erase_batch(user_id uuid, quantity integer default 500)
returns integer
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_table regclass;
    v_is_left boolean;
    v_erased integer;
begin
    if not private.is_erased(erase_batch.user_id) then
        raise exception 'Account % has no tombstone.', erase_batch.user_id;
    end if;
    -- Whoever passed the tombstone before it stood may still be writing.
    if not pg_try_advisory_xact_lock(private.account_lock(erase_batch.user_id)) then
        return 0;
    end if;
    -- Before its tokens go, a job is queued that gives them back to TikTok.
    perform private.disconnect_tiktok(erase_batch.user_id);
    -- One table a batch, so that no lock of one is held while another is waited for. First what
    -- costs money while it runs, then what hangs on others, the counter of changes last.
    -- Dynamic: a table that is added later is emptied too.
    for v_table in
        select c.oid::regclass
        from pg_class as c inner join pg_attribute as a on c.oid = a.attrelid
        where
            c.relnamespace in ('public'::regnamespace, 'private'::regnamespace)
            and c.relkind in ('r', 'p')
            and c.relname <> 'identities'
            and a.attname = 'user_id'
            and not a.attisdropped
        order by
            c.relname = 'read_versions',
            array_position(
                array[
                    'jobs', 'script_versions', 'scripts', 'analysis_results', 'virality_packs',
                    'products'
                ], c.relname::text
            ) nulls last,
            c.relname
    loop
        execute format('select exists (select from %s as t where t.user_id = $1)', v_table)
        into v_is_left using erase_batch.user_id;
        continue when not v_is_left;
        execute format(
            'delete from %1$s as t where t.ctid = any (array('
            || 'select s.ctid from %1$s as s where s.user_id = $1 limit $2 for update skip locked))',
            v_table
        ) using erase_batch.user_id, erase_batch.quantity;
        get diagnostics v_erased = row_count;
        return v_erased;
    end loop;
    update private.identities as i set emptied_at = now()
    where i.user_id = erase_batch.user_id and i.emptied_at is null;
    return null;
end;
$$;
comment on function private.erase_batch is
'Deletes up to `quantity` rows of an erased account, from every table that names one but the
tombstones. Returns how many; 0: somebody holds what is left, come again; null: nothing is left.
Waits for nobody. Definer: workers have no table rights. It empties accounts with a tombstone only.';
grant execute on function private.erase_batch to worker;

create function private.requeue_erasures()
returns integer
language sql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
    select count(private.enqueue(
        'erase_rows', null, null, e.user_id::text, jsonb_build_object('user_id', e.user_id)
    ))::integer
    from (
        select distinct i.user_id from private.identities as i
        where i.deleted_at is not null and i.emptied_at is null and private.is_erased(i.user_id)
    ) as e
$$;
comment on function private.requeue_erasures is
'Queues the emptying of accounts whose job gave up; returns how many are under way.
Definer: workers have no table rights.';
grant execute on function private.requeue_erasures to worker;

create function private.erase_account(user_id uuid)
returns void
language plpgsql
volatile
security invoker
set search_path = pg_catalog, pg_temp
as $$
declare
    v_customer_id text;
    v_left integer := 1000;
    v_erased integer;
begin
    update private.identities as i set deleted_at = now()
    where i.user_id = erase_account.user_id and i.deleted_at is null;
    -- An account that no identity names gets a tombstone, too: its tokens may still be valid.
    insert into private.identities (issuer, subject, user_id, deleted_at)
    select 'account', erase_account.user_id::text, erase_account.user_id, now()
    where not exists (select from private.identities as i where i.user_id = erase_account.user_id)
    on conflict on constraint identities_pkey do nothing;

    select c.customer_id into v_customer_id from private.stripe_customers as c
    where c.user_id = erase_account.user_id;
    if v_customer_id is not null then
        perform private.enqueue(
            'erase_account', null, null, v_customer_id,
            jsonb_build_object('customer_id', v_customer_id)
        );
    end if;
    -- The rows of most accounts go now. The job takes what is more, and what others hold.
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
'Erases an account: a tombstone, its first 1,000 rows, a job that deletes the others in batches, and
a job that ends what it pays for at Stripe. Waits for nobody. Repeating it changes nothing.';

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
'Erases the caller''s account and everything in it for good; subscriptions are cancelled at Stripe.

From the answer on its tokens are refused (403 account_deleted), and nothing can be read any more. Up
to 1,000 rows are deleted by then; a job deletes the others within minutes.';
grant execute on function public.delete_account to authenticated;
