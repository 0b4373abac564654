-- What happens before every request: who may come in, what is counted, how long an answer may be
-- kept. Nobody's rows are kept for the next person on the same browser, and a dashboard that asks
-- again for what it has is answered 304.

create function private.refuse_sign_in()
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
comment on function private.refuse_sign_in is
'Part of the pre-request: 401 not_signed_in without a token, 401 invalid_token with one.';

create function private.refuse_account(user_id uuid)
returns void
language plpgsql stable security invoker set search_path = pg_catalog, pg_temp
as $$
begin
    if private.is_erased(refuse_account.user_id) then
        perform private.fail(403, 'account_deleted', 'This account has been deleted.');
    end if;
    perform private.fail(
        401, 'invalid_token', 'This access token is for no account of ours.',
        headers => '{"WWW-Authenticate": "Bearer error=\"invalid_token\""}'
    );
end;
$$;
comment on function private.refuse_account is
'Part of the pre-request: 403 account_deleted for an erased account, 401 invalid_token for one that
was never made.';

create function private.refuse_crowd(whose text)
returns void
language plpgsql stable security invoker set search_path = pg_catalog, pg_temp
as $$
begin
    perform private.fail(
        429, 'rate_limited',
        format('Too many requests %s are running. Try again in 1 s.', whose),
        '{"retry_after_seconds": 1}', '{"Retry-After": "1"}'
    );
end;
$$;
comment on function private.refuse_crowd is
'Part of the pre-request: 429 rate_limited while every slot of the account, or of everybody without
a token, is taken.';

create function private.live_work(user_id uuid)
returns text[]
language plpgsql stable security invoker set search_path = pg_catalog, pg_temp
as $$
begin
    return array(
        select concat_ws(' ', j.id, j.status, j.stage, j.progress, j.attempt)
        from private.live_jobs as l inner join public.jobs as j on l.job_id = j.id
        where l.tenant = live_work.user_id::text
        order by j.id
    );
end;
$$;
comment on function private.live_work is
'What an account sees of its unfinished jobs, as words to compare.';

-- It runs before everything, so it is written to be cheap: each further function, statement and
-- look-up, even each expression is felt by every request. So it is one function, and the owner's:
-- policies cost as much as the look-ups. A JSON path is one expression.
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
    -- POST to a stable function is read-only. Outside PostgREST there is no request to count.
    v_is_write boolean := v_method not in ('GET', 'HEAD', '')
    and current_setting('transaction_read_only') = 'off';
    v_user uuid;
    v_has_slot boolean;
    v_headers jsonb;
    v_is_alive boolean;
    v_tag text;
