-- Accounts: which account a person at Clerk is, once and for all. The edge asks before it mints a
-- token; a tombstone keeps a deleted account deleted while older tokens are still valid.

create table private.identities (
    issuer text not null check (length(issuer) between 1 and 255),
    subject text not null check (length(subject) between 1 and 255),
    user_id uuid not null,
    created_at timestamptz not null default now(),
    deleted_at timestamptz,
    emptied_at timestamptz,
    min_iat bigint,
    primary key (issuer, subject)
);
comment on table private.identities is
'People as an issuer of session tokens names them, and the account each acts for.';
comment on column private.identities.user_id is
'The account: `sub` of our tokens, `user_id` everywhere else. Several identities may share one.';
comment on column private.identities.deleted_at is
'When the account was erased; the row stays as a tombstone. Null while it lives.';
comment on column private.identities.emptied_at is
'When the last row of the erased account was deleted; null before.';
comment on column private.identities.min_iat is
'Session tokens issued before this Unix time are refused; null if none was revoked.';
create index identities_user_id_idx on private.identities (user_id);
create index identities_user_id_deleted_idx on private.identities (user_id)
where deleted_at is not null;
create index identities_unemptied_idx on private.identities (user_id)
where deleted_at is not null and emptied_at is null;
alter table private.identities enable row level security;

create function private.resolve_identity(
    issuer text, subject text, issued_at bigint, default_user_id uuid
)
returns table (user_id uuid, state text)
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_identity private.identities;
begin
    select i.* into v_identity from private.identities as i
    where i.issuer = resolve_identity.issuer and i.subject = resolve_identity.subject;
    if not found then
        -- Concurrent first sign-ins agree: they all bring the same default.
        insert into private.identities (issuer, subject, user_id)
        values (resolve_identity.issuer, resolve_identity.subject, resolve_identity.default_user_id)
        on conflict on constraint identities_pkey do nothing;
        select i.* into strict v_identity from private.identities as i
        where i.issuer = resolve_identity.issuer and i.subject = resolve_identity.subject;
    end if;
    user_id := v_identity.user_id;
    state := case
        when v_identity.deleted_at is not null then 'deleted'
        when resolve_identity.issued_at < v_identity.min_iat then 'revoked'
        else 'active'
    end;
    return next;
end;
$$;
comment on function private.resolve_identity is
'The account behind a verified session token, made on the first sign-in; state: active, deleted
or revoked.
Definer: the edge has no table rights. Only the edge may call it, after it has checked the token.';
grant execute on function private.resolve_identity to webhook;

create function private.is_erased(user_id uuid)
returns boolean
language sql
stable
security definer
set search_path = pg_catalog, pg_temp
begin atomic
    select coalesce(bool_and(i.deleted_at is not null), false)
    from private.identities as i
    where i.user_id = is_erased.user_id;
end;
comment on function private.is_erased is
'Whether an account was erased: nobody who may act for it is left. Definer: it reads the
tombstones.';

create function private.account_lock(user_id uuid)
returns bigint
language sql
immutable
security invoker
set search_path = pg_catalog, pg_temp
as $$
    select hashtextextended('account ' || account_lock.user_id, 0)
$$;
comment on function private.account_lock is
'The advisory lock of an account: shared by what adds rows to it, exclusive while it is emptied.';

create function private.enter_account(user_id uuid)
returns boolean
language plpgsql
volatile
security invoker
set search_path = pg_catalog, pg_temp
as $$
begin
    -- Nobody waits for this lock. Only the emptying of an erased account holds it exclusively.
    if not pg_try_advisory_xact_lock_shared(private.account_lock(enter_account.user_id)) then
        return false;
    end if;
    -- A statement of its own: its snapshot is younger than the lock.
    return not private.is_erased(enter_account.user_id);
end;
$$;
comment on function private.enter_account is
'Call it before adding a row to an account. False: the account is erased. True: it is not emptied
before this transaction ends.';

create function private.require_account()
returns trigger
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
    if not private.enter_account(new.user_id) then
        perform private.fail(403, 'account_deleted', 'This account has been deleted.');
    end if;
    return new;
end;
$$;
comment on function private.require_account is
'Trigger: nothing is added to an erased account, also by a request that was let in before. Rows that
belong to a product need none: they go with it. Definer: it reads the tombstones.
Errors: 403 account_deleted.';
