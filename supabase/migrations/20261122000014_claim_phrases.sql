-- What claims, testimonials, disclosures and calls to action sound like, where a rule doesn't say.
-- Sources: FTC 16 CFR 255 and 465, “Disclosures 101”; TikTok Shop “Avoid Misleading Content”.

create function private.claim_phrases(category text)
returns text[]
language sql
immutable
security invoker
set search_path = ''
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
comment on function private.claim_phrases is 'Phrases that make a claim of this category.';

create function private.claim_patterns(category text)
returns text[]
language sql
immutable
security invoker
set search_path = ''
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
comment on function private.claim_patterns is
'The same as regular expressions, where numbers make the claim.';

create function private.testimonial_patterns()
returns text[]
language sql
immutable
security invoker
set search_path = ''
as $$
    select array[
        '\mI(''ve| have) (been using|used|tried|tested|owned|had this|worn)\M',
        '\mI (use|used|tried|tested|bought|ordered|wear|lost|gained|switched|swear by|noticed)\M',
        '\mI can''?t live without\M',
        '\m(changed|saved|transformed) my (life|skin|hair|body|sleep)\M',
        '\mmy (skin|hair|acne|back|face|sleep|energy|weight) '
        || '(is|was|has|feels|felt|looks|looked|cleared|improved|disappeared)\M',
        '\mworked for me\M',
        '\mmy (honest|personal) (review|experience|opinion)\M'
    ]
$$;
comment on function private.testimonial_patterns is
'Somebody speaking of their own experience with a product.';

create function private.default_phrases(purpose text)
returns text[]
language sql
immutable
security invoker
set search_path = ''
as $$
    select case purpose
        when 'accepted' then '{
            "#ad", "ad", "advertisement", "#sponsored", "sponsored", "sponsored by",
            "paid partnership", "#paidpartnership", "paid ad", "#advertisement"
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
'What counts as a disclosure (accepted), as none though meant as one (ambiguous), or as a cta.';