begin
    if v_role = 'authenticated' then
        -- PostgREST accepts tokens that never expire or were made for somebody else; we don't. It
        -- also accepts a token that it has seen until that expires, even if its key was withdrawn:
        -- 900 s is the longest life that the edge gives one (EDGE_TOKEN_SECONDS).
        if v_claims @@ 'strict $.exp.type() == "number" && $.exp - $.iat <= 900
            && $.sub like_regex "^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$"
            && ($.aud == "authenticated" || $.aud.size() == 1 && $.aud[0] == "authenticated")'
            is not true then
            perform private.refuse_sign_in();
        end if;
        v_user := v_claims ->> 'sub';
        -- A request that waits, as writes of an account wait for each other, holds one of the API's
        -- connections. An account may hold six: four for anything, two more for reads. The end of
        -- the transaction gives its slot back, however it ends.
        v_has_slot := not v_is_write and (
            pg_try_advisory_xact_lock(uuid_hash_extended(v_user, 5))
            or pg_try_advisory_xact_lock(uuid_hash_extended(v_user, 4))
        )
        or pg_try_advisory_xact_lock(uuid_hash_extended(v_user, 3))
        or pg_try_advisory_xact_lock(uuid_hash_extended(v_user, 2))
        or pg_try_advisory_xact_lock(uuid_hash_extended(v_user, 1))
        or pg_try_advisory_xact_lock(uuid_hash_extended(v_user, 0));
        if not v_has_slot then
            perform private.refuse_crowd('of this account');
        end if;
        if v_is_read and v_path in ('/product_overview', '/products') then
            v_headers := current_setting('request.headers', true);
            -- New results and packs touch their product, and so count, as does work that failed;
            -- other work is live.
            select
                a.deleted_at is null,
                md5(concat_ws(
                    ' ', v_user, v_path,
                    v_headers ->> 'accept', v_headers ->> 'range', v_headers ->> 'prefer',
                    a.read_version,
                    case
                        when exists (select from private.live_jobs as l where l.tenant = v_user::text)
                            then private.live_work(v_user)
                    end
                ))
            into v_is_alive, v_tag
            from private.accounts as a where a.id = v_user;
        else
            if v_is_write then
                perform private.count_request(v_user, 'write');
            end if;
            select a.deleted_at is null into v_is_alive
            from private.accounts as a where a.id = v_user;
        end if;
        if v_is_alive is not true then
            perform private.refuse_account(v_user);
        end if;
        if position(v_tag in v_headers ->> 'if-none-match') > 0 then
            -- To fail with 304 would do, but PostgreSQL logs what fails.
            perform set_config('response.status', '304', true);
        end if;
    elsif v_role = 'anon' then
        if not (v_is_read and v_path = '/plans') then
            perform private.refuse_sign_in();
        end if;
        -- A filter can keep a read of three rows busy until its timeout. Strangers share three slots.
        if not (
            pg_try_advisory_xact_lock(hashtextextended('anonymous', 0))
            or pg_try_advisory_xact_lock(hashtextextended('anonymous', 1))
            or pg_try_advisory_xact_lock(hashtextextended('anonymous', 2))
        ) then
            perform private.refuse_crowd('without a token');
        end if;
    end if;
    if v_is_read then
        -- The plans of a signed-in person may have their subscriptions embedded.
        perform set_config('response.headers', case
            when v_path = '/plans' and v_role = 'anon'
                then '[{"Cache-Control": "public, max-age=300"}]'
            when v_path = '/plans'
                then '[{"Cache-Control": "private, max-age=300"}, {"Vary": "Authorization"}]'
            else '[{"Cache-Control": "private, no-cache"}, {"Vary": "Authorization"}'
                || coalesce(', {"ETag": "W/\"' || v_tag || '\""}', '') || ']'
        end, true);
    end if;
    -- A read may embed the same rows many times, and its answer is built in memory. Only its time
    -- bounds that. Functions have the role's limit.
    if v_is_read and v_role = 'authenticated' and left(v_path, 5) <> '/rpc/' then
        perform set_config('statement_timeout', '3s', true);
    end if;
end;
$$;
comment on function private.before_request is
'PostgREST calls this in the transaction of every request. Refuses anonymous requests outside the
public paths (401 not_signed_in), tokens without exp, iat, sub or aud or of more than 15 minutes,
accounts that were never made (401 invalid_token), erased ones, whose tokens live on for minutes
(403 account_deleted), too many writes in a minute, more than six requests of an account at once and
more than three without a token (429 rate_limited).
Tells how long a read may be kept and, of products and product_overview, its ETag, which changes
whenever they do and what hangs on them; 304 if the caller has it. A read of a table ends after
three seconds. Definer: counts and accounts are internal; role and identity come from the request.';
grant execute on function private.before_request to anon;
grant execute on function private.before_request to authenticated;
grant execute on function private.before_request to service_role;

alter role authenticator set pgrst.db_pre_request = 'private.before_request'; -- noqa: PRS
-- Policies know the account only when they run, so a plan for the values of one request is no better
-- than one for all, and making it costs more than a look-up by key. It is faster only: where the
-- migration's role may not set it, the platform's default does.
do $$
begin
    alter role authenticator set plan_cache_mode = 'force_generic_plan';
exception when insufficient_privilege then
    raise notice 'plan_cache_mode of authenticator stays as it is: it needs the admin option.';
end;
$$;
notify pgrst, 'reload config';
