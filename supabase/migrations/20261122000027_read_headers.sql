-- Read headers: nobody's rows are kept for the next person on the same browser, and a dashboard
-- that asks again for what it has is answered 304.

create function private.virality_packs_touch_product()
returns trigger
language plpgsql
volatile
security definer
set search_path = ''
as $$
begin
    update public.products as p set updated_at = now() where p.id = old.product_id;
    return null;
end;
$$;
comment on function private.virality_packs_touch_product is
'Trigger: a renamed or deleted pack changes its product, so that its ETag changes. Definer: users
may not write updated_at.';
create trigger virality_packs_50_touch_product after update or delete on public.virality_packs
for each row execute function private.virality_packs_touch_product();

create function private.refuse_known(tag text)
returns void
language plpgsql
stable
security invoker
set search_path = ''
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
set search_path = ''
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

create function private.check_read(path text)
returns text
language plpgsql
stable
security definer
set search_path = ''
as $$
declare
    v_user uuid := current_setting('request.jwt.claims')::jsonb ->> 'sub';
    v_headers jsonb;
    v_is_erased boolean;
    v_tag text;
begin
    if check_read.path not in ('/product_overview', '/products') then
        perform private.refuse_erased();
        return null;
    end if;
    v_headers := current_setting('request.headers', true);
    -- One statement, whose parts are look-ups of one row each. New results and packs touch their
    -- product; a finished job leaves the live ones; work may begin and fail between two reads: only
    -- its time of birth tells then.
    select
        exists (
            select from private.identities as i
            where i.user_id = v_user and i.deleted_at is not null
        ),
        md5(concat_ws(
            ' ', v_user, check_read.path,
            v_headers ->> 'accept', v_headers ->> 'range', v_headers ->> 'prefer',
            (select v.version from private.read_versions as v where v.user_id = v_user),
            (
                select j.created_at from public.jobs as j
                where j.user_id = v_user order by j.created_at desc limit 1
            ),
            case
                when exists (select from private.live_jobs as l where l.lane = v_user::text)
                    then private.live_work(v_user)
            end
        ))
    into v_is_erased, v_tag;
    if v_is_erased then
        perform private.refuse_erased();
    end if;
    if position(v_tag in v_headers ->> 'if-none-match') > 0 then
        perform private.refuse_known(v_tag);
    end if;
    return v_tag;
end;
$$;
comment on function private.check_read is
'Part of the pre-request: refuses an erased account (403 account_deleted), and tells the ETag of
what the caller may read at a path, 304 if the caller has it; null where there is none. It changes
whenever products do, and what hangs on them. Definer: as the owner of the tables it needs no
policies, which cost as much as the look-ups; identity comes from the token.';
grant execute on function private.check_read to authenticated;
