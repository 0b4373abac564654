"""Headers that are no UTF-8: refused or ignored, never a mistake of ours."""

from __future__ import annotations

HEADERS = (
    *("Accept", "Authorization", "Content-Type", "Cookie", "If-None-Match", "Origin", "User-Agent"),
    *("Stripe-Signature", "Svix-Id", "Svix-Signature", "Svix-Timestamp", "X-Request-Id"),
)
VALUES = ("\xff\xfe", "Bearer \xff", "caf\xe9", "user_\xc3")


def test_a_header_that_is_no_text_is_no_mistake_of_ours(edge):
    asked = [
        (rule.rule, method, {name: value})
        for rule in edge.app.url_map.iter_rules()
        for method in rule.methods - {"OPTIONS"}
        for name in HEADERS
        for value in VALUES
    ]
    wrong = [
        (path, method, header)
        for path, method, header in asked
        if edge.client.open(path, method=method, headers=edge.bearer() | header).status_code
        in {500, 502}
    ]
    assert wrong == []
