-- Organisations: accounts that several people act for. Clerk keeps people, invitations and roles.
-- Here is who has acted for whom, and which sessions no longer count.

create table private.memberships (
    user_id uuid not null references public.accounts on delete cascade,
    person_id uuid not null references public.accounts on delete cascade,
    role text check (role in ('admin', 'editor', 'viewer')),
    created_at timestamptz not null default now(),
    seen_at timestamptz,
    session_at timestamptz,
    revoked_at timestamptz,
    removed_at timestamptz,
    primary key (user_id, person_id)
) with (fillfactor = 70);
comment on table private.memberships is
'The people who have acted for an organisation, or may no longer. An access token with `act` needs
its row.';
comment on column private.memberships.user_id is 'The organisation''s account.';
comment on column private.memberships.person_id is 'The person''s account.';
comment on column private.memberships.role is
'The role of the latest exchange; null before the first.';
comment on column private.memberships.seen_at is
'When the person last exchanged a session for this organisation; null before the first time.';
comment on column private.memberships.session_at is
'When Clerk issued the newest session token that was exchanged; null before the first.';
comment on column private.memberships.revoked_at is
'Session tokens that Clerk issued up to then are refused; null: none.';
comment on column private.memberships.removed_at is
'When the person last left the organisation; null: never. A later session_at means that the person
is back.';
create index memberships_person_id_idx on private.memberships (person_id);
alter table private.memberships enable row level security;

create function private.author()
returns uuid
language sql stable security invoker set search_path = pg_catalog, pg_temp
as $$
    -- An API key is no person.
    select coalesce(
        v.claims #>> '{act,sub}', case when not v.claims ? 'api_key' then v.claims ->> 'sub' end
    )::uuid
    from (values (nullif(current_setting('request.jwt.claims', true), '')::jsonb)) as v (claims)
$$;
comment on function private.author is
'The account of the person who calls, also when it acts for an organisation; null for an API key
and outside of a request.';
grant execute on function private.author to authenticated, service_role;

create function private.stamp_author()
returns trigger
language plpgsql volatile security invoker set search_path = pg_catalog, pg_temp
as $$
begin
    if tg_op = 'INSERT' then
        new.created_by := coalesce(private.author(), new.created_by);
        new.updated_by := coalesce(private.author(), new.updated_by);
    elsif new.created_by is not distinct from old.created_by
        and new.updated_by is not distinct from old.updated_by then
        new.updated_by := coalesce(private.author(), old.updated_by);
        new.updated_at := now();
    end if;
    return new;
end;
$$;
comment on function private.stamp_author is
'Trigger: sets created_by, updated_by and updated_at. A statement that sets an author itself changes
nothing else: the erasure of a person, and the service. Users may not write these columns.';

create function private.is_member(user_id uuid, person_id uuid, session_at timestamptz)
returns boolean
language sql stable security definer set search_path = pg_catalog, pg_temp
as $$
    select exists (
        select from private.memberships as m
        where m.user_id = is_member.user_id
            and m.person_id = is_member.person_id
            and (m.revoked_at < is_member.session_at or m.revoked_at is null)
    )
$$;
comment on function private.is_member is
'Whether a token of a member still counts: no revocation came after its session token. The one place
that says so. Definer: the edge has no table rights.';
grant execute on function private.is_member to webhook;

create function private.resolve_identity(
    issuer text,
    subject text,
    default_user_id uuid,
    organisation text default null,
    default_organisation_id uuid default null,
    role text default 'admin',
    session_at timestamptz default now(),
    organisation_name text default null,
    organisation_slug text default null
)
returns table (user_id uuid, person_id uuid, kind text, account_role text)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
    v_person private.accounts := private.open_account(issuer, subject, default_user_id, 'person');
    v_account private.accounts := v_person;
    v_named_at timestamptz := case when organisation_name is not null then session_at end;
