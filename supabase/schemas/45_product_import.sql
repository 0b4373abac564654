-- Import of products: many at once, with an answer for each.

create function private.imported_product(value jsonb)
returns uuid
language plpgsql volatile security invoker set search_path = pg_catalog, pg_temp
as $$
declare
    v_row public.products;
    v_unknown text;
begin
    if jsonb_typeof(value) is distinct from 'object' then
        perform private.fail(422, 'invalid_row', 'A row must be an object.');
    end if;
    select k.key into v_unknown from jsonb_object_keys(value) as k (key)
    where k.key <> all ('{id,name,source_url,watch,brand_id,tags}') limit 1;
    if found then
        perform private.fail(
            422, 'invalid_row', format('A row can''t have “%s”.', left(v_unknown, 40)),
            jsonb_build_object('field', left(v_unknown, 40))
        );
    end if;
    begin
        v_row := jsonb_populate_record(null::public.products, value);
    exception when data_exception then
        perform private.fail(422, 'invalid_row', 'A value of this row has the wrong type.');
    end;
    insert into public.products (id, name, source_url, watch, brand_id, tags)
    values (
        coalesce(v_row.id, gen_random_uuid()), v_row.name, v_row.source_url,
        coalesce(v_row.watch, 'off'), v_row.brand_id, coalesce(v_row.tags, '{}')
    )
    returning * into v_row;
    return v_row.id;
end;
$$;
comment on function private.imported_product is
'Adds the product of a row and returns its id. Errors: 422 invalid_row, and those of an insert.';
grant execute on function private.imported_product to authenticated;

create function public.import_products(rows jsonb, all_or_none boolean default false)
returns table (index integer, id uuid, code text, message text, details jsonb)
language plpgsql volatile security invoker set search_path = pg_catalog, pg_temp
as $$
declare
    v_rows jsonb := import_products.rows;
    v_ids uuid[] := '{}';
    v_refusals jsonb[] := '{}';
    v_is_refused boolean := false;
begin
    if jsonb_typeof(v_rows) is distinct from 'array' or jsonb_array_length(v_rows) = 0 then
        perform private.fail(
            422, 'invalid_row', 'The rows must be a list with at least one.', '{"field": "rows"}'
        );
    end if;
    if jsonb_array_length(v_rows) > 500 then
        perform private.fail(
            422, 'too_many_rows', 'One request may add 500 rows at most.', '{"limit": 500}'
        );
    end if;
    begin
        for v_index in 0 .. jsonb_array_length(v_rows) - 1 loop
            begin
                v_ids := v_ids || private.imported_product(v_rows -> v_index);
                v_refusals := v_refusals || null::jsonb;
            exception when sqlstate 'PGRST' then
                v_ids := v_ids || null::uuid;
                v_refusals := v_refusals || sqlerrm::jsonb;
                v_is_refused := true;
            end;
        end loop;
        if v_is_refused and import_products.all_or_none then
            raise sqlstate 'UNDO0';
        end if;
    exception when sqlstate 'UNDO0' then
        -- Undoes the rows that were added; what was found out about each stays.
        v_ids := array_fill(null::uuid, array[cardinality(v_ids)]);
    end;
    return query
    select
        (r.position - 1)::integer, v_ids[r.position], r.refusal ->> 'code',
        r.refusal ->> 'message', (r.refusal ->> 'details')::jsonb
    from unnest(v_refusals) with ordinality as r (refusal, position)
    order by r.position;
end;
$$;
comment on function public.import_products is
'Adds up to 500 products, each with its first analysis, and answers for each row, in their order.

A row is an object with name and source_url, and maybe id, watch, brand_id and tags. Its answer has
index, from 0, and the id of the new product, or why there is none: code, message and details as an
insert would have them. With all_or_none a refusal of one row undoes all others; then these have
neither id nor code.

Errors: 422 invalid_row, too_many_rows.';
grant execute on function public.import_products to authenticated;
