-- Accounts own the rows: every `user_id` references public.accounts and cascades. The internal half
-- is private.accounts: the identity at the issuer, the tombstone and the read version.
-- Lock order everywhere: public.accounts (a person, then an organisation), product, message, job,
-- live job; then private.accounts; memberships last.

create table public.accounts (
    id uuid primary key,
    kind text not null default 'person' check (kind in ('person', 'organisation')),
    name text check (char_length(name) between 1 and 200),
    created_at timestamptz not null default now(),
    locale text not null default 'en' check (locale in ('en', 'es', 'pt', 'fr', 'de'))
);
comment on table public.accounts is
'The caller''s account: `sub` of its token and `user_id` of its rows.';
comment on column public.accounts.kind is 'person or organisation.';
comment on column public.accounts.name is
'Its display name: of an organisation the name at Clerk, or its slug until that is known; null
without one.';
comment on column public.accounts.locale is
'The language of its packs: en, es, pt, fr or de. The owner may change it.';
alter table public.accounts enable row level security;
create policy accounts_select_own on public.accounts
for select to authenticated
using (id = (select auth.uid()));
create policy accounts_update_own on public.accounts
for update to authenticated
using (id = (select auth.uid()))
with check (id = (select auth.uid()));
create policy accounts_update_editor on public.accounts as restrictive
for update to authenticated
using ((select private.has_role('editor')));
-- No API role adds or deletes: the first sign-in creates an account, its erasure deletes it.
grant select on public.accounts to authenticated, service_role;
grant update (locale) on public.accounts to authenticated;

-- Leaves room on each page for HOT updates: no index has the columns that change.
create table private.accounts (
    id uuid primary key,
    issuer text not null check (length(issuer) between 1 and 255),
    subject text not null check (length(subject) between 1 and 255),
    created_at timestamptz not null default now(),
    read_version bigint not null default 1,
    deleted_at timestamptz,
    emptied_at timestamptz,
    named_at timestamptz,
    cell_state text check (cell_state in ('moving', 'moved')),
    constraint accounts_issuer_subject_key unique (issuer, subject)
) with (fillfactor = 50);
comment on table private.accounts is
'The internal half of each account, with the same id. After an erasure it stays as the tombstone.';
comment on column private.accounts.issuer is 'The issuer of its session tokens: `iss`.';
comment on column private.accounts.subject is 'Its identity at the issuer: `sub`.';
comment on column private.accounts.read_version is
'Grows with each change of the account''s products, scripts and packs, and with each failed or
cancelled job. The ETag depends on it.';
comment on column private.accounts.deleted_at is
'When the account was erased; null while it lives.';
comment on column private.accounts.emptied_at is
'When the last row of the erased account was deleted; null before.';
comment on column private.accounts.named_at is
'When the organisation had its name at Clerk; null: no name is known, at most a slug.';
comment on column private.accounts.cell_state is
'moving: it is about to go to another cell. moved: it lives in another one. Null: it lives here.';
create index accounts_unemptied_idx on private.accounts (id)
where deleted_at is not null and emptied_at is null;
alter table private.accounts enable row level security;

create function private.open_account(issuer text, subject text, default_id uuid, kind text)
returns private.accounts
language plpgsql volatile security invoker set search_path = pg_catalog, pg_temp
as $$
declare
    v_account private.accounts;
begin
    select a.* into v_account from private.accounts as a
    where a.issuer = open_account.issuer and a.subject = open_account.subject;
    if not found then
        -- One of several concurrent first sign-ins inserts; the others wait for its commit.
        insert into private.accounts (id, issuer, subject)
        values (open_account.default_id, open_account.issuer, open_account.subject)
        on conflict do nothing;
        if found then
            insert into public.accounts (id, kind) values (open_account.default_id, open_account.kind);
        end if;
        select a.* into strict v_account from private.accounts as a
        where a.issuer = open_account.issuer and a.subject = open_account.subject;
    end if;
    return v_account;
end;
$$;
comment on function private.open_account is
'The account of an identity at the issuer, erased or not. Makes it if there is none.';

create function private.is_erased(user_id uuid)
returns boolean
language sql stable security definer set search_path = pg_catalog, pg_temp
begin atomic
    select coalesce(
        (select a.deleted_at is not null from private.accounts as a where a.id = is_erased.user_id),
        false
    );
end;
comment on function private.is_erased is
'Whether an account is erased; false for an unknown one. Definer: it reads the tombstones.';

create function private.lock_living_account(user_id uuid, as_member boolean default false)
returns boolean
language plpgsql volatile security invoker set search_path = pg_catalog, pg_temp
as $$
begin
    -- The lock that foreign keys take. Only the end of an erasure takes a stronger one.
    perform from public.accounts as p inner join private.accounts as a on p.id = a.id
    where p.id = lock_living_account.user_id and a.deleted_at is null
        and (a.cell_state is null or as_member)
    for key share of p skip locked;
    if found then
        return true;
    end if;
    if exists (
        select from private.accounts as a
        where a.id = lock_living_account.user_id and a.deleted_at is null
            and a.cell_state is not null and not as_member
    ) then
        perform private.refuse_move(lock_living_account.user_id);
    end if;
    return false;
