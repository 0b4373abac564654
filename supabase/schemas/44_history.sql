-- History: the numbers of each analysis of a product, kept longer than its documents. The record:
-- how many of the intervals shown held at the next look at the same video.

create table public.analysis_numbers (
    id uuid primary key default gen_random_uuid(),
    user_id uuid not null references public.accounts on delete cascade,
    product_id uuid not null references public.products on delete cascade,
    created_at timestamptz not null default now(),
    video text,
    basis text,
    band text,
    stands_out double precision,
    stands_out_low double precision,
    stands_out_high double precision,
    ratio double precision,
    ratio_low double precision,
    ratio_high double precision,
    net double precision,
    net_low double precision,
    net_high double precision,
    comments integer,
    complaints text[] not null default '{}',
    complaint_counts jsonb not null default '{}',
    views_per_hour double precision,
    stage text,
    price numeric,
    currency text,
    is_sold_out boolean,
    is_sample boolean not null default false,
    is_hit boolean,
    judged_at timestamptz
);
comment on table public.analysis_numbers is
'The numbers of each analysis of a product: what product_history shows, and what the next analysis
compares itself with. Only workers write it.';
comment on column public.analysis_numbers.video is
'The pseudonym of the video that stands_out is about; null without a video.';
comment on column public.analysis_numbers.basis is
'What the video was compared with, as in the document; null without a video.';
comment on column public.analysis_numbers.band is
'breakout, above, typical, below or insufficient_data; null if the document has none.';
comment on column public.analysis_numbers.stands_out is
'How many of a hundred posts stand out less, 0 to 100; null if it could not be measured.';
comment on column public.analysis_numbers.stands_out_low is
'The lower end of its 80 % interval; null without one.';
comment on column public.analysis_numbers.stands_out_high is
'The upper end of its 80 % interval; null without one.';
comment on column public.analysis_numbers.ratio is
'The views of the video as a multiple of its creator''s usual views; null if not measured.';
comment on column public.analysis_numbers.ratio_low is
'The lower end of the 80 % interval of the ratio; null without one. The next look at the video is
expected within it.';
comment on column public.analysis_numbers.ratio_high is
'The upper end of the same interval; null without one.';
comment on column public.analysis_numbers.net is
'The share of praise minus the share of complaint, -1 to 1; null for fewer than ten comments.';
comment on column public.analysis_numbers.net_low is
'The lower end of its 95 % interval; null without one.';
comment on column public.analysis_numbers.net_high is
'The upper end of its 95 % interval; null without one.';
comment on column public.analysis_numbers.comments is
'How many comments and reviews were analysed; null if the document does not say.';
comment on column public.analysis_numbers.complaints is
'The titles of the complaints, in the order of the document.';
comment on column public.analysis_numbers.complaint_counts is
'How many comments make each complaint, by title. Without those that a language model has worded:
it may word the same complaint in another way the next time.';
comment on column public.analysis_numbers.views_per_hour is
'Views that the video gained in an hour since the last look; null before a second look.';
comment on column public.analysis_numbers.stage is
'heating, steady, saturating or insufficient_data; null if the document has none.';
comment on column public.analysis_numbers.price is
'The price on the product''s page; null without one.';
comment on column public.analysis_numbers.currency is
'The currency of the price; null if the page names none.';
comment on column public.analysis_numbers.is_sold_out is
'Whether the page says that it is sold out; null if it does not say.';
comment on column public.analysis_numbers.is_hit is
'Whether the ratio of the next look at the same video lies between ratio_low and ratio_high. The
next look is the first one three days later, or more. Null until then, and always where basis is
followers.';
comment on column public.analysis_numbers.judged_at is
'When that next look came; null until then.';

create index analysis_numbers_product_id_created_at_idx
on public.analysis_numbers (product_id, created_at desc);
create index analysis_numbers_user_id_created_at_idx
on public.analysis_numbers (user_id, created_at desc);
create statistics public.analysis_numbers_product_id_user_id_stats (dependencies)
on product_id, user_id from public.analysis_numbers;

alter table public.analysis_numbers enable row level security;
create policy analysis_numbers_select_own on public.analysis_numbers
for select to authenticated
using (user_id = (select auth.uid()));

grant select on public.analysis_numbers to authenticated;
grant select, insert, update, delete on public.analysis_numbers to service_role;

create view public.product_history with (security_invoker = true) as
select
    n.product_id,
    n.created_at as analysed_at,
    n.stands_out,
    n.stands_out_low,
    n.stands_out_high,
    n.net,
    n.net_low,
    n.net_high,
    n.complaints,
    n.views_per_hour,
    n.is_hit,
    n.judged_at,
    n.band,
    n.ratio,
    n.ratio_low,
    n.ratio_high
