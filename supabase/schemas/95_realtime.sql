-- Realtime: where Supabase's publication exists, progress of jobs is pushed to their owners; the
-- policies of public.jobs decide who gets what. Elsewhere frontends poll the same table.

do $$
begin
    if exists (select from pg_publication as p where p.pubname = 'supabase_realtime') then
        alter publication supabase_realtime add table public.jobs;
    end if;
end;
$$;
