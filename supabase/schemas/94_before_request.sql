-- PostgREST's pre-request function. It checks the token and the account, applies the request limits
-- and sets the caching headers of reads.

create function private.refuse_unauthenticated()
returns void
language plpgsql stable security invoker set search_path = pg_catalog, pg_temp
as $$
begin
    if current_setting('role') = 'anon' then
        perform private.fail(
            401, 'not_signed_in', 'Sign in first: this needs an access token.',
            headers => '{"WWW-Authenticate": "Bearer"}'
        );
    end if;
    perform private.fail(
        401, 'invalid_token',
        'This access token lacks an expiry, a subject or our audience, or lives too long.',
        headers => '{"WWW-Authenticate": "Bearer error=\"invalid_token\""}'
    );
end;
$$;
comment on function private.refuse_unauthenticated is
'Ends the request: 401 not_signed_in without a token, 401 invalid_token with one.';

create function private.refuse_account(user_id uuid)
returns void
language plpgsql stable security invoker set search_path = pg_catalog, pg_temp
as $$
begin
    if private.is_erased(refuse_account.user_id) then
        perform private.fail(403, 'account_deleted', 'This account has been deleted.');
    end if;
    if private.cell_state(refuse_account.user_id) is not null then
        perform private.refuse_move(refuse_account.user_id);
    end if;
    perform private.fail(
        401, 'invalid_token', 'This access token is for no account of ours.',
        headers => '{"WWW-Authenticate": "Bearer error=\"invalid_token\""}'
    );
end;
$$;
comment on function private.refuse_account is
'Ends the request. Errors: 403 account_deleted for an erased account, 401 invalid_token for an
unknown one, 401 account_moved for one of another cell, 423 account_moving for one that moves.';

create function private.refuse_concurrency(scope text)
returns void
language plpgsql stable security invoker set search_path = pg_catalog, pg_temp
as $$
begin
    perform private.fail(
        429, 'rate_limited',
        format('Too many requests %s are running. Try again in 1 s.', scope),
        '{"retry_after_seconds": 1}', '{"Retry-After": "1"}'
    );
end;
$$;
comment on function private.refuse_concurrency is
'Ends the request: 429 rate_limited. scope completes the message: of this account, or without a
token.';

