"""Whatever a verifier is handed, it answers, or raises its own exception and no other."""

from __future__ import annotations

from contextlib import suppress

from hypothesis import given, settings
from hypothesis import strategies as st

from local import stripe
from tests.amount import rounds
from tests.fakes import clerk
from tests.fakes.clerk import ISSUER, ORIGIN, Clerk
from webhooks.clerk_tokens import InvalidToken, Policy, Session, verify
from webhooks.signatures import InvalidSignature, verify_stripe, verify_svix

NOW = 1_795_000_000
CLERK = Clerk()
CLERK_TOKEN = CLERK.token(NOW)
POLICY = Policy(issuer=ISSUER, authorized_parties=[ORIGIN], allow_impersonation=True)

many = settings(max_examples=rounds(100, full=5000), deadline=None, derandomize=True)

leaves = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary()
anything = st.recursive(
    leaves,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
documents = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


def changes(names):
    """Some of the members with values of any kind."""
    return st.dictionaries(st.sampled_from(sorted(names)), documents, max_size=3)


CLAIMS = {*CLERK.claims(NOW), "act", "aud", "o", "org_id", "org_role"}
HEADERS = {*CLERK.headers(), "crit", "b64", "jku", "jwk", "x5c"}


@many
@given(changes(CLAIMS), changes(HEADERS))
def test_signed_tokens_with_odd_members(claims, headers):
    token = CLERK.sign(CLERK.claims(NOW) | claims, CLERK.headers() | headers)
    with suppress(InvalidToken):
        session = verify(token, jwks=CLERK.jwks, policy=POLICY, now=NOW)
        assert isinstance(session, Session)
        assert (session.issuer, session.subject[:5]) == (ISSUER, "user_")


@many
@given(anything, anything)
def test_tokens_and_key_sets_of_any_kind(token, jwks):
    for given_token, keys in ((token, CLERK.jwks), (CLERK_TOKEN, jwks), (CLERK_TOKEN, wrap(jwks))):
        with suppress(InvalidToken):
            verify(given_token, jwks=keys, policy=POLICY, now=NOW)


def wrap(member):
    """A key set whose key is right but for one member."""
    return {"keys": [CLERK.jwks["keys"][0] | {"n": member}, {"kid": member}, member]}


@many
@given(anything, anything, anything)
def test_stripe_signatures_of_any_kind(body, header, secrets):
    good_body, good_header = stripe.signed({"id": "evt_1"}, now=NOW)
    for case in (
        (body, good_header, [stripe.SECRET]),
        (good_body, header, [stripe.SECRET]),
        (good_body, good_header, secrets),
        (good_body, good_header, [secrets, stripe.SECRET]),
    ):
        with suppress(InvalidSignature):
            event = verify_stripe(case[0], case[1], secrets=case[2], now=NOW)
            assert event == {"id": "evt_1"}


@many
@given(anything, anything, anything)
def test_svix_signatures_of_any_kind(body, value, secrets):
    good_body, headers = clerk.message({"type": "x"}, now=NOW)
    odd = [headers | {name: value} for name in headers]
    cases = [(body, headers, [clerk.WEBHOOK_SECRET]), (good_body, value, [clerk.WEBHOOK_SECRET])]
    cases += [(good_body, one, [clerk.WEBHOOK_SECRET]) for one in odd]
    cases += [(good_body, headers, secrets), (good_body, headers, [secrets, clerk.WEBHOOK_SECRET])]
    for case in cases:
        with suppress(InvalidSignature):
            assert verify_svix(case[0], case[1], secrets=case[2], now=NOW) == {"type": "x"}