begin
    kind := 'person';
    account_role := 'admin';
    if organisation is not null then
        v_account := private.open_account(
            issuer, organisation, default_organisation_id, 'organisation'
        );
        kind := 'organisation';
        account_role := role;
        person_id := v_person.id;
    end if;
    if v_person.deleted_at is not null or v_account.deleted_at is not null then
        perform private.fail(403, 'account_deleted', 'This account has been deleted.');
    end if;
    -- A person's own account may be read while it moves. For an organisation this writes.
    if v_account.cell_state = 'moved'
        or v_account.cell_state is not null and organisation is not null then
        perform private.require_settled(v_account.id);
    end if;
    user_id := v_account.id;
    if organisation is not null then
        -- Most sessions say what is known, and lock nothing here.
        if v_account.named_at is null or v_account.named_at <= v_named_at then
            perform private.name_organisation(a.id, n.name, v_named_at)
            from public.accounts as a,
                (values (coalesce(organisation_name, organisation_slug))) as n (name)
            where a.id = v_account.id and n.name <> coalesce(a.name, '');
        end if;
        perform private.enter_organisation(user_id, person_id, role, session_at);
    end if;
    return next;
end;
$$;
comment on function private.resolve_identity is
'Who a verified session token acts for: the account, and the person if the account is an
organisation''s. The first sign-in creates accounts. A name or slug of the session token becomes
the organisation''s. Errors: 403 account_deleted, 401 invalid_token,
402 quota_exceeded, 503 account_moving. Definer: the edge has no table rights, and calls this only
with a verified token.';
grant execute on function private.resolve_identity to webhook;

create function private.name_organisation(user_id uuid, name text, named_at timestamptz)
returns void
language plpgsql volatile security invoker set search_path = pg_catalog, pg_temp
as $$
begin
    -- The next statement then sees what an event beside this one has written.
    perform from public.accounts as a where a.id = name_organisation.user_id for no key update;
    update private.accounts as p set named_at = name_organisation.named_at
    where p.id = name_organisation.user_id
        and p.deleted_at is null
        and (p.named_at <= name_organisation.named_at or p.named_at is null);
    if found then
        update public.accounts as a set name = left(name_organisation.name, 200)
        where a.id = name_organisation.user_id and a.kind = 'organisation';
    end if;
end;
$$;
comment on function private.name_organisation is
'Sets the name that an organisation had at Clerk at named_at. An older name changes nothing, so the
order and number of calls do not matter. With named_at null it is a slug, which stands in until a
name is known.';

create function private.enter_organisation(
    user_id uuid, person_id uuid, role text, session_at timestamptz
)
returns void
language plpgsql volatile security invoker set search_path = pg_catalog, pg_temp
as $$
declare
    v_month timestamptz := private.current_month()::timestamp at time zone 'UTC';
begin
    update private.memberships as m
    set
        role = enter_organisation.role,
        seen_at = now(),
        session_at = greatest(m.session_at, enter_organisation.session_at)
    where m.user_id = enter_organisation.user_id
        and m.person_id = enter_organisation.person_id
        and m.seen_at >= v_month;
    if not found then
        perform private.take_seat(user_id, person_id, role, session_at);
    end if;
    -- The membership is locked by now, so a revocation came before this look or waits.
    if not private.is_member(user_id, person_id, session_at) then
        perform private.refuse_session();
    end if;
end;
$$;
comment on function private.enter_organisation is
'Notes that a person acts for an organisation, and takes a seat for the month. Errors: 401
invalid_token for a session from before a revocation, 402 quota_exceeded, 403 account_deleted.';

create function private.take_seat(
    user_id uuid, person_id uuid, role text, session_at timestamptz
)
returns void
language plpgsql volatile security invoker set search_path = pg_catalog, pg_temp
as $$
declare
    v_month timestamptz := private.current_month()::timestamp at time zone 'UTC';
