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

create function private.read_tag()
returns text
language plpgsql
stable
security definer
set search_path = ''
as $$
declare
    v_user uuid := current_setting('request.jwt.claims')::jsonb ->> 'sub';
    v_headers jsonb := current_setting('request.headers', true);
begin
    -- New results and packs touch their product; a finished job leaves the set of live ones.
    return format('W/"%s"', md5(concat_ws(
        ' ',
        v_user,
        (
            select concat_ws(' ', count(*), max(p.updated_at))
            from public.products as p where p.user_id = v_user
        ),
        (
            select concat_ws(' ', count(*), max(s.updated_at))
            from public.scripts as s where s.user_id = v_user
        ),
        -- Work may begin and fail between two reads: only its time of birth tells then.
        (
            select j.created_at from public.jobs as j
            where j.user_id = v_user order by j.created_at desc limit 1
        ),
        array(
            select concat_ws(' ', j.id, j.status, j.stage, j.progress, j.attempt)
            from private.live_jobs as l inner join public.jobs as j on l.job_id = j.id
            where l.lane = v_user::text order by j.id
        ),
        current_setting('request.path', true),
        v_headers ->> 'accept', v_headers ->> 'range', v_headers ->> 'prefer'
    )));
end;
$$;
comment on function private.read_tag is
'The ETag of what the caller may read of products and what hangs on them: it changes when they do.
Definer: as the owner of the tables it needs no policies, which cost as much as the look-ups;
identity comes from the token.';
grant execute on function private.read_tag to authenticated;

create function private.tag_response()
returns void
language plpgsql
volatile
security invoker
set search_path = ''
as $$
declare
    v_headers text := current_setting('request.headers', true);
    v_tag text;
begin
    v_tag := private.read_tag();
    if position(v_tag in v_headers::jsonb ->> 'if-none-match') > 0 then
        perform private.fail(
            304, 'not_modified', 'Nothing has changed.',
            headers => jsonb_build_object(
                'ETag', v_tag, 'Cache-Control', 'private, no-cache', 'Vary', 'Authorization'
            )
        );
    end if;
    perform set_config('response.headers', format(
        '[{"Cache-Control": "private, no-cache"}, {"Vary": "Authorization"}, {"ETag": %s}]',
        to_json(v_tag)
    ), true);
end;
$$;
comment on function private.tag_response is
'Part of the pre-request, for reads of the overview and of products: their ETag, and 304 if the
caller has it.';
grant execute on function private.tag_response to authenticated;
