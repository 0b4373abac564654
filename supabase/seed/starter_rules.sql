-- Starter rules: what the FTC and TikTok ask of every creator. Last checked in November 2026.

insert into private.starter_rules (pack, rule_name, rule_definition)
select
    d.pack,
    d.rule_name,
    d.definition
    || jsonb_build_object(
        'schema_version', '1.0',
        'source', jsonb_build_object(
            'origin', d.pack,
            'url', case d.pack
                when 'ftc' then 'https://www.ftc.gov/influencers'
                else 'https://seller-us.tiktok.com/university'
            end
        )
    )
from (
    values
    (
        'ftc', 'FTC: say clearly that it is an ad',
        '{"kind": "disclosure", "severity": "error",
        "applies_when": {"paid_partnership": true}, "params": {"max_preceding_hashtags": 2},
        "message": "Paid, gifted or affiliate content must say so, in the post itself.",
        "suggestion": "Say “ad”, “sponsored” or “paid partnership”: spoken, on screen and in the caption.",
        "examples": {"pass": ["#ad My new lamp"], "fail": ["#sp My new lamp", "Thanks to Luma!"]}}'::jsonb
    ),
    (
        'ftc', 'FTC: no unclear disclosure',
        '{"kind": "banned_phrase", "severity": "warning",
        "params": {"terms": ["#sp", "#spon", "#partner", "#collab", "#ambassador", "#gifted"],
        "normalise": ["case", "width", "zero_width"]},
        "message": "People don’t understand this as an ad.",
        "suggestion": "Use #ad or “sponsored”.",
        "examples": {"pass": ["#ad #lamp", "My partner loves it"], "fail": ["Look #spon"]}}'
    ),
    (
        'ftc', 'FTC: only true, own experience',
        '{"kind": "testimonial", "severity": "error",
        "params": {"policy": "forbid_fabricated_first_person"},
        "message": "Invented reviews and experiences are forbidden, also those that AI writes.",
        "suggestion": "Keep this only if it happened to the person who says it.",
        "examples": {"pass": ["It has three brightness levels."], "fail": ["I tried it for a month."]}}'
    ),
    (
        'ftc', 'FTC: prove health claims',
        '{"kind": "claim", "severity": "error",
        "params": {"category": "health", "policy": "substantiate"},
        "message": "A health claim needs solid scientific evidence.",
        "suggestion": "Say what it is made of or how it feels, or name the evidence in this rule.",
        "examples": {"pass": ["It smells of mint."], "fail": ["It cures headaches."]}}'
    ),
    (
        'ftc', 'FTC: no weight-loss promises',
        '{"kind": "claim", "severity": "error",
        "params": {"category": "weight", "policy": "forbid"},
        "message": "No product makes people lose a set weight.",
        "examples": {"pass": ["It weighs 10 pounds."], "fail": ["I lost 10 pounds."]}}'
    ),
    (
        'ftc', 'FTC: prove income claims',
        '{"kind": "claim", "severity": "error",
        "params": {"category": "income", "policy": "substantiate"},
        "message": "Earnings must be typical, and proven.",
        "examples": {"pass": ["It costs $20."], "fail": ["Make $500 a week."]}}'
    ),
    (
        'tiktok', 'TikTok: no absolute claims',
        '{"kind": "claim", "severity": "error",
        "params": {"category": "superlative", "policy": "forbid"},
        "message": "TikTok Shop forbids exaggerated and absolute claims.",
        "suggestion": "Name one thing it does well.",
        "examples": {"pass": ["A bright lamp"], "fail": ["The No.1 lamp", "A m1racle"]}}'
    ),
    (
        'tiktok', 'TikTok: no guaranteed or instant results',
        '{"kind": "claim", "severity": "error",
        "params": {"category": "guarantee", "policy": "forbid"},
        "message": "TikTok Shop forbids promises of certain, instant or total results.",
        "examples": {"pass": ["It may help."], "fail": ["100% guaranteed"]}}'
    ),
    (
        'tiktok', 'TikTok: no medical claims',
        '{"kind": "claim", "severity": "error",
        "params": {"category": "health", "policy": "forbid"},
        "message": "TikTok Shop forbids medical claims for cosmetics and supplements.",
        "examples": {"pass": ["It feels soft."], "fail": ["It treats acne."]}}'
    ),
    (
        'tiktok', 'TikTok: no comparison with others',
        '{"kind": "claim", "severity": "error",
        "params": {"category": "comparison", "policy": "forbid"},
        "message": "TikTok Shop forbids comparing with, or talking down, other products.",
        "examples": {"pass": ["It is quiet."], "fail": ["Better than Lumio"]}}'
    ),
    (
        'tiktok', 'TikTok: before and after with a disclaimer',
        '{"kind": "claim", "severity": "warning",
        "params": {"category": "before_after", "policy": "disclaim",
        "disclaimer": "Results may vary"},
        "message": "Before-and-after claims need an approved disclaimer.",
        "suggestion": "Add “Results may vary”.",
        "examples": {"pass": ["Before and after. Results may vary."], "fail": ["Before and after"]}}'
    ),
    (
        'tiktok', 'TikTok: the price of the product page',
        '{"kind": "price_match", "severity": "warning", "params": {},
        "message": "What is said must equal the product page: price, origin, quantity, awards.",
        "examples": {"pass": ["A lamp"], "fail": ["Only $19.99"]}}'
    ),
    (
        'tiktok', 'TikTok: switch content disclosure on',
        '{"kind": "rubric", "severity": "info",
        "params": {"text": "Is TikTok’s content disclosure switched on, for your own brand or a paid partnership?"}}'
    )
) as d (pack, rule_name, definition)
on conflict on constraint starter_rules_pkey do update set
    rule_definition = excluded.rule_definition;