begin
    -- One exchange at a time counts the seats of an organisation and takes one.
    perform from public.accounts as a where a.id = take_seat.person_id for key share;
    perform from public.accounts as a where a.id = take_seat.user_id for no key update;
    -- An erasure of the person waits for this, and then deletes the membership.
    perform from private.accounts as a
    where a.id = take_seat.person_id and a.deleted_at is null for share;
    if not found then
        perform private.fail(403, 'account_deleted', 'This account has been deleted.');
    end if;
    -- Somebody who has a seat this month keeps it, even in a smaller plan.
    if not exists (
        select from private.memberships as m
        where m.user_id = take_seat.user_id
            and m.person_id = take_seat.person_id
            and m.seen_at >= v_month
    ) then
        perform private.require_below_limit(
            take_seat.user_id, 'seats', private.used_seats(take_seat.user_id), 1
        );
    end if;
    insert into private.memberships as m (user_id, person_id, role, seen_at, session_at)
    values (take_seat.user_id, take_seat.person_id, take_seat.role, now(), take_seat.session_at)
    on conflict on constraint memberships_pkey do update set
        role = excluded.role,
        seen_at = excluded.seen_at,
        session_at = greatest(m.session_at, excluded.session_at);
end;
$$;
comment on function private.take_seat is
'Records the membership of a person who exchanges for an organisation, and takes a seat of the month
if one is free. Errors: 402 quota_exceeded, 403 account_deleted.';

create function private.refuse_session()
returns void
language plpgsql stable security invoker set search_path = pg_catalog, pg_temp
as $$
begin
    perform private.fail(
        401, 'invalid_token',
        'The membership of this organisation has changed. Please get a new token.',
        headers => '{"WWW-Authenticate": "Bearer error=\"invalid_token\""}'
    );
end;
$$;
comment on function private.refuse_session is
'Ends the request: 401 invalid_token, because a membership ended or changed after the session token
was issued.';

create function private.revoke_sessions(
    user_id uuid, person_id uuid, revoked_at timestamptz, is_removal boolean
)
returns void
language plpgsql volatile security invoker set search_path = pg_catalog, pg_temp
as $$
begin
    -- Beside a tombstone there is nothing to revoke.
    if not private.lock_living_account(revoke_sessions.person_id, as_member => true)
        or not private.lock_living_account(revoke_sessions.user_id) then
        return;
    end if;
    -- Who has not been here yet gets a row, too: a session token may be on its way.
    insert into private.memberships as m (user_id, person_id, revoked_at, removed_at)
    values (
        revoke_sessions.user_id, revoke_sessions.person_id, revoke_sessions.revoked_at,
        case when revoke_sessions.is_removal then revoke_sessions.revoked_at end
    )
    on conflict on constraint memberships_pkey do update set
        revoked_at = greatest(m.revoked_at, excluded.revoked_at),
        removed_at = greatest(m.removed_at, excluded.removed_at);
end;
$$;
comment on function private.revoke_sessions is
'Ends all tokens of a member whose session token is from revoked_at or before. Times only grow, so
the order and number of calls do not matter. Does nothing for an erased account.';

create function private.members()
returns table (person_id uuid, name text, role text, seen_at timestamptz)
language plpgsql stable security definer set search_path = pg_catalog, pg_temp
as $$
begin
    perform private.refuse_api_key();
    return query
    select m.person_id, a.name, m.role, m.seen_at
    from private.memberships as m inner join public.accounts as a on m.person_id = a.id
    where m.user_id = auth.uid()
        and m.seen_at is not null
        and (m.removed_at < m.session_at or m.removed_at is null)
    order by m.seen_at desc, m.person_id;
end;
$$;
comment on function private.members is
'The members of the caller''s organisation. Definer: memberships are internal; the organisation
comes from the token. Errors: 403 api_key_not_allowed.';
grant execute on function private.members to authenticated;

create function public.members()
returns table (person_id uuid, name text, role text, seen_at timestamptz)
language sql stable security invoker set search_path = pg_catalog, pg_temp
begin atomic
    select
        m.person_id,
        m.name,
        m.role,
        m.seen_at
    from private.members() as m;
end;
comment on function public.members is
'The people who act for the caller''s organisation: each one''s account, name, role and when they
were last here. Empty for a person''s own account. Not for API keys: 403 api_key_not_allowed.

Who was invited and has not been here yet, only Clerk knows.';
grant execute on function public.members to authenticated;
