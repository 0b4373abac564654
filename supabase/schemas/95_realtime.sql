-- Realtime: where Supabase's publication exists, it pushes changes of public.jobs to their owners.
-- The policies of the table apply. Elsewhere frontends poll it.

do $$
begin
    if exists (select from pg_publication as p where p.pubname = 'supabase_realtime') then
        alter publication supabase_realtime add table public.jobs;
    end if;
end;
$$;
