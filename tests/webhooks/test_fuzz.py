"""Whatever strangers send, signed or not: an answer, never a 500."""

from __future__ import annotations

import json
import random
import string

from local import stripe
from tests.amount import rounds
from tests.docs.test_edge import PAGE
from tests.fakes import clerk
from tests.webhooks.edge import NOW

METHODS = ["GET", "POST", "PUT", "DELETE", "OPTIONS", "HEAD", "PATCH", "TRACE"]
PATHS = [
    "/auth/session",
    "/subscriptions/create",
    "/subscriptions/portal",
    "/subscriptions/sync",
    "/subscriptions/webhook",
    "/clerk/webhook",
    "/.well-known/jwks.json",
    "/healthz",
    "/metrics",
    "/",
    "//",
    "/../etc/passwd",
    "/auth/session/",
    "/%00",
    "/%ff%fe",
]
ODD = [None, True, False, 0, -1, 2**63, 10**40, 1.5, 1e308, "", "x", "\0", "\ud800", "é", [], {}]


def value(chance: random.Random, depth: int = 0):
    if depth < 3 and chance.random() < 0.4:
        names = ["id", "type", "object", "data", "customer", "created", "livemode", "a"]
        if chance.random() < 0.5:
            return {chance.choice(names): value(chance, depth + 1) for _ in range(3)}
        return [value(chance, depth + 1) for _ in range(2)]
    return chance.choice(ODD)


def text(chance: random.Random) -> str:
    letters = string.printable.replace("\n", "").replace("\r", "") + "é\x80\xff"
    return "".join(chance.choices(letters, k=chance.randint(0, 60)))


def mutated(chance: random.Random, content: str) -> str:
    """The text with a character changed, cut, doubled or added."""
    if not content:
        return text(chance)
    at = chance.randrange(len(content))
    other = chance.choice(string.printable[:94])
    return chance.choice(
        [
            content[:at] + other + content[at + 1 :],
            content[:at],
            content + content[at:],
            content[:at] + other + content[at:],
            content,
        ]
    )


def changed(chance: random.Random, document: dict) -> dict:
    """The document with one field odd or missing."""
    name = chance.choice(list(document))
    if chance.random() < 0.2:
        return {key: kept for key, kept in document.items() if key != name}
    return document | {name: value(chance)}


def stripe_request(chance: random.Random) -> tuple[str, dict[str, str], bytes]:
    event = {
        "id": f"evt_{chance.randint(1, 50)}",
        "object": chance.choice(["event", "v2.core.event"]),
        "type": chance.choice(["invoice.paid", "customer.deleted", "v1.invoice.paid", "x.y"]),
        "created": NOW,
        "livemode": False,
        "data": {"object": changed(chance, {"id": "in_1", "customer": "cus_1"})},
        "related_object": changed(chance, {"id": "sub_1", "type": "subscription"}),
    }
    body, signature = stripe.signed(changed(chance, event), now=NOW)
    signature = mutated(chance, signature) if chance.random() < 0.3 else signature
    return "/subscriptions/webhook", {"HTTP_STRIPE_SIGNATURE": signature}, body


def clerk_request(chance: random.Random) -> tuple[str, dict[str, str], bytes]:
    document = {"type": "user.deleted", "data": changed(chance, {"id": "user_x", "deleted": True})}
    number = f"msg_{chance.randint(1, 50)}"
    body, headers = clerk.message(changed(chance, document), now=NOW, message_id=number)
    if chance.random() < 0.3:
        headers = {name: mutated(chance, content) for name, content in headers.items()}
    environ = {f"HTTP_{name.upper().replace('-', '_')}": kept for name, kept in headers.items()}
    return "/clerk/webhook", environ, body


def token_request(chance: random.Random) -> tuple[str, dict[str, str], bytes]:
    made = clerk.Clerk()
    claims = changed(chance, made.claims(NOW, f"user_{chance.randint(1, 20)}"))
    token = made.sign(claims, changed(chance, made.headers()))
    token = mutated(chance, token) if chance.random() < 0.3 else token
    path = chance.choice(PATHS[:4])
    return path, {"HTTP_AUTHORIZATION": f"Bearer {token}"}, b""


def any_request(chance: random.Random) -> tuple[str, dict[str, str], bytes]:
    names = ["AUTHORIZATION", "ORIGIN", "X_REQUEST_ID", "COOKIE", "IF_NONE_MATCH", "SVIX_ID"]
    environ = {f"HTTP_{name}": text(chance) for name in chance.sample(names, 3)}
    environ["CONTENT_TYPE"] = chance.choice(["application/json", "text/plain", text(chance)])
    body = chance.choice([b"", text(chance).encode(), json.dumps(value(chance)).encode()])
    return chance.choice(PATHS), environ, body


def test_no_request_is_answered_with_a_500(shop):
    chance = random.Random(20261122)
    kinds = [stripe_request, clerk_request, token_request, any_request]
    failed, undocumented = [], set()
    for _ in range(rounds(800, full=20_000)):
        path, environ, body = chance.choice(kinds)(chance)
        method = "POST" if chance.random() < 0.8 else chance.choice(METHODS)
        answer = shop.client.open(path, method=method, data=body, environ_overrides=environ)
        if answer.status_code >= 500:
            failed.append((method, path, environ, body, answer.status_code))
        operation = PAGE["paths"].get(path, {}).get(method.lower())
        if operation and str(answer.status_code) not in operation["responses"]:
            undocumented.add((method, path, answer.status_code))
    assert failed == []
    assert undocumented == set()