end;
$$;
comment on function private.lock_living_account is
'Keeps an account from being deleted until the transaction ends; others may still use it. False: it
is erased or unknown. Never waits. Call it before each insert: then either the erasure sees the row,
or this returns false. One that moves to another cell is refused: 423 account_moving, 401
account_moved. As a member of an organisation it may live in any cell.';

-- Unlogged: after a crash nothing is in flight.
create unlogged table private.ids_in_flight (
    id uuid primary key
);
comment on table private.ids_in_flight is
'Ids that requests insert at this moment. No committed row is ever in it: private.admit_row inserts
and deletes each id at once, so that another request with the same id waits for the first.';
alter table private.ids_in_flight enable row level security;

create function private.admit_row()
returns trigger
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
    v_row integer := coalesce(nullif(current_setting('private.row', true), ''), '0')::integer + 1;
    v_owner uuid;
    v_place tid;
begin
    -- Numbers the rows of an insert for private.fail. private.require_quota resets the number.
    perform set_config('private.row', v_row::text, true);
    if v_row > 500 and current_setting('role') = 'authenticated' then
        perform private.fail(
            422, 'too_many_rows', 'One request may add 500 rows at most.', '{"limit": 500}'
        );
    end if;
    new.user_id := coalesce(new.user_id, auth.uid());
    -- The foreign key refuses an unknown account.
    if not private.lock_living_account(new.user_id)
        and exists (select from private.accounts as a where a.id = new.user_id) then
        perform private.fail(403, 'account_deleted', 'This account has been deleted.');
    end if;
    -- Rows from outside the API have no account in a token, and no quota.
    if auth.uid() is null then
        return new;
    end if;
    perform private.require_role('editor');
    -- One insert at a time for each account and table. So each sees the rows of the others, as ids
    -- and in the quota.
    perform pg_advisory_xact_lock(hashtextextended(tg_table_name || ' of ' || new.user_id, 0));
    -- Waits for another account's request that inserts this id now. An advisory lock for each row
    -- would take shared memory, which bulk inserts would use up.
    insert into private.ids_in_flight as i (id) values (new.id) returning i.ctid into v_place;
    delete from private.ids_in_flight as i where i.ctid = v_place;
    -- Dynamic SQL, because several tables take ids from clients.
    execute format('select t.user_id from public.%I as t where t.id = $1', tg_table_name)
    into v_owner using new.id;
    if v_owner = new.user_id and not private.asks_for_upsert() then
        perform private.fail(
            409, 'already_exists', 'You have already added this.', '{"field": "id"}'
        );
    elsif v_owner <> new.user_id then
        -- The status does not tell that the id exists. The new id does, to somebody who already
        -- knows the other row's id.
        new.id := gen_random_uuid();
    end if;
    return new;
end;
$$;
comment on function private.admit_row is
'Trigger, before all others of an insert. Numbers the row, replaces a null user_id by the caller''s
account, and refuses rows for an erased account. An id that the account has already: 409
already_exists, unless the request resolves duplicates. An id of another account becomes a new one.
Definer: it reads tombstones and the ids of all accounts. Errors: 422 too_many_rows, 403
account_deleted, 403 role_not_allowed, 409 already_exists.';

create function private.bump_read_version()
returns trigger
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
    v_user_ids uuid [];
    v_user_id uuid;
begin
    if tg_level = 'ROW' then
        v_user_ids := array[new.user_id];
    else
        v_user_ids := array(select distinct c.user_id from changed as c order by c.user_id);
    end if;
    -- Every transaction locks these rows last, in order.
    foreach v_user_id in array v_user_ids loop
        -- Once in a transaction is enough: no other transaction sees the states between.
        update private.accounts as a set read_version = a.read_version + 1
        where a.id = v_user_id and a.xmin <> pg_current_xact_id()::xid;
    end loop;
    return null;
end;
$$;
comment on function private.bump_read_version is
'Trigger: increments read_version of the accounts whose products, scripts or packs change
(transition table `changed`), or whose job fails or is cancelled. Definer: the version is
internal.';

create function private.account_tables()
returns setof regclass
language sql stable security invoker set search_path = pg_catalog, pg_temp
as $$
    with recursive paths (child, length) as (
        select f.conrelid, 1 from pg_constraint as f
        where f.confrelid = 'public.accounts'::regclass and f.contype = 'f' and f.confdeltype = 'c'
        union all
        select f.conrelid, p.length + 1
        from paths as p inner join pg_constraint as f on p.child = f.confrelid
        where f.contype = 'f' and f.conrelid <> f.confrelid
    )
    select p.child::regclass from paths as p
    group by p.child
    having min(p.length) = 1
    order by p.child::regclass::text <> 'public.jobs', max(p.length) desc, p.child::regclass::text
$$;
comment on function private.account_tables is
'The tables whose user_id references public.accounts and cascades. Jobs come first, because they
cost money while they run; then each table before those that it refers to.';
