-- Cells: whole stacks beside each other (docs/scaling.md). An account lives in exactly one. The
-- directory says in which. Only the database of the first cell has rows in it. The login `webhook`
-- reads the directory. The login `mover` moves accounts.

do $$
begin
    create role mover login noinherit;
exception when duplicate_object then
    null;
end;
$$;
alter role mover set statement_timeout = '60s';
alter role mover set lock_timeout = '10s';
alter role mover set idle_in_transaction_session_timeout = '15s';
grant usage on schema private to mover;

create table private.cells (
    id text primary key check (id ~ '^[a-z][a-z0-9_]{0,19}$'),
    api_url text not null check (api_url ~ '^https?://'),
    audience text not null unique check (length(audience) between 1 and 100),
    anon_key text,
    database_secret text check (database_secret ~ '^[A-Za-z0-9_-]{1,100}$'),
    has_room boolean not null default false,
    created_at timestamptz not null default now()
);
comment on table private.cells is
'Directory: the cells. Empty: there is one, and the edge reads no directory.';
comment on column private.cells.api_url is 'Where its PostgREST answers; the exchange names it.';
comment on column private.cells.audience is
'`aud` of the tokens that it accepts, and no other cell.';
comment on column private.cells.anon_key is
'The key that its gateway asks for in the header apikey; null: that of the frontend.';
comment on column private.cells.database_secret is
'The name of the secret with the URL of its database; null: this database.';
comment on column private.cells.has_room is 'Whether new accounts may go there.';
create unique index cells_home_key on private.cells ((database_secret is null))
where database_secret is null;
alter table private.cells enable row level security;

create table private.cell_accounts (
    account_id uuid primary key,
    issuer text not null,
    subject text not null,
    cell_id text not null references private.cells on delete restrict,
    created_at timestamptz not null default now(),
    constraint cell_accounts_issuer_subject_key unique (issuer, subject)
);
comment on table private.cell_accounts is
'Directory: the cell of each account. One without a row lives in this database, if it knows it.';
create index cell_accounts_cell_id_idx on private.cell_accounts (cell_id);
alter table private.cell_accounts enable row level security;

create table private.cell_handles (
    handle text primary key check (length(handle) between 1 and 300),
    account_id uuid not null references private.cell_accounts on delete cascade
);
comment on table private.cell_handles is
'Directory: the account of each handle: a Stripe customer (`cus_…`) or an API key (`key:` and its
SHA-256). The edge learns them from the cells, which have the truth.';
create index cell_handles_account_id_idx on private.cell_handles (account_id);
alter table private.cell_handles enable row level security;

create type private.cell_place as (
    account_id uuid,
    cell_id text,
    api_url text,
    audience text,
    anon_key text,
    database_secret text
);
comment on type private.cell_place is
'A cell, and the account in it that was asked for; null: no account.';

create function private.cell_place(account_id uuid, cell_id text)
returns private.cell_place
language sql stable security invoker set search_path = pg_catalog, pg_temp
begin atomic
    select
        (
            cell_place.account_id, c.id, c.api_url, c.audience, c.anon_key, c.database_secret
        )::private.cell_place
    from private.cells as c where c.id = cell_place.cell_id;
end;
comment on function private.cell_place is 'An account and what the edge needs of its cell.';

create function private.home_cell()
returns text
language sql stable security invoker set search_path = pg_catalog, pg_temp
begin atomic
    select c.id from private.cells as c where c.database_secret is null;
end;
comment on function private.home_cell is 'The cell of this database; null: none is configured.';

create function private.cell_with_room(subject text)
returns text
language sql stable security invoker set search_path = pg_catalog, pg_temp
begin atomic
    -- Rendezvous hashing: cells with room share new accounts evenly, and nobody counts.
    select c.id from private.cells as c where c.has_room
    order by hashtextextended(c.id || ' ' || cell_with_room.subject, 0) limit 1;
end;
comment on function private.cell_with_room is
'The cell of a new account with this identity; null: none has room.';

create function private.place_account(issuer text, subject text, default_id uuid)
returns private.cell_place
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
    v_known private.cell_accounts;
    v_id uuid;
    v_cell_id text;
