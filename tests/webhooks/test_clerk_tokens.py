"""The verifier's table: every rule from both sides, then the routes that strangers try."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import uuid

import jwt
import pytest

from tests.fakes.clerk import ISSUER, ORIGIN, Clerk, encode, rsa_key
from webhooks.clerk_tokens import InvalidToken, Policy, Session, verify
from webhooks.token_issuer import Caller

NOW = 1_795_000_000
CLERK = Clerk()
STRANGER = Clerk(key=rsa_key(1))
POLICY = Policy(issuer=ISSUER, authorized_parties=[ORIGIN, "http://localhost:3000"])
SEGMENTS = CLERK.token(NOW).split(".")
OTHER_PAYLOAD = CLERK.token(NOW, "user_bob").split(".")[1]


def claims(**changes):
    return CLERK.token(NOW, **changes)


def headers(**changes):
    return CLERK.sign(CLERK.claims(NOW), CLERK.headers(**changes))


def payload(content: bytes):
    return CLERK.sign(content)


def with_text(**changes):
    """The signed payload with raw JSON in place of a value."""
    text = json.dumps(CLERK.claims(NOW) | dict.fromkeys(changes, "@"))
    for raw in changes.values():
        text = text.replace('"@"', raw)
    return payload(text.encode())


def hmac_with_public_key():
    """The classic confusion: the public key, which everybody has, as an HMAC secret."""
    signed = encode(json.dumps(CLERK.headers(alg="HS256")).encode()) + "." + SEGMENTS[1]
    return signed + "." + encode(hmac.digest(CLERK.pem.encode(), signed.encode(), hashlib.sha256))


ACCEPTED = {
    "version 2": claims(),
    "version 1": claims(v=..., sts=..., jti=..., org_id="org_1", org_role="admin"),
    "only what is required": claims(fva=..., jti=..., nbf=..., sts=..., v=...),
    "minted before token classes": headers(cat=...),
    "the class to be ignored": headers(cat="cl_I7d4PD111III"),
    "no typ": headers(typ=...),
    "unknown headers": headers(oiat=NOW, rid="x"),
    "a key of its own, not looked at": headers(jwk=STRANGER.jwks["keys"][0]),
    "a key set of its own, not looked at": headers(jku="https://evil.example/jwks"),
    "a certificate of its own, not looked at": headers(x5c=["MIIB"]),
    "a certificate's address, not looked at": headers(x5u="https://evil.example/c"),
    "unknown claims": claims(pla="u:free", fea="u:x", email="a@b.example"),
    "expired within the leeway": claims(exp=NOW - 4),
    "from a clock ahead within the leeway": claims(iat=NOW + 5, nbf=NOW + 5),
    "an hour long": claims(iat=NOW, exp=NOW + 3600),
    "the second origin": claims(azp="http://localhost:3000"),
    "the longest subject": claims(sub="user_" + "a" * 64),
    "the longest session": claims(sid="sess_" + "Z9" * 32),
    "an organisation": claims(o={"id": "org_1", "rol": "admin", "per": "x", "fpm": str(2**54)}),
}

REFUSED = {
    # Form
    "empty": ("", "malformed"),
    "one segment": ("abc", "malformed"),
    "two segments": (".".join(SEGMENTS[:2]), "malformed"),
    "four segments": (".".join([*SEGMENTS, "a"]), "malformed"),
    "five segments, encrypted": (".".join([*SEGMENTS, "a", "b"]), "malformed"),
    "no signature": (f"{SEGMENTS[0]}.{SEGMENTS[1]}.", "malformed"),
    "no payload": (f"{SEGMENTS[0]}..{SEGMENTS[2]}", "malformed"),
    "too large": (claims(x="x" * 8192), "malformed"),
    "a line break at the end": (claims() + "\n", "malformed"),
    "a space in front": (" " + claims(), "malformed"),
    "padding": (claims() + "=", "malformed"),
    "standard base64": (f"{SEGMENTS[0]}.{SEGMENTS[1]}.{'+/' * 20}", "malformed"),
    "another spelling of the last bits": (claims()[:-1] + "B", "malformed"),
    "beyond ASCII": (claims() + "é", "malformed"),
    "an API key": ("ak_a.b.c", "malformed"),
    "an OAuth token": ("oat_a.b.c", "malformed"),
    "a machine token": ("mt_a.b.c", "malformed"),
    "another machine token": ("m2m_a.b.c", "malformed"),
    # Header
    "a header that is no JSON": (CLERK.sign_raw(b"{", b"{}"), "header_json"),
    "a header that is a list": (CLERK.sign_raw(b"[]", b"{}"), "header_json"),
    "alg none": (headers(alg="none"), "algorithm"),
    "alg None": (headers(alg=None), "algorithm"),
    "alg rs256 in lower case": (headers(alg="rs256"), "algorithm"),
    "alg RS384": (headers(alg="RS384"), "algorithm"),
    "alg PS256": (headers(alg="PS256"), "algorithm"),
    "alg ES256": (headers(alg="ES256"), "algorithm"),
    "the public key as HMAC secret": (hmac_with_public_key(), "algorithm"),
    "no alg": (headers(alg=...), "algorithm"),
    "an access token's typ": (headers(typ="at+jwt"), "token_class"),
    "typ in lower case": (headers(typ="jwt"), "token_class"),
    "a JWT template": (headers(cat="cl_B7d4PD222AAA"), "token_class"),
    "an M2M token": (headers(cat="cl_B7d4PD333AAA"), "token_class"),
    "a class that is a list": (headers(cat=["cl_B7d4PD111AAA"]), "token_class"),
    "a class of null": (headers(cat=None), "token_class"),
    "crit": (headers(crit=["exp"]), "header"),
    "b64": (headers(b64=False), "header"),
    "no kid": (headers(kid=...), "unknown_key"),
    "an empty kid": (headers(kid=""), "unknown_key"),
    "a kid that is a number": (headers(kid=1), "unknown_key"),
    "an unknown kid": (headers(kid="ins_other"), "unknown_key"),
    "a path as kid": (headers(kid="../../etc/passwd"), "unknown_key"),
    # Signature
    "signed by a stranger": (STRANGER.token(NOW), "signature"),
    "signed by the key it brings along": (
        STRANGER.sign(CLERK.claims(NOW), CLERK.headers(jwk=STRANGER.jwks["keys"][0])),
        "signature",
    ),
    "another payload": (f"{SEGMENTS[0]}.{OTHER_PAYLOAD}.{SEGMENTS[2]}", "signature"),
    "a signature of zeros": (f"{SEGMENTS[0]}.{SEGMENTS[1]}.{'A' * 342}", "signature"),
    "a short signature": (f"{SEGMENTS[0]}.{SEGMENTS[1]}.AAAA", "signature"),
    # Payload
    "NaN": (with_text(x="NaN"), "payload_json"),
    "Infinity as expiry": (with_text(exp="Infinity"), "payload_json"),
    "a number beyond all numbers": (with_text(x="1e999"), "payload_json"),
    "more digits than a number has": (with_text(x="1" * 5000), "payload_json"),
    "a claim twice": (payload(b'{"sub":"user_a","sub":"user_b"}'), "payload_json"),
    "a list": (payload(b"[]"), "payload_json"),
    "a text": (payload(b'"x"'), "payload_json"),
    "nothing but space": (payload(b" "), "payload_json"),
    "bad UTF-8": (payload(b'{"a":"\xff"}'), "payload_json"),
    "UTF-16": (payload('{"a":1}'.encode("utf-16")), "payload_json"),
    "a byte order mark": (payload(b"\xef\xbb\xbf{}"), "payload_json"),
    "deep nesting": (payload(b'{"a":' + b"[" * 1500 + b"]" * 1500 + b"}"), "payload_json"),
    # Times
    "no exp": (claims(exp=...), "exp_type"),
    "exp as text": (claims(exp=str(NOW + 60)), "exp_type"),
    "exp as a fraction": (claims(exp=NOW + 60.0), "exp_type"),
    "exp true": (claims(exp=True), "exp_type"),
    "exp null": (claims(exp=None), "exp_type"),
    "no iat": (claims(iat=...), "iat_type"),
    "iat as text": (claims(iat=str(NOW)), "iat_type"),
    "nbf null": (claims(nbf=None), "nbf_type"),
    "nbf as text": (claims(nbf="0"), "nbf_type"),
    "expired at the leeway's end": (claims(exp=NOW - 5), "expired"),
    "not valid yet": (claims(nbf=NOW + 6), "not_yet_valid"),
    "issued in the future": (claims(iat=NOW + 6), "not_yet_valid"),
    "longer than an hour": (claims(iat=NOW, exp=NOW + 3601), "lifetime"),
    # Who made it, for whom
    "another issuer": (claims(iss="https://other.clerk.accounts.dev"), "issuer"),
    "the issuer with a slash": (claims(iss=ISSUER + "/"), "issuer"),
    "no issuer": (claims(iss=...), "issuer"),
    "a list of issuers": (claims(iss=[ISSUER]), "issuer"),
    "an audience": (claims(aud="somebody"), "audience"),
    "an empty audience": (claims(aud=[]), "audience"),
    "an audience of null": (claims(aud=None), "audience"),
    "no azp": (claims(azp=...), "authorized_party"),
    "an empty azp": (claims(azp=""), "authorized_party"),
    "azp null": (claims(azp=None), "authorized_party"),
    "another origin": (claims(azp="https://evil.example"), "authorized_party"),
    "a longer origin": (claims(azp=ORIGIN + ".evil.example"), "authorized_party"),
    "a list of origins": (claims(azp=[ORIGIN]), "authorized_party"),
    # Who it is
    "no subject": (claims(sub=...), "subject"),
    "a machine": (claims(sub="mch_abc"), "subject"),
    "a subject without a name": (claims(sub="user_"), "subject"),
    "a subject with a line break": (claims(sub="user_a\n"), "subject"),
    "a subject with a quote": (claims(sub="user_a'--"), "subject"),
    "a subject too long": (claims(sub="user_" + "a" * 65), "subject"),
    "a subject that is a number": (claims(sub=1), "subject"),
    "no session": (claims(sid=...), "session"),
    "another kind of session": (claims(sid="sia_abc"), "session"),
    "a session with a space": (claims(sid="sess_a b"), "session"),
    "a pending session": (claims(sts="pending"), "session_status"),
    "a status of null": (claims(sts=None), "session_status"),
    "an impersonator": (claims(act={"sub": "user_admin", "iss": ISSUER}), "impersonation"),
    "act null": (claims(act=None), "impersonation"),
}  # fmt: skip


def checked(token, policy=POLICY, jwks=CLERK.jwks, now=NOW):
    return verify(token, jwks=jwks, policy=policy, now=now)


@pytest.mark.parametrize("case", ACCEPTED)
def test_a_session_token_is_accepted(case):
    session = checked(ACCEPTED[case])
    assert (session.issuer, session.subject[:5], session.session_id[:5]) == (
        ISSUER,
        "user_",
        "sess_",
    )


@pytest.mark.parametrize("case", REFUSED)
def test_anything_else_is_refused(case):
    token, reason = REFUSED[case]
    with pytest.raises(InvalidToken) as caught:
        checked(token)
    assert caught.value.reason == reason


def test_the_table_is_as_long_as_promised():
    assert len(ACCEPTED) + len(REFUSED) >= 100


@pytest.mark.parametrize("case", REFUSED)
def test_the_exchange_answers_each_of_them_with_one_code(stateless_edge, case):
    token = REFUSED[case][0]
    answer = stateless_edge.client.post(
        "/auth/session", environ_overrides={"HTTP_AUTHORIZATION": f"Bearer {token}"}
    )
    assert (answer.status_code, answer.json["code"]) == (401, "invalid_token")
    assert answer.headers["WWW-Authenticate"] == 'Bearer error="invalid_token"'


def test_a_session_says_all_that_a_token_needs():
    session = checked(claims(fva=[0, 3], o={"id": "org_1", "rol": "admin"}))
    assert session == Session(
        issuer=ISSUER,
        subject="user_alice",
        session_id="sess_2abcDEF",
        issued_at=NOW,
        expires_at=NOW + 60,
        has_second_factor=True,
        organisation_id="org_1",
        organisation_role="admin",
        actor=None,
    )


@pytest.mark.parametrize("fva", [[1, -1], [1], "x", [1, True], [1, None], {"1": 1}, None])
def test_a_second_factor_is_believed_only_in_the_documented_form(fva):
    assert checked(claims(fva=fva)).has_second_factor is False


@pytest.mark.parametrize("role", ["admin", "org:admin"])
def test_a_role_has_one_spelling_in_both_versions(role):
    first = checked(claims(v=..., org_id="org_1", org_role=role))
    second = checked(claims(o={"id": "org_1", "rol": role}))
    assert first.organisation_role == second.organisation_role == "admin"


UNUSABLE = [
    None, [], "x", {"id": 1}, {"id": ""}, {}, {"id": "org_\0"}, {"id": "org_\ud800"},
    {"id": "user_1"}, {"id": "org_"}, {"id": "org_" + "a" * 65},
]  # fmt: skip


@pytest.mark.parametrize("organisation", UNUSABLE)
def test_an_organisation_of_another_form_is_none(organisation):
    assert checked(claims(o=organisation)).organisation_id is None


def test_no_leeway_means_none():
    policy = Policy(ISSUER, [ORIGIN], leeway_seconds=0)
    assert checked(claims(exp=NOW + 1), policy).subject == "user_alice"
    for token in (claims(exp=NOW), claims(iat=NOW + 1), claims(nbf=NOW + 1)):
        with pytest.raises(InvalidToken):
            checked(token, policy)


@pytest.mark.parametrize("azp", [ORIGIN[:-1], "https", ""])
def test_a_single_party_is_not_searched_for_parts(azp):
    policy = Policy(ISSUER, ORIGIN)
    assert checked(claims(), policy).subject == "user_alice"
    with pytest.raises(InvalidToken):
        checked(claims(azp=azp), policy)


@pytest.mark.parametrize("issuer", ["", None])
def test_a_policy_without_an_issuer_accepts_none(issuer):
    for iss in ("", None, ..., ISSUER):
        with pytest.raises(InvalidToken):
            checked(claims(iss=iss), Policy(issuer, [ORIGIN]))


def test_a_missing_origin_can_be_allowed_but_never_a_wrong_one():
    policy = Policy(ISSUER, [ORIGIN], allow_missing_azp=True)
    assert checked(claims(azp=...), policy).subject == "user_alice"
    for azp in ("", None, "https://evil.example"):
        with pytest.raises(InvalidToken):
            checked(claims(azp=azp), policy)


def test_an_impersonator_can_be_allowed_if_named():
    policy = Policy(ISSUER, [ORIGIN], allow_impersonation=True)
    assert checked(claims(act={"sub": "user_admin"}), policy).actor == "user_admin"
    for act in (None, {}, [], "user_admin", {"sub": ""}, {"sub": 1}, {"sub": "user_\0"}):
        with pytest.raises(InvalidToken):
            checked(claims(act=act), policy)


def key_with(**changes):
    return {"keys": [CLERK.jwks["keys"][0] | changes]}


def without(name):
    return {"keys": [{k: v for k, v in CLERK.jwks["keys"][0].items() if k != name}]}


SMALL = Clerk(key=rsa_key(2, bits=1024))
UNUSABLE_KEY_SETS = {
    "none": {},
    "null": None,
    "a list": [CLERK.jwks["keys"][0]],
    "a text": "ins_test",
    "a key without an id": without("kid"),
    "a key whose id is a list": key_with(kid=["ins_test"]),
    "half a character as modulus": key_with(n="\ud800"),
    "an exponent of one": key_with(e="AQ"),
    "an exponent of zero": key_with(e="AA"),
    "an endless exponent": key_with(e="_" * 400),
    "not a list": {"keys": {"ins_test": 1}},
    "texts": {"keys": ["ins_test"]},
    "for encryption": key_with(use="enc"),
    "for another algorithm": key_with(alg="RS512"),
    "a symmetric key": {"keys": [{"kid": "ins_test", "kty": "oct", "k": "AAAA"}]},
    "an elliptic key": key_with(kty="EC"),
    "no modulus": without("n"),
    "a modulus that is a number": key_with(n=5),
    "an empty modulus": key_with(n=""),
    "an even exponent": key_with(e="Ag"),
    "under 2048 bits": SMALL.jwks,
    "an endless modulus": key_with(n=base64.urlsafe_b64encode(b"\xff" * 1100).decode().rstrip("=")),
}


@pytest.mark.parametrize("case", UNUSABLE_KEY_SETS)
def test_a_key_set_without_a_proper_key_proves_nothing(case):
    token = SMALL.sign(CLERK.claims(NOW)) if "2048" in case else claims()
    with pytest.raises(InvalidToken):
        checked(token, jwks=UNUSABLE_KEY_SETS[case])


@pytest.mark.parametrize("optional", ["use", "alg"])
def test_a_key_need_not_repeat_what_it_is_for(optional):
    assert checked(claims(), jwks=without(optional)).subject == "user_alice"


def test_an_unusable_key_does_not_hide_a_good_one_of_the_same_id():
    for unusable in (
        key_with(use="enc")["keys"][0],
        SMALL.jwks["keys"][0],
        key_with(n="")["keys"][0],
    ):
        keys = {"keys": [{}, None, unusable, CLERK.jwks["keys"][0]]}
        assert checked(claims(), jwks=keys).subject == "user_alice"


def test_the_largest_token_is_configurable():
    token = claims(x="x" * 600)
    assert checked(token).subject == "user_alice"
    with pytest.raises(InvalidToken):
        checked(token, Policy(ISSUER, [ORIGIN], max_token_bytes=len(token) - 1))


def test_a_token_of_ours_is_no_session(stateless_edge):
    edge = stateless_edge.app.edge
    caller = Caller(uuid.uuid4(), None, "person", "admin", NOW)
    ours = edge.token_issuer.issue(checked(claims()), caller, now=NOW)
    answer = stateless_edge.client.post(
        "/auth/session", headers={"Authorization": f"Bearer {ours}"}
    )
    assert answer.status_code == 401


@pytest.mark.parametrize(
    "token", [None, 1, [], jwt.encode({}, "x" * 32).encode(), claims().encode()]
)
def test_what_is_not_text_is_no_token(token):
    with pytest.raises(InvalidToken):
        checked(token)
