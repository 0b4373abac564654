"""How far a post stands out from what its creator usually gets, and whether it may still grow."""

from __future__ import annotations

from tests.insights.samples import analysed, make_video


def test_nothing_is_called_better_than_usual_when_usual_is_strangers():
    """Views among strangers tell the size of the account; saves per like tell something else."""
    others = [make_video(f"c{n}", views=1000 * n, saves=n) for n in range(1, 22)]
    subject = make_video("ana", role="subject", views=40_000, saves=0)
    pack = analysed(videos=(*others, subject)).pack.configuration
    assert "better than usual" not in pack["headline"]
    assert pack["score"]["band"] == "insufficient_data"
    assert pack["score"]["value"] is None