create function private.require_member(user_id uuid, claims jsonb)
returns void
language plpgsql stable security invoker set search_path = pg_catalog, pg_temp
as $$
begin
    if claims @@ 'strict $.session_iat.type() == "number"
        && $.act.sub like_regex "^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$"'
        is not true then
        perform private.refuse_unauthenticated();
    end if;
    if private.is_member(
        require_member.user_id,
        (claims #>> '{act,sub}')::uuid,
        to_timestamp((claims ->> 'session_iat')::double precision)
    ) then
        return;
    end if;
    if private.is_erased(require_member.user_id)
        or private.cell_state(require_member.user_id) = 'moved' then
        perform private.refuse_account(require_member.user_id);
    end if;
    perform private.refuse_session();
end;
$$;
comment on function private.require_member is
'Refuses a token with `act` whose membership ended or changed after its session token: 401
invalid_token.';

create function private.require_live_key(user_id uuid, claims jsonb)
returns void
language plpgsql stable security invoker set search_path = pg_catalog, pg_temp
as $$
begin
    if claims @@ 'strict
        $.api_key like_regex "^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$"'
        is not true then
        perform private.refuse_unauthenticated();
    end if;
    if private.is_live_key(require_live_key.user_id, (claims ->> 'api_key')::uuid) then
        return;
    end if;
    if private.is_erased(require_live_key.user_id)
        or private.cell_state(require_live_key.user_id) = 'moved' then
        perform private.refuse_account(require_live_key.user_id);
    end if;
    perform private.fail(
        401, 'invalid_token', 'This API key was revoked or has expired.',
        headers => '{"WWW-Authenticate": "Bearer error=\"invalid_token\""}'
    );
end;
$$;
comment on function private.require_live_key is
'Refuses a token with `api_key` whose key was revoked or has ended: 401 invalid_token.';

create function private.live_job_states(user_id uuid)
returns text[]
language plpgsql stable security invoker set search_path = pg_catalog, pg_temp
as $$
begin
    return array(
        select concat_ws(' ', j.id, j.status, j.stage, j.progress, j.attempt)
        from private.live_jobs as l inner join public.jobs as j on l.job_id = j.id
        where l.tenant = live_job_states.user_id::text
        order by j.id
    );
end;
$$;
comment on function private.live_job_states is
'One line for each unfinished job of an account, with all that a read shows of it. Part of the
ETag.';

-- Every request pays for each function call, statement and expression here. Hence one function, one
-- JSON path for all checks of the token, and security definer: row policies would double the cost.
create function private.before_request()
returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
    v_role text := current_setting('role');
    v_claims jsonb := nullif(current_setting('request.jwt.claims', true), '');
    v_path text := coalesce(current_setting('request.path', true), '');
    v_method text := coalesce(current_setting('request.method', true), '');
    v_is_read boolean := v_method in ('GET', 'HEAD');
    -- A POST to a stable function runs in a read-only transaction. No method: not PostgREST.
    v_is_write boolean := v_method not in ('GET', 'HEAD', '')
    and current_setting('transaction_read_only') = 'off';
    v_user uuid;
    -- A cell beside others has an audience of its own.
    v_audience text := coalesce(current_setting('pgrst.jwt_aud', true), 'authenticated');
    v_has_slot boolean;
    v_headers jsonb;
    v_is_alive boolean;
    v_etag text;
begin
    -- 1. Who calls, and may they?
    if v_role = 'authenticated' then
        -- PostgREST accepts tokens without an expiry and tokens for another audience. It also
        -- accepts a cached token until its expiry, even when its key was withdrawn. So a token may
        -- live 900 s at most, the limit of EDGE_TOKEN_SECONDS.
        if v_claims @@ 'strict $.exp.type() == "number" && $.exp - $.iat <= 900
            && $.sub like_regex "^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$"'
            is not true
            or (
                v_claims ->> 'aud' = v_audience
                or v_claims -> 'aud' = jsonb_build_array(v_audience)
            ) is not true then
            perform private.refuse_unauthenticated();
        end if;
        v_user := v_claims ->> 'sub';
        if v_claims ? 'act' then -- only these tokens pay for the look-up
            perform private.require_member(v_user, v_claims);
        elsif v_claims ? 'api_key' then
            perform private.require_live_key(v_user, v_claims);
        end if;
        if v_is_write and v_path not in (
            '/rpc/shared_pack', '/rpc/shared_pack_csv', '/rpc/shared_pack_markdown'
        ) then
            -- Tokens of ours name a role. A token of the project's own sign-up is for nobody here.
            if not v_claims ? 'account_role' and not exists (
                select from private.accounts as a where a.id = v_user
            ) then
                perform private.refuse_account(v_user);
            end if;
            perform private.require_role('editor');
        end if;
        -- 2. Limits: six requests of an account at once, four of any kind and two more for reads.
        -- A waiting request holds one of the API's connections, and writes of an account wait for
        -- each other. The locks end with the transaction.
        v_has_slot := not v_is_write and (
            pg_try_advisory_xact_lock(uuid_hash_extended(v_user, 5))
            or pg_try_advisory_xact_lock(uuid_hash_extended(v_user, 4))
        )
        or pg_try_advisory_xact_lock(uuid_hash_extended(v_user, 3))
        or pg_try_advisory_xact_lock(uuid_hash_extended(v_user, 2))
        or pg_try_advisory_xact_lock(uuid_hash_extended(v_user, 1))
        or pg_try_advisory_xact_lock(uuid_hash_extended(v_user, 0));
        if not v_has_slot then
            perform private.refuse_concurrency('of this account');
        end if;
        if v_is_read and v_path in ('/product_overview', '/products') then
            v_headers := current_setting('request.headers', true);
            -- read_version covers products, packs, results and ended jobs. The states of the
            -- unfinished jobs cover the rest.
            select
                a.deleted_at is null and coalesce(a.cell_state, 'moving') = 'moving',
                md5(concat_ws(
                    ' ', v_user, v_path,
                    v_headers ->> 'accept', v_headers ->> 'range', v_headers ->> 'prefer',
                    a.read_version,
                    case
                        when exists (
                            select from private.live_jobs as l where l.tenant = v_user::text
                        )
                            then private.live_job_states(v_user)
                    end
                ))
            into v_is_alive, v_etag
            from private.accounts as a where a.id = v_user;
        else
            if v_is_write then
                perform private.count_request(v_user, 'write');
            end if;
            select
                a.deleted_at is null
                and (a.cell_state is null or a.cell_state = 'moving' and not v_is_write)
            into v_is_alive
            from private.accounts as a where a.id = v_user;
        end if;
        if v_is_alive is not true then
            perform private.refuse_account(v_user);
        end if;
        if position(v_etag in v_headers ->> 'if-none-match') > 0 then
            -- Not private.fail: PostgreSQL would log each 304 as an error.
            perform set_config('response.status', '304', true);
        end if;
    elsif v_role = 'anon' then
        if not (
            v_is_read and v_path = '/plans'
            or v_method = 'POST' and v_path in (
                '/rpc/shared_pack', '/rpc/shared_pack_markdown', '/rpc/shared_pack_csv'
            )
        ) then
            perform private.refuse_unauthenticated();
        end if;
        -- Even a read of three rows can run until its timeout, by its filter. All requests without
        -- a token share three slots.
        if not (
            pg_try_advisory_xact_lock(hashtextextended('anonymous', 0))
            or pg_try_advisory_xact_lock(hashtextextended('anonymous', 1))
            or pg_try_advisory_xact_lock(hashtextextended('anonymous', 2))
        ) then
            perform private.refuse_concurrency('without a token');
        end if;
    end if;
    -- 3. Caching. A signed-in read of plans may embed the caller's subscriptions, so it is private.
    if v_is_read then
        perform set_config('response.headers', case
            when v_path = '/plans' and v_role = 'anon'
                then '[{"Cache-Control": "public, max-age=300"}]'
            when v_path = '/plans'
                then '[{"Cache-Control": "private, max-age=300"}, {"Vary": "Authorization"}]'
            else '[{"Cache-Control": "private, no-cache"}, {"Vary": "Authorization"}'
                || coalesce(', {"ETag": "W/\"' || v_etag || '\""}', '') || ']'
        end, true);
    end if;
    -- A read may embed the same rows many times, and PostgreSQL builds its answer in memory. Only
    -- this timeout bounds it. Functions keep the timeout of the role.
    if v_is_read and v_role = 'authenticated' and left(v_path, 5) <> '/rpc/' then
        perform set_config('statement_timeout', '3s', true);
    end if;
end;
$$;
comment on function private.before_request is
'PostgREST calls this in the transaction of every request.

401 not_signed_in: the request has no token and is neither GET /plans nor POST /rpc/shared_pack,
shared_pack_markdown or shared_pack_csv. 401 invalid_token: the token lacks exp, iat, sub or aud,
lives longer than 15 minutes, or names an unknown account; or its membership ended or changed, or
its API key was revoked. 403 account_deleted: the account is erased; its tokens live on for minutes.
403 role_not_allowed: a viewer writes. 423 account_moving: it writes while the account moves to
another cell. 401 account_moved: the account has moved; the exchange gives a token for its new cell.
429 rate_limited: the account exceeds the writes a minute of its plan, or six requests at once. Requests without a token share three at once.

Sets Cache-Control. For products and product_overview also sets an ETag and answers 304 when
If-None-Match matches. Ends a read of a table after three seconds.
Definer: accounts and counts are internal; role and identity come from the request.';
grant execute on function private.before_request to anon, authenticated, service_role;

alter role authenticator set pgrst.db_pre_request = 'private.before_request'; -- noqa: PRS
-- Policies read the account at run time, so a custom plan is no better than a generic one. Planning
-- costs more than a look-up by key. The setting only saves time: go on if the role may not set it.
do $$
begin
    alter role authenticator set plan_cache_mode = 'force_generic_plan';
exception when insufficient_privilege then
    raise notice 'plan_cache_mode of authenticator stays as it is: it needs the admin option.';
end;
$$;
notify pgrst, 'reload config';
