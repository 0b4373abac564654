-- Packs as Markdown and CSV. Both are made of what a link shows of a pack (55_shares). PostgREST
-- answers a function whose type is named after a media type with that media type.

create domain private."text/markdown" as text;
create domain private."text/csv" as text;

create function private.one_line(value text)
returns text
language sql immutable security invoker set search_path = pg_catalog, pg_temp
as $$
    select btrim(
        regexp_replace(
            private.visible(coalesce(one_line.value, '')),
            '[\s\u0001-\u001f\u007f-\u009f\u2028\u2029]+', ' ', 'g'
        )
    )
$$;
comment on function private.one_line is
'A text in one line, without control characters and those that nobody sees.';

create function private.markdown(value text)
returns text
language sql immutable security invoker set search_path = pg_catalog, pg_temp
as $$
    select
        regexp_replace(
            regexp_replace(
                replace(
                    replace(replace(t.line, '&', '&amp;'), '<', '&lt;'), '>', '&gt;'
                ),
                -- What is bold, code, a link, a table or, with :// and www., an address. One sign
                -- of money is no formula, two may be.
                case when t.line ~ '\$.*\$' then '[\\`*_\[\]|~$]' else '[\\`*_\[\]|~]' end
                || '|:(?=//)|(?<=www)\.',
                '\\\&', 'gi'
            ),
            -- What opens a list, a heading or a line in the first place: "4.6" and "#diy" do not.
            '^([0-9]{1,9}(?=[.)](?:\s|$))|#{0,5}(?=#(?:\s|$))|(?=[-+=]))([-+=#.)])', '\1\\\2'
        )
    from private.one_line(markdown.value) as t (line)
$$;
comment on function private.markdown is
'A text as one line of Markdown that shows it as it is: no HTML, no link, no markup.';

create function private.markdown_url(value text)
returns text
language sql immutable security invoker set search_path = pg_catalog, pg_temp
as $$
    select case
        when markdown_url.value ~ '^https?://[!#-;=?-_a-z~]+$'
            then ' <' || markdown_url.value || '>'
        else ''
    end
$$;
comment on function private.markdown_url is
'A web address as a link, after a space; empty for anything else.';

create function private.markdown_list(title text, lines text[])
returns text
language sql immutable security invoker set search_path = pg_catalog, pg_temp
as $$
    select case
        when cardinality(markdown_list.lines) > 0
            then format(
                E'\n## %s\n\n- %s\n',
                markdown_list.title, array_to_string(markdown_list.lines, E'\n- ')
            )
        else ''
    end
$$;
comment on function private.markdown_list is
'A section with a list of lines; empty without lines.';

create function private.csv_line(cells text[])
returns text
language sql immutable security invoker set search_path = pg_catalog, pg_temp
as $$
    select
        string_agg(
            -- Spreadsheets take a cell that begins so as a formula. Some part cells at semicolons.
            '"' || replace(
                regexp_replace(c.line, '(^|;)([\s"]*)([-=+@＝＋－＠])', '\1\2''\3', 'g'), '"', '""'
            ) || '"',
            ',' order by u.position
        ) || E'\r\n'
    from unnest(csv_line.cells) with ordinality as u (cell, position),
        private.one_line(u.cell) as c (line)
$$;
comment on function private.csv_line is
'A line of CSV (RFC 4180), every cell quoted. What a spreadsheet would take for a formula begins
with an apostrophe.';

