-- Brand rules about advertising claims, testimonials, prices and disclosure, with default phrases.
-- Sources: FTC 16 CFR 255 and 465, “Disclosures 101”; TikTok Shop “Avoid Misleading Content”.

create function private.advertising_claim_phrases(category text)
returns text[]
language sql immutable security invoker set search_path = pg_catalog, pg_temp
as $$
    select case category
        when 'health' then '{
            "cures", "cure", "heals", "heal", "remedy", "treats acne", "treats eczema",
            "treats psoriasis", "treats anxiety", "treats depression", "fights disease",
            "prevents disease", "prevents cancer", "boosts immunity", "boosts your immune system",
            "clinically proven", "doctor recommended", "dermatologist approved", "FDA approved",
            "medical grade", "detox", "detoxifies", "anti-inflammatory", "relieves pain",
            "pain relief", "lowers blood pressure", "lowers cholesterol", "balances hormones"
        }'::text[]
        when 'weight' then '{
            "lose weight", "weight loss", "burns fat", "fat burner", "fat burning", "melts fat",
            "melt belly fat", "flat stomach", "suppresses appetite", "slimming", "get skinny",
            "drop a dress size", "shed pounds"
        }'
        when 'income' then '{
            "get rich", "make money fast", "easy money", "passive income", "quit your job",
            "financial freedom", "six figures", "double your money", "earn from home",
            "guaranteed income"
        }'
        when 'superlative' then '{
            "the best", "number one", "number 1", "no. 1", "no.1", "#1", "world''s best",
            "best in the world", "best ever", "the only", "unbeatable", "perfect", "miracle",
            "revolutionary", "the greatest", "top rated", "best selling", "the ultimate"
        }'
        when 'guarantee' then '{
            "guaranteed", "guarantee", "100%", "risk free", "instant results", "instantly",
            "overnight", "works every time", "never fails", "always works", "permanent results",
            "no side effects", "completely safe", "works for everyone", "results in days"
        }'
        when 'before_after' then '{
            "before and after", "before & after", "before/after", "my transformation",
            "look at the difference", "day 1 vs", "week 1 vs"
        }'
        when 'comparison' then '{
            "better than", "cheaper than", "stronger than", "faster than", "more effective than",
            "unlike other brands", "other brands", "beats", "outperforms", "compared to",
            "don''t waste your money on", "dupe for"
        }'
    end
$$;
comment on function private.advertising_claim_phrases is
'Phrases that make an advertising claim of this category, such as health or income.';

create function private.advertising_claim_patterns(category text)
returns text[]
language sql immutable security invoker set search_path = pg_catalog, pg_temp
as $$
    select case category
        when 'health' then array[
            '\m(treat|prevent|reverse|eliminate|get rid of)(s|d|ed|ing)? (your |my |all )?'
            || '(acne|eczema|psoriasis|rosacea|anxiety|depression|diabetes|cancer|arthritis'
            || '|insomnia)\M'
        ]
        when 'weight' then array[
            '\m(lose|lost|drop|dropped|shed|burn|burned) (up to |over )?\d+ ?'
            || '(lbs?|pounds?|kg|kilos?|inches)\M'
        ]
        when 'income' then array[
            '\m(make|made|earn|earned|making|earning) (up to |over )?[$€£] ?\d[\d.,]*k?'
        ]
        when 'guarantee' then array[
            '\m(in|within|after) (just |only )?\d+ (minutes?|hours?|days?|nights?)\M',
            '\mresults? in (one|two|three|\d+)\M'
        ]
        when 'before_after' then array[
            '\m(day|week|month) \d+ (vs\.?|versus|to) (day|week|month) \d+\M'
        ]
        else '{}'::text[]
    end
$$;
comment on function private.advertising_claim_patterns is
'Regular expressions for advertising claims of this category that have a number or many forms.';

create function private.default_phrases(purpose text)
returns text[]
language sql immutable security invoker set search_path = pg_catalog, pg_temp
as $$
    select case purpose
        when 'accepted' then '{
            "#ad", "ad", "sponsored", "paid partnership", "advertisement", "#sponsored",
            "sponsored by", "#paidpartnership", "paid ad", "#advertisement"
        }'::text[]
        when 'ambiguous' then '{
            "#sp", "#spon", "#partner", "#partners", "#collab", "#ambassador", "thanks to",
            "#thanks", "#gifted", "#affiliate", "#pr"
        }'
        when 'cta' then '{
            "link in bio", "shop now", "buy now", "order now", "get yours", "tap the", "tap below",
            "click the", "swipe up", "try it", "check it out", "follow for", "follow me",
            "comment below", "save this", "share this", "sign up", "add to cart", "yellow basket",
            "orange basket", "use code", "grab yours", "learn more", "tell me in the comments"
        }'
    end
$$;
comment on function private.default_phrases is
'The phrases of a rule without its own. accepted: a clear disclosure; ambiguous: an unclear one;
cta: a call to action.';

create function private.parameter_defaults()
returns table (kind text, name text, value jsonb)
language sql immutable security invoker set search_path = pg_catalog, pg_temp
as $$
    values
    ('definition', 'scope', '["body"]'::jsonb),
    ('banned_phrase', 'match', '"word"'),
    ('banned_phrase', 'normalise', '["case", "width", "leet", "zero_width"]'),
    ('required_mention', 'min', '1'),
    ('required_mention', 'spelling', '"any"'),
    ('disclosure', 'accepted', to_jsonb(private.default_phrases('accepted'))),
    ('disclosure', 'ambiguous', to_jsonb(private.default_phrases('ambiguous'))),
    ('max_length', 'wpm', '150'),
    ('regex', 'must', '"not_match"'),
    ('cta', 'required', 'true'),
    ('cta', 'any_of', to_jsonb(private.default_phrases('cta'))),
    ('cta', 'position', '"anywhere"'),
    ('competitor_mention', 'policy', '"forbid"')
