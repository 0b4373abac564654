-- Realtime: where Supabase's publication exists, it pushes changes of public.jobs and
-- public.notifications to their owners. The policies of the tables apply. Elsewhere frontends poll.

do $$
begin
    if exists (select from pg_publication as p where p.pubname = 'supabase_realtime') then
        alter publication supabase_realtime add table public.jobs, public.notifications;
    end if;
end;
$$;