from public.analysis_numbers as n;
comment on view public.product_history is
'One row for each analysis of the caller''s products, for a chart. It outlives the documents.

One product, the oldest first: product_id=eq.I&order=analysed_at. is_hit says whether the next look
at the same video lay in the interval of the ratio. A plan keeps kept_history rows of a product.';
grant select on public.product_history to authenticated;
grant select on public.product_history to service_role;

create view public.product_comparison with (security_invoker = true) as
select
    m.product_id,
    p.id as compared_id,
    p.name,
    m.is_competitor,
    n.created_at as analysed_at,
    n.stands_out,
    n.stands_out_low,
    n.stands_out_high,
    n.band,
    n.net,
    n.net_low,
    n.net_high,
    n.complaints,
    n.views_per_hour,
    n.price,
    n.currency,
    n.is_sold_out
from (
    select
        o.id as product_id,
        o.id as compared_id,
        false as is_competitor
    from public.products as o
    union all
    select
        c.product_id,
        c.competitor_id as compared_id,
        true as is_competitor
    from public.competitors as c
) as m
inner join public.products as p on m.compared_id = p.id
left join lateral (
    select a.* from public.analysis_numbers as a
    where a.product_id = p.id
    order by a.created_at desc
    limit 1
) as n on true;
comment on view public.product_comparison is
'The latest numbers of each product of the caller beside those of its competitors.

One product: product_id=eq.I&order=is_competitor,name. The first row is the product itself. All
numbers are null before the first analysis.';
grant select on public.product_comparison to authenticated;
grant select on public.product_comparison to service_role;

create table private.score_records (
    user_id uuid primary key references public.accounts on delete cascade,
    judged integer not null check (judged >= hits),
    hits integer not null check (hits >= 0)
) with (fillfactor = 70);
comment on table private.score_records is
'How many ratio intervals of each account were judged, and how many held. Of the looks at one video
on one day (UTC) the first counts. It counts on when products are deleted and history is pruned:
nobody improves the record by deleting misses.';
alter table private.score_records enable row level security;

create function private.wilson(hits bigint, n bigint)
returns double precision[]
language sql immutable security invoker set search_path = pg_catalog, pg_temp
begin atomic
    -- 3.8415 is the square of the normal quantile 1.95996.
    select
        array[
            round(greatest(0, v.centre - v.half)::numeric, 3),
            round(least(1, v.centre + v.half)::numeric, 3)
        ]::double precision[]
    from (
        select
            (hits + 3.8415 / 2) / (n + 3.8415) as centre,
            sqrt(3.8415 * (hits::double precision * (n - hits) / n + 3.8415 / 4))
            / (n + 3.8415) as half
        where n > 0
    ) as v;
end;
comment on function private.wilson is
'The 95 % interval of a share of `hits` in `n` (Wilson); null if n is 0.';
grant execute on function private.wilson to authenticated;
grant execute on function private.wilson to service_role;

create function private.own_score_record(out n bigint, out hits bigint)
language sql stable security definer set search_path = pg_catalog, pg_temp
begin atomic
    select
        coalesce(max(r.judged), 0),
        coalesce(max(r.hits), 0)
    from private.score_records as r where r.user_id = auth.uid();
end;
comment on function private.own_score_record is
'How many intervals of the caller were judged, and how many held. Definer: records are internal;
identity comes from the token.';
grant execute on function private.own_score_record to authenticated;

create function private.whole_score_record(out n bigint, out hits bigint)
language sql stable security definer set search_path = pg_catalog, pg_temp
begin atomic
    select
        sum(r.judged),
        sum(r.hits)
    from private.score_records as r
    having sum(r.judged) >= 20;
end;
comment on function private.whole_score_record is
'How many intervals of all accounts were judged, and how many held; null below 20, so that the sums
reveal no single video. Definer: records are internal; only sums leave it.';
grant execute on function private.whole_score_record to authenticated;

create function public.score_record(
    out n integer, out hits integer, out rate double precision, out ci95 double precision[]
)
language sql stable security invoker set search_path = pg_catalog, pg_temp
begin atomic
    select
        r.n,
        r.hits,
        round(r.hits / nullif(r.n, 0)::numeric, 3),
        private.wilson(r.hits, r.n)
    from private.own_score_record() as r;
end;
comment on function public.score_record is
'How often the 80 % intervals of the caller''s scores held at the next look at the same video.

