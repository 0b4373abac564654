"""`make screenshots`: the main states of the dashboard as pictures, into docs/images."""

from __future__ import annotations

import sys

import psycopg

from local.layout import ROOT
from tests.dashboard import stage as stages

IMAGES = ROOT / "docs" / "images"

# Three weeks of earlier analyses. Their numbers are made up, as the sample data is.
_EARLIER = """
insert into public.analysis_numbers (
    user_id, product_id, created_at, basis, band, stands_out, stands_out_low, stands_out_high,
    ratio, ratio_low, ratio_high, net, net_low, net_high, comments, complaints, complaint_counts,
    is_sample, is_hit, judged_at
)
select
    product.user_id, product.id, now() - make_interval(days => days), 'creator_median', band,
    value, value - spread, least(value + spread / 2, 99), 2, 1.2, 3, net, net - 0.3, net + 0.3,
    150, array['People complain: it leaks'], '{"People complain: it leaks": 9}', true,
    days > 4 and days <> 11, case when days > 4 then now() end
from public.products as product, (values
    (25, 'typical', 52, 18, 0.31), (21, 'typical', 58, 17, 0.29), (18, 'above', 66, 14, 0.34),
    (14, 'above', 71, 12, 0.22), (11, 'above', 70, 11, 0.12), (7, 'above', 82, 8, 0.15),
    (3, 'breakout', 91, 5, 0.19)
) as earlier (days, band, value, spread, net)
where product.name = 'Marlow Cold Brew Bottle'
"""


def main() -> None:
    """Exits with a sentence if Chromium is missing."""
    if stages.chromium() is None:
        sys.exit(stages.MISSING)
    stages.build()
    IMAGES.mkdir(exist_ok=True)
    with stages.opened() as stage:
        stage.run("pictures.mjs", "prepare", NAME="demo")
        with psycopg.connect(stage.stack.env["DB_URL"]) as db:
            db.execute(_EARLIER)
        sys.stdout.write(stage.run("pictures.mjs", "take", NAME="demo", IMAGES=str(IMAGES)))


if __name__ == "__main__":
    main()