$$;
comment on function private.parameter_defaults is
'The default of each param that has one. Any other param that a rule leaves out asks for nothing.';

create function private.check_advertising_claim(params jsonb, script private.normalized_text)
returns private.verdict
language plpgsql stable security invoker set search_path = pg_catalog, pg_temp
as $$
declare
    v_category text := params ->> 'category';
    v_patterns text[] := private.advertising_claim_patterns(v_category)
    || private.texts(params -> 'patterns');
    v_matches int4multirange := private.pattern_matches(script, v_patterns)
    + private.term_matches(script, private.advertising_claim_phrases(v_category));
    v_claim text;
begin
    if isempty(v_matches) then
        return row('pass', '{}', null)::private.verdict;
    end if;
    v_claim := private.quote_matches(script, v_matches);
    case params ->> 'policy'
        when 'substantiate' then
            return private.pass_unless(
                jsonb_array_length(coalesce(params -> 'substantiation_refs', '[]')) = 0, v_matches,
                format('%s needs proof: name the source in the rule, or leave it out.', v_claim)
            );
        when 'disclaim' then
            return private.pass_unless(
                isempty(private.term_matches(
                    script, array[params ->> 'disclaimer'], 'substring',
                    '{case,width,zero_width}'
                )),
                v_matches, format('%s needs the disclaimer “%s”.', v_claim, params ->> 'disclaimer')
            );
        else
            return row(
                'fail', v_matches,
                format(
                    '%s makes %s %s claim.', v_claim,
                    case when v_category = 'income' then 'an' else 'a' end,
                    replace(v_category, '_', '-and-')
                )
            )::private.verdict;
    end case;
end;
$$;
comment on function private.check_advertising_claim is
'Fails on an advertising claim that is forbidden, has no substantiation_refs, or lacks its
disclaimer.';

create function private.check_testimonial(script private.normalized_text)
returns private.verdict
language plpgsql stable security invoker set search_path = pg_catalog, pg_temp
as $$
declare
    -- The speaker's own experience with a product.
    v_matches int4multirange := private.pattern_matches(script, array[
        '\mI(''ve| have) (been using|used|tried|tested|owned|had this|worn)\M',
        '\mI (use|used|tried|tested|bought|ordered|wear|lost|gained|switched|swear by|noticed)\M',
        '\mI can''?t live without\M',
        '\m(changed|saved|transformed) my (life|skin|hair|body|sleep)\M',
        '\mmy (skin|hair|acne|back|face|sleep|energy|weight) '
        || '(is|was|has|feels|felt|looks|looked|cleared|improved|disappeared)\M',
        '\mworked for me\M',
        '\mmy (honest|personal) (review|experience|opinion)\M'
    ]);
begin
    if isempty(v_matches) then
        return row('pass', '{}', null)::private.verdict;
    end if;
    -- The text does not tell whether it is true, so a person decides.
    return row(
        'needs_review', v_matches,
        format(
            '%s must be the speaker''s own, true experience.',
            private.quote_matches(script, v_matches)
        )
    )::private.verdict;
end;
$$;
comment on function private.check_testimonial is
'Asks a person to review each testimonial (needs_review).';

create function private.check_price_match(script private.normalized_text)
returns private.verdict
language plpgsql stable security invoker set search_path = pg_catalog, pg_temp
as $$
declare
    v_matches int4multirange := private.pattern_matches(
        script,
        array[
            '(?:[$€£¥]|\m(?:usd|eur|gbp) ?)\s?\d+(?:[.,]\d+)*',
            '\m\d+(?:[.,]\d+)*\s?(?:[$€£¥]|(?:usd|eur|gbp|dollars?|euros?|bucks)\M)'
        ]
    );
begin
    if isempty(v_matches) then
        return row('not_applicable', '{}', null)::private.verdict;
    end if;
    return row(
        'needs_review', v_matches,
        format(
            'Is %s still the price on the product''s page?',
            private.quote_matches(script, v_matches)
        )
    )::private.verdict;
end;
$$;
comment on function private.check_price_match is
'Asks a person to compare each price with the product''s page (needs_review).';

create function private.check_disclosure(params jsonb, script private.normalized_text)
returns private.verdict
language plpgsql stable security invoker set search_path = pg_catalog, pg_temp
as $$
declare
    -- A disguised disclosure discloses nothing, so only case is ignored.
    v_accepted text[] := private.texts(
        params -> 'accepted', private.default_phrases('accepted')
    );
    v_matches int4multirange := private.term_matches(script, v_accepted, 'word', '{case}');
    v_before text := left(script.content, lower(v_matches));
    v_seconds numeric := regexp_count(v_before, '\S+') / 2.5;
    v_hashtags integer := regexp_count(v_before, '#[[:alnum:]_]+');
begin
    if isempty(v_matches) then
        return row(
            'fail',
            private.term_matches(
                script, private.texts(params -> 'ambiguous', private.default_phrases('ambiguous')),
                'word', '{case}'
            ),
            format('Say clearly that this is an ad: %s.', private.quote_list(v_accepted))
        )::private.verdict;
    end if;
    return private.pass_unless(
        lower(v_matches) >= (params -> 'caption_first_chars')::integer
        or v_seconds > (params -> 'spoken_within_s')::numeric
        or v_hashtags > (params -> 'max_preceding_hashtags')::integer,
        v_matches, 'Say earlier that this is an ad: people must not miss it.'
    );
end;
$$;
comment on function private.check_disclosure is
'Fails without a clear disclosure, or with one that is too late or behind too many hashtags.
Seconds are words at 2.5 a second.';