n intervals were judged, hits of them held; rate is their share with its 95 % interval ci95. An
interval that means what it says holds in about 0.8. rate and ci95 are null while n is 0.

Of the looks at one video on one day (UTC) the first counts. Intervals from followers (basis) are
not judged. They are about what the creator usually reaches, and the next look tells that no better.

ci95 takes the hits for independent. Looks on successive days judge overlapping periods of a video,
so with daily watches ci95 is too narrow.';
grant execute on function public.score_record to authenticated;

create function public.service_score_record(
    out n integer, out hits integer, out rate double precision, out ci95 double precision[]
)
language sql stable security invoker set search_path = pg_catalog, pg_temp
begin atomic
    select
        r.n,
        r.hits,
        round(r.hits / r.n::numeric, 3),
        private.wilson(r.hits, r.n)
    from private.whole_score_record() as r;
end;
comment on function public.service_score_record is
'The same as score_record for all accounts together. All null while fewer than 20 intervals were
judged.';
grant execute on function public.service_score_record to authenticated;

create function private.shown_record(user_id uuid)
returns jsonb
language sql stable security invoker set search_path = pg_catalog, pg_temp
as $$
    select jsonb_build_object(
        'scope', v.scope, 'n', v.n, 'hits', v.hits, 'rate', round(v.hits / v.n::numeric, 3),
        'ci95', private.wilson(v.hits, v.n)
    )
    from (
        select 1 as rank, 'account' as scope, r.judged::bigint as n, r.hits::bigint as hits
        from private.score_records as r where r.user_id = shown_record.user_id
        union all
        select 2, 'service', w.n, w.hits from private.whole_score_record() as w
    ) as v
    where v.n >= 20
    order by v.rank
    limit 1
$$;
comment on function private.shown_record is
'The record that a pack shows beside its score: that of the account from 20 intervals on, else that
of all accounts; null below 20.';

create function private.analysis_numbers(
    results jsonb,
    out video text,
    out basis text,
    out band text,
    out stands_out double precision,
    out stands_out_low double precision,
    out stands_out_high double precision,
    out ratio double precision,
    out ratio_low double precision,
    out ratio_high double precision,
    out net double precision,
    out net_low double precision,
    out net_high double precision,
    out comments integer,
    out complaints text[],
    out complaint_counts jsonb,
    out views_per_hour double precision,
    out stage text,
    out is_sample boolean
)
language plpgsql immutable security definer set search_path = pg_catalog, pg_temp
as $$
declare
    v_virality jsonb := jsonb_path_query_first(
        results, '$[*] ? (@.type == "virality_breakdown").content'
    );
    v_sentiment jsonb := jsonb_path_query_first(
        results, '$[*] ? (@.type == "sentiment_summary").content'
    );
    v_pains jsonb := jsonb_path_query_array(v_sentiment, '$.themes[*] ? (@.kind == "pain")');
