-- Secrets of webhook endpoints. A function must show a new one, and the database must not be able
-- to read it later. So it keeps what only a worker's private key opens: an ephemeral
-- Diffie-Hellman value.

create table private.endpoint_keys (
    key_id text primary key check (key_id ~ '^[0-9a-f]{16}$'),
    prime numeric not null,
    public_value numeric not null check (public_value between 2 and prime - 2),
    registered_at timestamptz not null default now()
);
comment on table private.endpoint_keys is
'Public Diffie-Hellman values of the workers'' keys for webhook secrets (core/webhook_secrets.py).
The one that the owner registered last makes new secrets.';
alter table private.endpoint_keys enable row level security;

create table private.endpoint_secrets (
    id uuid primary key default gen_random_uuid(),
    endpoint_id uuid not null references public.webhook_endpoints on delete cascade,
    key_id text not null references private.endpoint_keys on delete restrict,
    ephemeral numeric not null,
    created_at timestamptz not null default now(),
    ends_at timestamptz
);
comment on table private.endpoint_secrets is
'The secrets of endpoints, encrypted: only the worker that has the key can tell a secret from its
ephemeral value.';
comment on column private.endpoint_secrets.ends_at is
'A secret that was replaced signs until then; null: the current one.';
create index endpoint_secrets_endpoint_id_idx on private.endpoint_secrets (endpoint_id);
create index endpoint_secrets_key_id_idx on private.endpoint_secrets (key_id);
alter table private.endpoint_secrets enable row level security;

create function private.register_endpoint_key(key_id text, prime numeric, public_value numeric)
returns void
language sql volatile security invoker set search_path = pg_catalog, pg_temp
begin atomic
    insert into private.endpoint_keys as k (key_id, prime, public_value)
    values (
        register_endpoint_key.key_id,
        register_endpoint_key.prime,
        register_endpoint_key.public_value
    )
    on conflict on constraint endpoint_keys_pkey do update set registered_at = now();
end;
comment on function private.register_endpoint_key is
'Says with which key new webhook secrets are encrypted (python -m workers register-webhook-key).
Granted to nobody: whoever registers a key can read every secret that is made afterwards.';

create function private.endpoint_key_problem(key_id text)
returns text
language sql stable security definer set search_path = pg_catalog, pg_temp
as $$
    select case
        when endpoint_key_problem.key_id is null
            then (
                select 'no_key' from public.webhook_endpoints as e
                where e.disabled_at is null limit 1
            )
        when endpoint_key_problem.key_id is distinct from (
            select k.key_id from private.endpoint_keys as k order by k.registered_at desc limit 1
        )
            then 'not_registered'
    end
$$;
comment on function private.endpoint_key_problem is
'What a worker lacks whose newest key is this one. no_key: it has none, and endpoints are in use.
not_registered: new secrets are encrypted with another key, or cannot be made. Null: nothing.
Definer: workers have no table rights.';
grant execute on function private.endpoint_key_problem to worker;

create function private.modular_power(base numeric, exponent bytea, modulus numeric)
returns numeric
language plpgsql immutable security invoker set search_path = pg_catalog, pg_temp
as $$
declare
    v_power numeric := 1;
begin
    for v_bit in 0 .. 8 * length(exponent) - 1 loop
        v_power := mod(v_power * v_power, modulus);
        if get_bit(exponent, v_bit) = 1 then
            v_power := mod(v_power * base, modulus);
        end if;
    end loop;
    return v_power;
end;
$$;
comment on function private.modular_power is
'base to the power of the exponent''s bits, modulo modulus. Only for random exponents that are used
once.';

create function private.make_endpoint_secret(
    endpoint_id uuid, out secret text, out old_secret_ends_at timestamptz
)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
    v_key private.endpoint_keys;
    -- 244 random bits.
    v_exponent bytea := sha256(uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid()));
begin
    perform private.require_role('admin');
    perform from public.webhook_endpoints as e
    where e.id = make_endpoint_secret.endpoint_id and e.user_id = auth.uid() for no key update;
    if not found then
        perform private.fail(404, 'not_found', 'There is no such webhook endpoint.');
    end if;
    select k.* into v_key from private.endpoint_keys as k order by k.registered_at desc limit 1;
    if not found then
        perform private.fail(
            501, 'webhooks_not_configured', 'Webhooks are not set up on this server.'
        );
    end if;
    -- One that was replaced before ends now: two sign at most.
    delete from private.endpoint_secrets as s
    where s.endpoint_id = make_endpoint_secret.endpoint_id and s.ends_at is not null;
    update private.endpoint_secrets as s set ends_at = now() + interval '24 hours'
    where s.endpoint_id = make_endpoint_secret.endpoint_id
    returning s.ends_at into old_secret_ends_at;
    insert into private.endpoint_secrets (endpoint_id, key_id, ephemeral)
    values (
        make_endpoint_secret.endpoint_id, v_key.key_id,
        private.modular_power(2, v_exponent, v_key.prime)
    );
    secret := 'whsec_' || encode(
        sha256(convert_to(
            private.modular_power(v_key.public_value, v_exponent, v_key.prime)::text, 'UTF8'
        )),
        'base64'
    );
end;
$$;
comment on function private.make_endpoint_secret is
'Makes a secret for the caller''s endpoint and keeps what lets a worker find it again. The one
before signs for 24 hours more. Definer: secrets are internal; identity comes from the token.
Errors: 403 role_not_allowed, 404 not_found, 501 webhooks_not_configured.';
grant execute on function private.make_endpoint_secret to authenticated;

create function public.rotate_webhook_secret(
    id uuid, out secret text, out old_secret_ends_at timestamptz
)
language sql volatile security invoker set search_path = pg_catalog, pg_temp
begin atomic
    select
        s.secret,
        s.old_secret_ends_at
    from private.make_endpoint_secret(rotate_webhook_secret.id) as s;
end;
comment on function public.rotate_webhook_secret is
'Makes a new secret for a webhook endpoint, and returns it: whsec_ and base64. It is shown this
once. Needs the role admin.

The first one puts the endpoint into use. When one is replaced, both sign until old_secret_ends_at,
24 hours later; null without an old one. Rotating twice ends the oldest at once.

Errors: 403 role_not_allowed, impersonation_not_allowed, 404 not_found, 501
webhooks_not_configured.';
grant execute on function public.rotate_webhook_secret to authenticated;
