-- What happens before every request: who may come in, what is counted, how long an answer may be
-- kept. Nobody's rows are kept for the next person on the same browser, and a dashboard that asks
-- again for what it has is answered 304.

create function private.refuse_known(tag text)
returns void
language plpgsql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $$
begin
    perform private.fail(
        304, 'not_modified', 'Nothing has changed.',
        headers => jsonb_build_object(
            'ETag', format('W/"%s"', tag),
            'Cache-Control', 'private, no-cache', 'Vary', 'Authorization'
        )
    );
end;
$$;
comment on function private.refuse_known is
'Part of the pre-request: 304 for a caller who has what this ETag stands for.';

create function private.live_work(user_id uuid)
returns text[]
language plpgsql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $$
begin
    return array(
        select concat_ws(' ', j.id, j.status, j.stage, j.progress, j.attempt)
        from private.live_jobs as l inner join public.jobs as j on l.job_id = j.id
        where l.lane = live_work.user_id::text
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
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_role text := current_setting('role');
    v_claims jsonb := nullif(current_setting('request.jwt.claims', true), '');
    v_path text := coalesce(current_setting('request.path', true), '');
    v_is_read boolean := coalesce(current_setting('request.method', true), '') in ('GET', 'HEAD');
    v_user uuid;
    v_headers jsonb;
    v_is_erased boolean;
    v_tag text;
begin
    if v_role = 'authenticated' then
        -- PostgREST accepts tokens that never expire or were made for somebody else; we don't.
        if v_claims @@ 'strict $.exp.type() == "number"
            && $.sub like_regex "^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$"
            && ($.aud == "authenticated" || $.aud.size() == 1 && $.aud[0] == "authenticated")'
            is not true then
            perform private.refuse_sign_in();
        end if;
        v_user := v_claims ->> 'sub';
        if v_is_read and v_path in ('/product_overview', '/products') then
            v_headers := current_setting('request.headers', true);
            -- One statement, whose parts are look-ups of one row each. New results and packs touch
            -- their product, and so count, as does work that failed; other work is live.
            select
                exists (
                    select from private.identities as i
                    where i.user_id = v_user and i.deleted_at is not null
                ),
                md5(concat_ws(
                    ' ', v_user, v_path,
                    v_headers ->> 'accept', v_headers ->> 'range', v_headers ->> 'prefer',
                    (select v.version from private.read_versions as v where v.user_id = v_user),
                    case
                        when exists (select from private.live_jobs as l where l.lane = v_user::text)
                            then private.live_work(v_user)
                    end
                ))
            into v_is_erased, v_tag;
        else
            -- Outside PostgREST there is no request to count. Counting waits for an erasure that is
            -- under way, so it comes before looking for one.
            if not v_is_read and current_setting('transaction_read_only') = 'off'
                and current_setting('request.method', true) <> '' then
                perform private.count_request(v_user, v_path);
            end if;
            -- Tombstones are few, and have a small index of their own.
            v_is_erased := exists (
                select from private.identities as i
                where i.user_id = v_user and i.deleted_at is not null
            );
        end if;
        if v_is_erased then
            perform private.fail(403, 'account_deleted', 'This account has been deleted.')
            where private.is_erased(v_user);
        end if;
        if position(v_tag in v_headers ->> 'if-none-match') > 0 then
            perform private.refuse_known(v_tag);
        end if;
    elsif v_role = 'anon' and not (v_is_read and v_path = '/plans') then
        perform private.refuse_sign_in();
    end if;
    if v_is_read then
        perform set_config('response.headers', case
            when v_path = '/plans' then '[{"Cache-Control": "public, max-age=300"}]'
            else '[{"Cache-Control": "private, no-cache"}, {"Vary": "Authorization"}'
                || coalesce(', {"ETag": "W/\"' || v_tag || '\""}', '') || ']'
        end, true);
    end if;
end;
$$;
comment on function private.before_request is
'PostgREST calls this in the transaction of every request. Refuses anonymous requests outside the
public paths (401 not_signed_in), tokens without exp, sub or aud (401 invalid_token), too many writes
(429 rate_limited), and erased accounts, whose tokens live on for minutes (403 account_deleted).
Tells how long a read may be kept and, of products and product_overview, its ETag, which changes
whenever they do and what hangs on them; 304 if the caller has it. Definer: counts and tombstones
are internal; role and identity come from the request.';
grant execute on function private.before_request to anon;
grant execute on function private.before_request to authenticated;
grant execute on function private.before_request to service_role;

alter role authenticator set pgrst.db_pre_request = 'private.before_request'; -- noqa: PRS
-- Policies know the account only when they run, so a plan for the values of one request is no better
-- than one for all, and making it costs more than a look-up by key.
alter role authenticator set plan_cache_mode = 'force_generic_plan';
notify pgrst, 'reload config';
