"""Links that are stored name no person."""

from __future__ import annotations

import pytest

from workers.insights.evidence import public_link


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        (
            "https://www.tiktok.com/@somebody/video/7123456789",
            "https://www.tiktok.com/player/v1/7123456789",
        ),
        (
            "https://m.tiktok.com/@somebody/video/7123456789/?lang=en",
            "https://www.tiktok.com/player/v1/7123456789",
        ),
        ("https://www.tiktok.com/@somebody", None),
        ("https://tiktok.com.evil.example/@a/video/7123456789", None),
        ("https://shop.example/somebody", None),
        ("http://[", None),
        (None, None),
    ],
)
def test_only_videos_are_linked_and_without_the_handle(url, shown):
    assert public_link(url) == shown