begin
    select a.* into v_known from private.cell_accounts as a
    where a.issuer = place_account.issuer and a.subject = place_account.subject;
    if not found then
        -- An account from before there were cells lives here.
        select a.id, private.home_cell() into v_id, v_cell_id from private.accounts as a
        where a.issuer = place_account.issuer and a.subject = place_account.subject;
        v_cell_id := coalesce(v_cell_id, private.cell_with_room(place_account.subject));
        if v_cell_id is null then
            perform private.fail(
                503, 'no_room', 'There is no room for new accounts right now.',
                headers => '{"Retry-After": "60"}'
            );
        end if;
        -- One of several concurrent first sign-ins decides.
        insert into private.cell_accounts (account_id, issuer, subject, cell_id)
        values (
            coalesce(v_id, place_account.default_id), place_account.issuer, place_account.subject,
            v_cell_id
        )
        on conflict do nothing;
        select a.* into strict v_known from private.cell_accounts as a
        where a.issuer = place_account.issuer and a.subject = place_account.subject;
    end if;
    return private.cell_place(v_known.account_id, v_known.cell_id);
end;
$$;
comment on function private.place_account is
'The account of an identity at the issuer, and its cell. A new identity gets an account in a cell
with room. Errors: 503 no_room. Definer: the edge has no table rights.';
grant execute on function private.place_account to webhook;

create function private.cell_of_account(account_id uuid)
returns private.cell_place
language plpgsql stable security definer set search_path = pg_catalog, pg_temp
as $$
begin
    return private.cell_place(
        cell_of_account.account_id,
        coalesce(
            (
                select a.cell_id from private.cell_accounts as a
                where a.account_id = cell_of_account.account_id
            ),
            private.home_cell()
        )
    );
end;
$$;
comment on function private.cell_of_account is
'The cell of an account; that of this database for an unknown one. Definer: the edge has no
table rights.';
grant execute on function private.cell_of_account to webhook;

create function private.lock_handle(handle text)
returns private.cell_place
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
    v_id uuid := (
        select h.account_id from private.cell_handles as h where h.handle = lock_handle.handle
    );
    v_cell_id text;
begin
    -- This lock holds back the commit of a move. So the caller writes to the cell where the account
    -- lives.
    select a.cell_id into v_cell_id from private.cell_accounts as a
    where a.account_id = v_id for share;
    return private.cell_place(v_id, v_cell_id);
end;
$$;
comment on function private.lock_handle is
'The account of a handle, and its cell; null: unknown. The account stays in that cell until the
transaction ends. Definer: the edge has no table rights.';
grant execute on function private.lock_handle to webhook;

create function private.learn_handle(handle text, account_id uuid)
returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
begin
    -- An account from before there were cells has no row yet.
    insert into private.cell_accounts (account_id, issuer, subject, cell_id)
    select a.id, a.issuer, a.subject, private.home_cell() from private.accounts as a
    where a.id = learn_handle.account_id
    on conflict do nothing;
    insert into private.cell_handles (handle, account_id)
    select learn_handle.handle, a.account_id from private.cell_accounts as a
    where a.account_id = learn_handle.account_id
    on conflict do nothing;
end;
$$;
comment on function private.learn_handle is
'Adds a handle of an account to the directory, if the account is known and the handle is new.
Definer: the edge has no table rights.';
grant execute on function private.learn_handle to webhook;

create function private.all_cells()
returns setof private.cell_place
language sql stable security definer set search_path = pg_catalog, pg_temp
begin atomic
    select p.*
    from private.cells as c cross join lateral private.cell_place(null, c.id) as p
    order by c.database_secret is not null, c.id;
end;
comment on function private.all_cells is
'Every cell, that of this database first. Definer: edge and mover have no table rights.';
grant execute on function private.all_cells to webhook, mover;

create function private.account_of_customer(customer_id text)
returns uuid
language plpgsql stable security definer set search_path = pg_catalog, pg_temp
as $$
begin
    return (
        select c.user_id
        from private.stripe_customers as c inner join private.accounts as a on c.user_id = a.id
        where c.customer_id = account_of_customer.customer_id
            and a.cell_state is distinct from 'moved'
    );
end;
$$;
comment on function private.account_of_customer is
'The account of this cell that pays as a Stripe customer; null: none. Definer: the edge has no table
rights.';
grant execute on function private.account_of_customer to webhook;

grant execute on function private.is_erased to webhook;