begin
    -- The counts open with the video that the score is about.
    video := v_virality #>> '{counts,0,pseudonym}';
    basis := v_virality #>> '{stands_out,basis}';
    band := v_virality #>> '{stands_out,band}';
    stands_out := private.number_at(v_virality, '{stands_out,value}');
    stands_out_low := private.number_at(v_virality, '{stands_out,interval,0}');
    stands_out_high := private.number_at(v_virality, '{stands_out,interval,1}');
    ratio := private.number_at(v_virality, '{stands_out,ratio}');
    ratio_low := private.number_at(v_virality, '{stands_out,ratio_interval,0}');
    ratio_high := private.number_at(v_virality, '{stands_out,ratio_interval,1}');
    -- An average over the life of the video says nothing about its speed now.
    views_per_hour := case
        when v_virality #>> '{velocity,status}' is distinct from 'lifetime_average'
            then private.number_at(v_virality, '{velocity,views_per_hour}')
    end;
    stage := v_virality ->> 'stage';
    net := private.number_at(v_sentiment, '{overall,net}');
    net_low := private.number_at(v_sentiment, '{overall,ci95,0}');
    net_high := private.number_at(v_sentiment, '{overall,ci95,1}');
    comments := private.number_at(v_sentiment, '{sample,analysed}');
    complaints := array(
        select t.theme ->> 'title'
        from jsonb_array_elements(v_pains) with ordinality as t (theme, place)
        order by t.place
    );
    select coalesce(jsonb_object_agg(t.theme ->> 'title', t.theme -> 'n'), '{}')
    into complaint_counts
    from jsonb_array_elements(v_pains) as t (theme)
    where t.theme ->> 'source' is distinct from 'model' and t.theme ? 'title';
    is_sample := coalesce(v_sentiment #>> '{subject,source_kind}' = 'sample', false);
end;
$$;
comment on function private.analysis_numbers is
'Reads the numbers of an analysis from its documents. No other code knows their paths there.
Definer: private.number_at is internal.';
grant execute on function private.analysis_numbers to worker;

create function private.number_at(document jsonb, path text[])
returns double precision
language sql immutable security invoker set search_path = pg_catalog, pg_temp
begin atomic
    select case
        when jsonb_typeof(document #> path) = 'number' then (document #> path)::double precision
    end;
end;
comment on function private.number_at is
'The number at a path of a document; null if there is none.';

create function private.save_numbers(product public.products, results jsonb, offer jsonb)
returns void
language plpgsql volatile security invoker set search_path = pg_catalog, pg_temp
as $$
declare
    v_last_band text;
    v_new public.analysis_numbers;
begin
    insert into public.analysis_numbers (
        user_id, product_id, video, basis, band, stands_out, stands_out_low, stands_out_high,
        ratio, ratio_low, ratio_high, net, net_low, net_high, comments, complaints,
        complaint_counts, views_per_hour, stage, is_sample, price, currency, is_sold_out
    )
    select
        product.user_id, product.id, n.video, n.basis, n.band, n.stands_out, n.stands_out_low,
        n.stands_out_high, n.ratio, n.ratio_low, n.ratio_high, n.net, n.net_low, n.net_high,
        n.comments, n.complaints, n.complaint_counts, n.views_per_hour, n.stage, n.is_sample,
        o.price, o.currency, o.is_sold_out
    from private.analysis_numbers(results) as n,
        jsonb_to_record(offer) as o (price numeric, currency text, is_sold_out boolean)
    returning * into v_new;
    -- Bands of other videos, of other baselines and of sample data say nothing about this one.
    select n.band into v_last_band from public.analysis_numbers as n
    where n.product_id = product.id and n.id <> v_new.id
        and n.video = v_new.video and n.basis = v_new.basis and n.is_sample = v_new.is_sample
        and n.band <> 'insufficient_data'
    order by n.created_at desc limit 1;
    if v_new.band = 'breakout' and v_last_band <> 'breakout' then
        perform private.notify(
            product.user_id, 'breakout', product.id,
            format('The video of %s is a breakout now.', product.name)
            || coalesce(format(' It has %s times the usual views.', round(v_new.ratio::numeric, 1)), ''),
            jsonb_build_object(
                'product', product.name, 'ratio', round(v_new.ratio::numeric, 1)
            )
        );
    end if;
    -- Sample data never changes: each of its intervals would hold.
    if not v_new.is_sample then
        with judged as (
            update public.analysis_numbers as n
            set is_hit = v_new.ratio between n.ratio_low and n.ratio_high, judged_at = now()
            where n.product_id = product.id and n.is_hit is null and not n.is_sample
                and n.video = v_new.video and n.basis = v_new.basis and n.basis <> 'followers'
                and n.created_at <= now() - interval '3 days'
                and v_new.ratio between n.ratio_low and n.ratio_high is not null
            -- Whether the account has looked at the video on that day before.
            returning n.is_hit, exists (
                select from public.analysis_numbers as o
                where o.user_id = n.user_id and o.video = n.video and o.basis = n.basis
                    and o.created_at >= date_trunc('day', n.created_at, 'UTC')
                    and (o.created_at, o.id) < (n.created_at, n.id)
                    and not o.is_sample and o.ratio_low <= o.ratio_high
            ) as is_repeated
        )
        insert into private.score_records as r (user_id, judged, hits)
        select product.user_id, count(*), count(*) filter (where j.is_hit) from judged as j
        where not j.is_repeated
        having count(*) > 0
        on conflict on constraint score_records_pkey do update
        set judged = r.judged + excluded.judged, hits = r.hits + excluded.hits;
    end if;
    delete from public.analysis_numbers as n where n.id in (
        select o.id from public.analysis_numbers as o where o.product_id = product.id
        order by o.created_at desc
        offset private.limit_of(product.user_id, 'kept_history')
    );
end;
$$;
comment on function private.save_numbers is
'Adds the numbers of an analysis to the history of its product. Judges the earlier intervals of the
same video that are at least three days old, unless they come from followers. Notifies of a breakout
if the last measured look at the same video was no breakout. Deletes what exceeds
plans.kept_history. The caller has locked the product.';