create function private.cited(part jsonb)
returns text
language sql immutable security invoker set search_path = pg_catalog, pg_temp
as $$
    select
        string_agg(i.id #>> '{}', ' ' order by i.position)
    from jsonb_path_query(cited.part, 'lax $.evidence_ids[*]') with ordinality as i (id, position)
$$;
comment on function private.cited is 'The ids of the evidence that a part of a pack cites.';

create function private.pack_rows(content jsonb)
returns table (
    turn integer,
    section text,
    number bigint,
    kind text,
    text text,
    detail text,
    cited text,
    url text
)
language sql immutable security invoker set search_path = pg_catalog, pg_temp
as $$
    -- In lax mode a part that is missing has no rows, whatever the version of the document.
    select 1, 'changed', c.n, c.part ->> 'kind', c.part ->> 'text', null, null, null
    from jsonb_path_query(pack_rows.content, 'lax $.what_changed[*]') with ordinality as c (part, n)
    union all
    select 2, 'findings', f.n, null, f.part ->> 'text', f.part ->> 'do', private.cited(f.part), null
    from jsonb_path_query(pack_rows.content, 'lax $.findings[*]') with ordinality as f (part, n)
    union all
    select 3, 'next_steps', s.n, s.part ->> 'kind', s.part ->> 'text', null, null, null
    from jsonb_path_query(pack_rows.content, 'lax $.next_steps[*]') with ordinality as s (part, n)
    union all
    select 4, 'facts', f.n, f.part ->> 'kind', f.part ->> 'text', null, f.part ->> 'evidence_id', null
    from jsonb_path_query(pack_rows.content, 'lax $.facts[*]') with ordinality as f (part, n)
    union all
    select
        5, 'hooks', h.n, h.part ->> 'type', h.part ->> 'text', h.part ->> 'why',
        private.cited(h.part), null
    from jsonb_path_query(pack_rows.content, 'lax $.hooks[*]') with ordinality as h (part, n)
    union all
    select
        6, 'angles', a.n, a.part ->> 'title', a.part ->> 'promise', a.part ->> 'proof',
        private.cited(a.part), null
    from jsonb_path_query(pack_rows.content, 'lax $.angles[*]') with ordinality as a (part, n)
    union all
    select
        7, 'script ' || t.n, b.n,
        format('%s-%s %s', b.part ->> 'from_s', b.part ->> 'to_s', b.part ->> 'kind'),
        concat_ws(' ', nullif(b.part ->> 'shot', ''), b.part ->> 'text'), b.part ->> 'on_screen',
        null, null
    from jsonb_path_query(pack_rows.content, 'lax $.script_templates[*]') with ordinality as t (part, n),
        jsonb_path_query(t.part, 'lax $.beats[*]') with ordinality as b (part, n)
    union all
    select
        8, 'comparables', p.n, p.part ->> 'hook', p.part ->> 'why', null, p.part ->> 'evidence_id',
        p.part ->> 'url'
    from jsonb_path_query(pack_rows.content, 'lax $.comparables[*]') with ordinality as p (part, n)
    union all
    select 8, 'compared', c.n, null, c.part ->> 'text', null, private.cited(c.part), null
    from jsonb_path_query(pack_rows.content, 'lax $.compared[*]') with ordinality as c (part, n)
    union all
    select 9, 'tags', g.n, null, '#' || (g.part ->> 'tag'), g.part ->> 'posts', null, null
    from jsonb_path_query(pack_rows.content, 'lax $.tags[*]') with ordinality as g (part, n)
    union all
    select
        10, 'risks', r.n, r.part ->> 'severity', r.part ->> 'title', null, private.cited(r.part), null
    from jsonb_path_query(pack_rows.content, 'lax $.risks[*]') with ordinality as r (part, n)
    union all
    select 11, 'dos', d.n, null, d.part #>> '{}', null, null, null
    from jsonb_path_query(pack_rows.content, 'lax $.dos[*]') with ordinality as d (part, n)
    union all
    select 12, 'donts', d.n, null, d.part #>> '{}', null, null, null
    from jsonb_path_query(pack_rows.content, 'lax $.donts[*]') with ordinality as d (part, n)
    union all
    select
        13, 'evidence', e.n, e.part ->> 'kind', e.part ->> 'paraphrase', e.part ->> 'n',
        e.part ->> 'id', e.part ->> 'url'
    from jsonb_path_query(pack_rows.content, 'lax $.evidence[*]') with ordinality as e (part, n)
    union all
    select 14, 'caveats', v.n, null, v.part #>> '{}', null, null, null
    from jsonb_path_query(pack_rows.content, 'lax $.caveats[*]') with ordinality as v (part, n)
$$;
comment on function private.pack_rows is
'The parts of a pack as rows, in the order in which they are shown. cited has ids of evidence.';

create function private.pack_script(template jsonb, number bigint, angle jsonb, labels jsonb)
returns text
language sql immutable security invoker set search_path = pg_catalog, pg_temp
as $$
    select
        format(
            E'\n## %s %s: %s (%s s)\n\n%s| %s | %s | %s |\n| --- | --- | --- |\n%s',
            labels ->> 'script', number, private.markdown(angle ->> 'title'),
            private.markdown(template ->> 'duration_s'),
            -- A language model says there why it is this video. Else a finding does.
            case
                when angle ->> 'theme' like 'idea:%'
                    then format(E'%s\n\n', private.markdown(angle ->> 'proof'))
                else ''
            end,
            labels ->> 'seconds', labels ->> 'spoken', labels ->> 'shown',
            string_agg(
                format(
                    E'| %s-%s | %s%s | %s |\n',
                    private.markdown(b.part ->> 'from_s'), private.markdown(b.part ->> 'to_s'),
                    case
                        when b.part ->> 'shot' <> ''
                            then format(
                                '*%s%s* ',
                                case b.part ->> 'kind'
                                    when 'hook' then concat(labels ->> 'opening_shot', ': ') else ''
                                end,
                                private.markdown(b.part ->> 'shot')
                            )
                        else ''
                    end,
                    private.markdown(b.part ->> 'text'), private.markdown(b.part ->> 'on_screen')
                ),
                '' order by b.n
            )
        )
    from jsonb_path_query(template, 'lax $.beats[*]') with ordinality as b (part, n)
$$;
comment on function private.pack_script is 'A script of a pack as a table in Markdown.';

create function private.pack_as_markdown(document jsonb)
returns text
language plpgsql immutable security invoker set search_path = pg_catalog, pg_temp
as $$
declare
    v_content constant jsonb := document -> 'configuration';
    v_labels constant jsonb := private.pack_labels(v_content ->> 'locale');
    v_value constant text := v_content #>> '{stands_out,value}';
    v_text text := format(E'# %s\n', private.markdown(document ->> 'name'));
    -- What a script says or is about stands there.
    v_said constant text[] := array(
        select p.part ->> 'text'
        from jsonb_path_query(v_content, 'lax $.script_templates[*].beats[*]') as p (part)
    );
    -- The scripts by what they film.
    v_filmed constant jsonb := coalesce(
        (
            select jsonb_object_agg(b.part ->> 'shot', t.n)
            from
                jsonb_path_query(v_content, 'lax $.script_templates[*]')
                with ordinality as t (part, n),
                jsonb_path_query(t.part, 'lax $.beats[*]') as b (part)
            where b.part ->> 'shot' <> ''
        ),
        '{}'
    );
    -- Reasons of hooks that stand in a finding or among the page's facts.
    v_known constant text[] := array(
        select h.part ->> 'why'
        from jsonb_path_query(v_content, 'lax $.hooks[*]') as h (part)
        where
            h.part ->> 'basis' = 'fact'
            or exists (
                select 1 from jsonb_path_query(v_content, 'lax $.findings[*]') as f (part)
                where f.part ->> 'text' = h.part ->> 'why'
            )
    );
    v_scripted constant text[] := array(
        select p.part ->> 'angle_id'
        from jsonb_path_query(v_content, 'lax $.script_templates[*]') as p (part)
    );
    v_lists jsonb;
    v_scripts text;
begin
    if v_content ->> 'headline' <> '' then
        v_text := v_text || format(E'\n**%s**\n', private.markdown(v_content ->> 'headline'));
    end if;
    if v_content ->> 'summary' <> '' then
        v_text := v_text || format(E'\n%s\n', private.markdown(v_content ->> 'summary'));
    end if;
    if v_value is not null then
        v_text := v_text || format(
            E'\n%s: %s / 100 (%s–%s)\n',
            v_labels ->> case v_content ->> 'case'
                when 'profile' then 'newest_stands_out' else 'stands_out'
            end,
            private.markdown(v_value),
            private.markdown(v_content #>> '{stands_out,interval,0}'),
            private.markdown(v_content #>> '{stands_out,interval,1}')
        );
    end if;
    v_text := v_text || format(E'\n%s\n', left(document ->> 'created_at', 10));
    select
        jsonb_object_agg(
            s.section,
            private.markdown_list(
                v_labels ->> s.section,
                -- What the page states is known to its reader: one line.
                case s.section
                    when 'facts' then array[array_to_string(s.lines, ' · ')]
                    else s.lines
                end
            )
        )
    into v_lists
    from (
        select
            r.section,
            array_agg(
                case r.section
                    when 'angles' then format('**%s**: ', private.markdown(r.kind))
                    when 'findings' then format('**%s** → ', private.markdown(r.text))
                    else ''
                end
                || case
                    when r.section = 'findings' and v_filmed ? r.detail
                        then format('%s %s', v_labels ->> 'script', v_filmed ->> r.detail)
                    else private.markdown(
                        case r.section when 'findings' then r.detail else r.text end
                    )
                end
                || case
                    when
                        r.section in ('hooks', 'angles') and r.detail <> ''
                        and not (r.section = 'hooks' and r.detail = any(v_known))
                        then ' ' || private.markdown(r.detail)
                    when r.section = 'tags' then format(' (%s)', private.markdown(r.detail))
                    else ''
                end
                || private.markdown_url(r.url)
                order by r.number
            ) as lines
        from private.pack_rows(v_content) as r
        where
            r.section !~ '^(script|evidence|caveats)'
            and not (r.section = 'hooks' and r.text = any(v_said))
            and not (
                r.section = 'angles' and v_content @? '$.findings[0]'
            )
            and not (
                r.section = 'angles'
                and exists (
                    select 1 from jsonb_path_query(v_content, 'lax $.angles[*]') as a (part)
                    where a.part ->> 'title' = r.kind and a.part ->> 'id' = any(v_scripted)
                )
            )
        group by r.section
    ) as s;
    select string_agg(
        private.pack_script(
            t.part,
            t.n,
            jsonb_path_query_first(
                v_content, 'lax $.angles[*] ? (@.id == $id)',
                jsonb_build_object('id', t.part -> 'angle_id')
            ),
            v_labels
        ),
        '' order by t.n
    )
    into v_scripts
    from jsonb_path_query(v_content, 'lax $.script_templates[*]') with ordinality as t (part, n);
    return v_text
        || concat(v_lists ->> 'changed', v_lists ->> 'findings', v_lists ->> 'angles', v_scripts)
        || concat(
            v_lists ->> 'hooks', v_lists ->> 'dos', v_lists ->> 'donts', v_lists ->> 'risks',
            v_lists ->> 'facts', v_lists ->> 'comparables', v_lists ->> 'compared', v_lists ->> 'tags',
            v_lists ->> 'next_steps'
        )
        || private.markdown_list(v_labels ->> 'evidence', array(
            select private.markdown(r.text) || private.markdown_url(r.url)
            from private.pack_rows(v_content) as r
            where
                r.section = 'evidence'
                -- What stands above with the same id is not repeated.
                and not exists (
                    select 1
                    from jsonb_path_query(
                        v_content, 'lax $.*[*].evidence_id'
                    ) as o (id)
                    where o.id #>> '{}' = r.cited
                )
                and not exists (
                    select 1
                    from jsonb_path_query(
                        v_content, 'lax $.compared[*].evidence_ids[*]'
                    ) as o (id)
                    where o.id #>> '{}' = r.cited
                )
                -- Findings and hooks say with their numbers what they cite.
                and not (
                    coalesce(r.url, '') = ''
                    and exists (
                        select 1
                        from (
                            select jsonb_path_query(v_content, 'lax $.findings[*]')
                            union all
                            select jsonb_path_query(v_content, 'lax $.hooks[*]')
                        ) as f (part)
                        where f.part -> 'evidence_ids' ? r.cited
                    )
                )
            order by r.number
        ))
        || private.markdown_list(v_labels ->> 'caveats', array(
            select private.markdown(r.text) from private.pack_rows(v_content) as r
            where r.section = 'caveats' order by r.number
        ));
end;
$$;
comment on function private.pack_as_markdown is
'A pack in Markdown, with headings in its language. `document` is what private.shared_document
makes. Ids of evidence stand in the CSV alone: nobody reads them.';

create function private.pack_as_csv(document jsonb)
returns text
language sql immutable security invoker set search_path = pg_catalog, pg_temp
as $$
    select
        private.csv_line(array['section', 'number', 'kind', 'text', 'detail', 'evidence', 'url'])
        || private.csv_line(array['pack', '1', 'name', p.document ->> 'name', '', '', ''])
        || private.csv_line(array['pack', '2', 'score', p.document ->> 'score', '', '', ''])
        || private.csv_line(
            array['pack', '3', 'created_at', p.document ->> 'created_at', '', '', '']
        )
        || private.csv_line(
            array['pack', '4', 'headline', p.document #>> '{configuration,headline}', '', '', '']
        )
        || private.csv_line(
            array['pack', '5', 'summary', p.document #>> '{configuration,summary}', '', '', '']
        )
        || coalesce(
            (
                select
                    string_agg(
                        private.csv_line(
                            array[
                                r.section, r.number::text, r.kind, r.text, r.detail, r.cited,
                                r.url
                            ]
                        ),
                        '' order by r.turn, length(r.section), r.section, r.number
                    )
                from private.pack_rows(p.document -> 'configuration') as r
            ),
            ''
        )
    from (values (pack_as_csv.document)) as p (document)
$$;
comment on function private.pack_as_csv is
'A pack as CSV, a line for each of its parts. The columns and sections have the same names in every
language.';

create function private.pack_text(document jsonb, media_type text)
returns text
language plpgsql immutable security definer set search_path = pg_catalog, pg_temp
as $$
begin
    return case pack_text.media_type
        when 'text/csv' then private.pack_as_csv(pack_text.document)
        else private.pack_as_markdown(pack_text.document)
    end;
end;
$$;
comment on function private.pack_text is
'A pack, as private.shared_document makes it, in a media type. Reads no table. Definer: so the
functions that it is made of need no grants.';
grant execute on function private.pack_text to anon, authenticated;

create function private.own_pack_text(pack_id uuid, media_type text)
returns text
language plpgsql stable security definer set search_path = pg_catalog, pg_temp
as $$
declare
    v_pack public.virality_packs;
begin
    select v.* into v_pack from public.virality_packs as v
    where v.id = own_pack_text.pack_id and v.user_id = auth.uid();
    if not found then
        perform private.fail(404, 'not_found', 'There is no such pack.');
    end if;
    return private.pack_text(private.shared_document(v_pack), media_type);
end;
$$;
comment on function private.own_pack_text is
'A pack of the caller in a media type. Definer: what a link shows is internal; identity comes from
the token. Errors: 404 not_found.';
grant execute on function private.own_pack_text to authenticated;

create function public.pack_markdown(pack_id uuid)
returns private."text/markdown"
language sql stable security invoker set search_path = pg_catalog, pg_temp
begin atomic
    select private.own_pack_text(pack_markdown.pack_id, 'text/markdown');
end;
comment on function public.pack_markdown is
'A pack of the caller as Markdown, with headings in its language: what a link shows of it. GET
answers text/markdown.

Errors: 404 not_found.';
grant execute on function public.pack_markdown to authenticated;

create function public.pack_csv(pack_id uuid)
returns private."text/csv"
language sql stable security invoker set search_path = pg_catalog, pg_temp
begin atomic
    select private.own_pack_text(pack_csv.pack_id, 'text/csv');
end;
comment on function public.pack_csv is
'A pack of the caller as CSV, a line for each part: section, number, kind, text, detail, evidence,
url. What a spreadsheet would take for a formula begins with an apostrophe. GET answers text/csv.

Errors: 404 not_found.';
grant execute on function public.pack_csv to authenticated;

create function private.shared_text(document jsonb, media_type text)
returns text
language plpgsql volatile security invoker set search_path = pg_catalog, pg_temp
as $$
begin
    if document ? 'configuration' then
        return private.pack_text(document, media_type);
    end if;
    -- The error of private.open_share, which has set its status.
    perform set_config(
        'response.headers', '[{"Content-Type": "application/json; charset=utf-8"}]', true
    );
    return document::text;
end;
$$;
comment on function private.shared_text is
'The answer of private.open_share in a media type; its error stays JSON.';
grant execute on function private.shared_text to anon, authenticated;

create function public.shared_pack_markdown(secret text)
returns private."text/markdown"
language plpgsql volatile security invoker set search_path = pg_catalog, pg_temp
as $$
begin
    return private.shared_text(
        private.open_share(shared_pack_markdown.secret), 'text/markdown'
    );
end;
$$;
comment on function public.shared_pack_markdown is
'The pack behind the secret of a link as Markdown. Anybody may call it, as shared_pack, and both
count together.

Errors: 404 not_found (also when it has ended or was revoked), 429 rate_limited.';
grant execute on function public.shared_pack_markdown to anon, authenticated;

create function public.shared_pack_csv(secret text)
returns private."text/csv"
language plpgsql volatile security invoker set search_path = pg_catalog, pg_temp
as $$
begin
    return private.shared_text(private.open_share(shared_pack_csv.secret), 'text/csv');
end;
$$;
comment on function public.shared_pack_csv is
'The pack behind the secret of a link as CSV. Anybody may call it, as shared_pack, and both count
together.

Errors: 404 not_found (also when it has ended or was revoked), 429 rate_limited.';
grant execute on function public.shared_pack_csv to anon, authenticated;
