-- Brand rules about claims, testimonials, prices and disclosure.

create function private.check_claim(params jsonb, script private.folded_text)
returns private.verdict
language plpgsql
stable
security invoker
set search_path = ''
as $$
declare
    v_category text := params ->> 'category';
    v_hits int4multirange := private.find_terms(script, private.claim_phrases(v_category))
        + private.find_patterns(
            script, private.claim_patterns(v_category) || private.texts(params -> 'patterns')
        );
    v_claim text := private.quote_hits(script, v_hits);
begin
    if isempty(v_hits) then
        return private.judge('pass', '{}', null);
    end if;
    case params ->> 'policy'
        when 'substantiate' then
            return private.pass_unless(
                jsonb_array_length(coalesce(params -> 'substantiation_refs', '[]')) = 0, v_hits,
                format('%s needs proof: name the source in the rule, or leave it out.', v_claim)
            );
        when 'disclaim' then
            return private.pass_unless(
                isempty(private.find_terms(
                    script, array[params ->> 'disclaimer'], 'substring',
                    '{case,width,zero_width}'
                )),
                v_hits, format('%s needs the disclaimer “%s”.', v_claim, params ->> 'disclaimer')
            );
        else
            return private.pass_unless(
                true, v_hits,
                format('%s makes a %s claim.', v_claim, replace(v_category, '_', '-and-'))
            );
    end case;
end;
$$;
comment on function private.check_claim is
'Fails on a claim that is forbidden, unproven (no substantiation_refs) or lacks its disclaimer.';

create function private.check_testimonial(script private.folded_text)
returns private.verdict
language plpgsql
stable
security invoker
set search_path = ''
as $$
declare
    v_hits int4multirange := private.find_patterns(script, private.testimonial_patterns());
begin
    if isempty(v_hits) then
        return private.judge('pass', '{}', null);
    end if;
    -- Whether it happened can't be read from the text.
    return private.judge(
        'needs_review', v_hits,
        format('%s must be the speaker''s own, true experience.', private.quote_hits(script, v_hits))
    );
end;
$$;
comment on function private.check_testimonial is 'Asks to review what is told as own experience.';

create function private.check_price_match(script private.folded_text)
returns private.verdict
language plpgsql
stable
security invoker
set search_path = ''
as $$
declare
    v_hits int4multirange := private.find_patterns(
        script,
        array[
            '(?:[$€£¥]|\m(?:usd|eur|gbp) ?)\s?\d+(?:[.,]\d+)*',
            '\m\d+(?:[.,]\d+)*\s?(?:[$€£¥]|(?:usd|eur|gbp|dollars?|euros?|bucks)\M)'
        ]
    );
begin
    if isempty(v_hits) then
        return private.judge('not_applicable', '{}', null);
    end if;
    return private.judge(
        'needs_review', v_hits,
        format('Is %s still the price on the product''s page?', private.quote_hits(script, v_hits))
    );
end;
$$;
comment on function private.check_price_match is
'Asks to compare each price with the product''s page.';

create function private.check_disclosure(params jsonb, script private.folded_text)
returns private.verdict
language plpgsql
stable
security invoker
set search_path = ''
as $$
declare
    -- A disclosure in disguise is none: nothing but upper and lower case is looked through.
    v_hits int4multirange := private.find_terms(
        script, private.texts(params -> 'accepted', private.default_phrases('accepted')), 'word',
        '{case}'
    );
    v_before text := left(script.content, lower(v_hits));
    v_seconds numeric := regexp_count(v_before, '\S+') / 2.5;
    v_hashtags integer := regexp_count(v_before, '#[[:alnum:]_]+');
begin
    if isempty(v_hits) then
        return private.pass_unless(
            true,
            private.find_terms(
                script, private.texts(params -> 'ambiguous', private.default_phrases('ambiguous')),
                'word', '{case}'
            ),
            'Say clearly that this is an ad: “ad”, “#ad”, “sponsored” or “paid partnership”.'
        );
    end if;
    return private.pass_unless(
        lower(v_hits) >= (params ->> 'caption_first_chars')::integer
        or v_seconds > (params ->> 'spoken_within_s')::numeric
        or v_hashtags > (params ->> 'max_preceding_hashtags')::integer,
        v_hits, 'Say earlier that this is an ad: people must not miss it.'
    );
end;
$$;
comment on function private.check_disclosure is
'Fails without a clear disclosure, or with one that comes too late or behind too many hashtags.
People speak about two and a half words a second.';
