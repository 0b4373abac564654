-- Makes of a later pgmq what hosted projects have: 1.5.1. It ends the extension's script, in which
-- local/postgres.py has left out the column last_read_at.

-- Notifications, grouped reads and topics came later.
do $$
declare
    v_function regprocedure;
begin
    for v_function in
        select p.oid from pg_proc as p
        where p.pronamespace = 'pgmq'::regnamespace
            and p.proname ~ '^_?(read_grouped|create_fifo|bind_|unbind_|test_routing|validate_(routing|topic))|_topic(_|$)|notify'
    loop
        execute format('drop function if exists %s cascade', v_function);
    end loop;
end;
$$;

-- 1.5.1 makes a queue's tables members of the extension, so dumps leave them out.
alter function pgmq.create_non_partitioned(text) rename to _create_plain;
create function pgmq.create_non_partitioned(queue_name text)
returns void
language plpgsql
as $$
declare
    v_queue text := pgmq.format_table_name(queue_name, 'q');
begin
    perform pgmq._create_plain(queue_name);
    execute format('alter extension pgmq add table pgmq.%I', v_queue);
    execute format('alter extension pgmq add sequence pgmq.%I', v_queue || '_msg_id_seq');
    execute format(
        'alter extension pgmq add table pgmq.%I', pgmq.format_table_name(queue_name, 'a')
    );
end;
$$;

-- The platform puts a function of its own in the place of this one.
create or replace function pgmq.drop_queue(queue_name text)
returns boolean
language plpgsql
as $$
begin
    raise exception 'Queues of the hosted profile stay: % is not dropped.', queue_name;
end;
$$;
