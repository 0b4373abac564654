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

create function private.own_live_jobs()
returns text
language sql
stable
security definer
set search_path = ''
begin atomic
    select
        string_agg(
            concat_ws(' ', j.id, j.status, j.stage, j.progress, j.attempt), ' '
            order by j.id
        )
    from private.live_jobs as l inner join public.jobs as j on l.job_id = j.id
    where l.lane = auth.uid()::text;
end;
comment on function private.own_live_jobs is
'How far the caller''s unfinished jobs are. Definer: it finds them by their lane, because an index
of public.jobs over unfinished ones would be written to by every job that ends.';
grant execute on function private.own_live_jobs to authenticated;

create function private.read_tag()
returns text
language sql
stable
security invoker
set search_path = ''
as $$
    -- New results and packs touch their product; a finished job leaves the set of live ones.
    select format('W/"%s"', md5(concat_ws(
        ' ',
        (
            select concat_ws(' ', count(*), max(p.updated_at))
            from public.products as p where p.user_id = auth.uid()
        ),
        (
            select concat_ws(' ', count(*), max(s.updated_at))
            from public.scripts as s where s.user_id = auth.uid()
        ),
        -- Work may begin and fail between two reads: only its time of birth tells then.
        (select max(j.created_at) from public.jobs as j where j.user_id = auth.uid()),
        private.own_live_jobs(),
        current_setting('request.path', true),
        v.headers ->> 'accept', v.headers ->> 'range', v.headers ->> 'prefer'
    )))
    from (select current_setting('request.headers', true)::jsonb as headers) as v
$$;
comment on function private.read_tag is
'The ETag of what the caller may read of products and what hangs on them: it changes when they do.';
grant execute on function private.read_tag to authenticated;

create function private.describe_response()
returns void
language plpgsql
volatile
security invoker
set search_path = ''
as $$
declare
    v_path text := current_setting('request.path', true);
    v_headers jsonb := '{"Cache-Control": "private, no-cache", "Vary": "Authorization"}';
    v_tag text;
begin
    if current_setting('request.method', true) not in ('GET', 'HEAD') then
        return;
    end if;
    if v_path = '/plans' then
        v_headers := '{"Cache-Control": "public, max-age=300"}';
    elsif v_path in ('/products', '/product_overview') and current_user = 'authenticated' then
        v_tag := private.read_tag();
        v_headers := v_headers || jsonb_build_object('ETag', v_tag);
        if position(v_tag in current_setting('request.headers')::jsonb ->> 'if-none-match') > 0 then
            perform private.fail(304, 'not_modified', 'Nothing has changed.', headers => v_headers);
        end if;
    end if;
    perform set_config(
        'response.headers',
        (select jsonb_agg(jsonb_build_object(h.key, h.value)) from jsonb_each(v_headers) as h)::text,
        true
    );
end;
$$;
comment on function private.describe_response is
'Part of the pre-request: how long a read may be kept, and by whom. 304 if the caller has it.';
grant execute on function private.describe_response to anon;
grant execute on function private.describe_response to authenticated;
grant execute on function private.describe_response to service_role;
