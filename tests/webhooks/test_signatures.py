"""Signatures of webhooks: what Stripe and Svix send is taken, what strangers send is refused."""

from __future__ import annotations

import base64
import hashlib
import hmac

import pytest

from tests.fakes import clerk
from webhooks.signatures import InvalidSignature, verify_stripe, verify_svix

NOW = 1_795_000_000
SECRET, OLD_SECRET = "whsec_current", "whsec_previous"
SECRETS = [SECRET, OLD_SECRET]
BODY = b'{"id": "evt_1", "object": "event"}'


def digest(secret=SECRET, time=NOW, body=BODY):
    return hmac.new(secret.encode(), f"{time}.".encode() + body, hashlib.sha256).hexdigest()


def stripe_header(secret=SECRET, time=NOW, body=BODY):
    return f"t={time},v1={digest(secret, time, body)}"


GOOD = digest()
GOOD_BASE64 = base64.b64encode(bytes.fromhex(GOOD)).decode()
STRIPE_ACCEPTED = {
    "the current secret": stripe_header(),
    "the previous secret": stripe_header(OLD_SECRET),
    "a good signature after a bad one": f"t={NOW},v1={'0' * 64},v1={GOOD}",
    "a good signature before a bad one": f"t={NOW},v1={GOOD},v1={'0' * 64}",
    "with a v0 beside it": f"t={NOW},v1={GOOD},v0={'0' * 64}",
    "with an unknown scheme": f"t={NOW},v9=x,v1={GOOD}",
    "the time last": f"v1={GOOD},t={NOW}",
    "both secrets at once": f"{stripe_header()},v1={digest(OLD_SECRET)}",
    "as old as allowed": stripe_header(time=NOW - 300),
    "as new as allowed": stripe_header(time=NOW + 300),
}
STRIPE_REFUSED = {
    "no header": (None, "no_header"),
    "an empty header": ("", "header"),
    "no time": (f"v1={GOOD}", "header"),
    "no signature": (f"t={NOW}", "header"),
    "two times": (f"t={NOW},t={NOW},v1={GOOD}", "header"),
    "two different times": (f"t={NOW},t=1,v1={GOOD}", "header"),
    "only v0": (f"t={NOW},v0={GOOD}", "header"),
    "a capital V1": (f"t={NOW},V1={GOOD}", "header"),
    "a capital T": (f"T={NOW},v1={GOOD}", "header"),
    "spaces between": (f"t={NOW}, v1={GOOD}", "header"),
    "semicolons between": (f"t={NOW};v1={GOOD}", "header"),
    "too many signatures": (f"t={NOW}" + f",v1={GOOD}" * 17, "header"),
    "an endless header": (f"t={NOW},v1={GOOD}," + "x" * 5000, "header"),
    "beyond ASCII": (f"t={NOW},v1={GOOD},é=1", "header"),
    "a NUL": (f"t={NOW}\0,v1={GOOD}", "timestamp"),
    "an empty time": (f"t=,v1={GOOD}", "timestamp"),
    "a negative time": (f"t=-{NOW},v1={GOOD}", "timestamp"),
    "a time with a sign": (f"t=+{NOW},v1={GOOD}", "timestamp"),
    "a time with a fraction": (f"t={NOW}.0,v1={GOOD}", "timestamp"),
    "a time in words": (f"t=now,v1={GOOD}", "timestamp"),
    "a time with a space": (f"t= {NOW},v1={GOOD}", "timestamp"),
    "a time of many digits": ("t=" + "9" * 5000 + f",v1={GOOD}"[:10], "header"),
    "a time of twelve digits": (f"t={NOW}99,v1={GOOD}", "timestamp"),
    "a time in another script": ("t=١٢٣,v1=" + GOOD, "header"),
    "a time with underscores": (f"t=1_795_000_000,v1={GOOD}", "timestamp"),
    "too old": (stripe_header(time=NOW - 301), "stale"),
    "too new": (stripe_header(time=NOW + 301), "stale"),
    "from 1970": (stripe_header(time=0), "stale"),
    "another secret": (stripe_header("whsec_other"), "signature"),
    "an empty secret": (stripe_header(""), "signature"),
    "another body": (stripe_header(body=b"{}"), "signature"),
    "another time": (f"t={NOW + 1},v1={GOOD}", "signature"),
    "a cut signature": (f"t={NOW},v1={GOOD[:-1]}", "signature"),
    "a longer signature": (f"t={NOW},v1={GOOD}0", "signature"),
    "an empty signature": (f"t={NOW},v1=", "signature"),
    "capital letters": (f"t={NOW},v1={GOOD.upper()}", "signature"),
    "a signature in base64": (f"t={NOW},v1={GOOD_BASE64}", "signature"),
    "a quoted signature": (f't={NOW},v1="{GOOD}"', "signature"),
    "no hex": (f"t={NOW},v1={'z' * 64}", "signature"),
    "a leading zero in the time": (f"t=0{NOW},v1={GOOD}", "signature"),
}  # fmt: skip


@pytest.mark.parametrize("case", STRIPE_ACCEPTED)
def test_what_stripe_signed_is_taken(case):
    event = verify_stripe(BODY, STRIPE_ACCEPTED[case], secrets=SECRETS, now=NOW)
    assert event == {"id": "evt_1", "object": "event"}


@pytest.mark.parametrize("case", STRIPE_REFUSED)
def test_what_stripe_did_not_sign_is_refused(case):
    header, reason = STRIPE_REFUSED[case]
    with pytest.raises(InvalidSignature) as caught:
        verify_stripe(BODY, header, secrets=SECRETS, now=NOW)
    assert caught.value.reason == reason


SIGNED_NONSENSE = [
    *(b"", b"[]", b"null", b"{", b'{"a":NaN}', b'{"a":1,"a":2}', b"\xff", b"\xef\xbb\xbf{}"),
    *(b'{"a":1e999}', b'{"a":-1e999}'),
    *(b'{"a":' * 40 + b"1" + b"}" * 40, b'{"a":' + b"[" * 100_000, b"1" * 5000),
]


@pytest.mark.parametrize("body", SIGNED_NONSENSE)
def test_a_signature_does_not_make_nonsense_an_event(body):
    with pytest.raises(InvalidSignature) as caught:
        verify_stripe(body, stripe_header(body=body), secrets=SECRETS, now=NOW)
    assert caught.value.reason == "body"


@pytest.mark.parametrize("secrets", [[], [""], ["", ""]])
def test_no_secret_never_means_no_check(secrets):
    with pytest.raises(InvalidSignature):
        verify_stripe(BODY, stripe_header(""), secrets=secrets, now=NOW)
    with pytest.raises(InvalidSignature):
        verify_svix(*clerk.message({}, now=NOW, secret=""), secrets=secrets, now=NOW)


def test_a_lone_secret_is_not_read_letter_by_letter():
    assert verify_stripe(BODY, stripe_header(), secrets=SECRET, now=NOW) == {
        "id": "evt_1",
        "object": "event",
    }
    with pytest.raises(InvalidSignature):
        verify_stripe(BODY, stripe_header("w"), secrets=SECRET, now=NOW)


ODD_SECRETS = [None, 1, b"whsec_current", [None], [1], [b"whsec_current"], ["\ud800"]]


@pytest.mark.parametrize("secrets", ODD_SECRETS, ids=repr)
def test_secrets_of_another_form_open_nothing(secrets):
    with pytest.raises(InvalidSignature):
        verify_stripe(BODY, stripe_header(), secrets=secrets, now=NOW)
    with pytest.raises(InvalidSignature):
        verify_svix(*clerk.message({}, now=NOW), secrets=secrets, now=NOW)


def test_a_secret_of_another_form_does_not_hide_a_good_one():
    assert verify_stripe(BODY, stripe_header(), secrets=[None, "\ud800", SECRET], now=NOW)


@pytest.mark.parametrize(
    "body", [None, 1, BODY.decode(), bytearray(BODY), memoryview(BODY), [BODY]]
)
def test_a_body_that_is_not_the_raw_bytes_is_refused(body):
    with pytest.raises(InvalidSignature):
        verify_stripe(body, stripe_header(), secrets=SECRETS, now=NOW)
    with pytest.raises(InvalidSignature):
        verify_svix(body, SVIX, secrets=SVIX_SECRETS, now=NOW)


@pytest.mark.parametrize("header", [1, [], stripe_header().encode(), "\ud800"], ids=repr)
def test_a_header_of_another_form_is_refused(header):
    with pytest.raises(InvalidSignature):
        verify_stripe(BODY, header, secrets=SECRETS, now=NOW)


SVIX_BODY, SVIX = clerk.message({"type": "user.deleted"}, now=NOW)
# Made here: in the source it would look like a secret that somebody has lost.
SVIX_OLD_SECRET = "whsec_" + base64.b64encode(b"old secret").decode()
_, SVIX_OLD = clerk.message({"type": "user.deleted"}, now=NOW, secret=SVIX_OLD_SECRET)
SVIX_SECRETS = [clerk.WEBHOOK_SECRET, SVIX_OLD_SECRET]
SIGNATURE = SVIX["svix-signature"]


def at(time):
    return clerk.message({"type": "user.deleted"}, now=time)[1]


SVIX_ACCEPTED = {
    "the current secret": SVIX,
    "the previous secret": SVIX_OLD,
    "header names in capitals": {name.title(): value for name, value in SVIX.items()},
    "among other headers": SVIX | {"content-type": "application/json"},
    "a good signature after a bad one": SVIX | {"svix-signature": f"v1,AAAA {SIGNATURE}"},
    "a good signature before an unknown one": SVIX | {"svix-signature": f"{SIGNATURE} v2,x"},
    "as old as allowed": at(NOW - 300),
    "as new as allowed": at(NOW + 300),
}
SVIX_REFUSED = {
    "no headers": ({}, "message_id"),
    "no id": (SVIX | {"svix-id": ""}, "message_id"),
    "an id with a space": (SVIX | {"svix-id": "msg 1"}, "message_id"),
    "an id with a line break": (SVIX | {"svix-id": "msg_1\n"}, "message_id"),
    "an endless id": (SVIX | {"svix-id": "m" * 200}, "message_id"),
    "no time": (SVIX | {"svix-timestamp": ""}, "timestamp"),
    "a time in words": (SVIX | {"svix-timestamp": "now"}, "timestamp"),
    "a time with a fraction": (SVIX | {"svix-timestamp": f"{NOW}.5"}, "timestamp"),
    "a time of many digits": (SVIX | {"svix-timestamp": "9" * 5000}, "timestamp"),
    "too old": (at(NOW - 301), "stale"),
    "too new": (at(NOW + 301), "stale"),
    "no signature": (SVIX | {"svix-signature": ""}, "signature"),
    "only a version": (SVIX | {"svix-signature": "v1"}, "signature"),
    "an empty signature": (SVIX | {"svix-signature": "v1,"}, "signature"),
    "bad padding": (SVIX | {"svix-signature": SIGNATURE[:-1]}, "signature"),
    "another spelling": (SVIX | {"svix-signature": SIGNATURE[:-2] + "B="}, "signature"),
    "no base64": (SVIX | {"svix-signature": "v1,%%%"}, "signature"),
    "another version": (SVIX | {"svix-signature": SIGNATURE.replace("v1", "v2")}, "signature"),
    "a list with commas": (SVIX | {"svix-signature": f"{SIGNATURE},v1,AAAA"}, "signature"),
    "too many signatures": (SVIX | {"svix-signature": " ".join([SIGNATURE] * 17)}, "header"),
    "beyond ASCII": (SVIX | {"svix-signature": f"{SIGNATURE} é"}, "header"),
    "an endless header": (SVIX | {"svix-signature": SIGNATURE + " " + "x" * 5000}, "header"),
    "another id": (SVIX | {"svix-id": "msg_2"}, "signature"),
    "another time": (SVIX | {"svix-timestamp": str(NOW + 1)}, "signature"),
    "another secret": (clerk.message({}, now=NOW, secret="whsec_AAAA")[1], "signature"),
}  # fmt: skip


# What no HTTP request can carry, but a caller may hand over.
SVIX_ODD = {
    "headers that are none": (None, "message_id"),
    "headers that are a list": ([], "message_id"),
    "an id of null": (SVIX | {"svix-id": None}, "message_id"),
    "a time of null": (SVIX | {"svix-timestamp": None}, "timestamp"),
    "a time that is a number": (SVIX | {"svix-timestamp": NOW}, "timestamp"),
    "a signature of null": (SVIX | {"svix-signature": None}, "signature"),
    "a signature in bytes": (SVIX | {"svix-signature": SIGNATURE.encode()}, "signature"),
}


@pytest.mark.parametrize("case", SVIX_ACCEPTED)
def test_what_svix_signed_is_taken(case):
    event = verify_svix(SVIX_BODY, SVIX_ACCEPTED[case], secrets=SVIX_SECRETS, now=NOW)
    assert event == {"type": "user.deleted"}


@pytest.mark.parametrize("case", [*SVIX_REFUSED, *SVIX_ODD])
def test_what_svix_did_not_sign_is_refused(case):
    headers, reason = (SVIX_REFUSED | SVIX_ODD)[case]
    with pytest.raises(InvalidSignature) as caught:
        verify_svix(SVIX_BODY, headers, secrets=SVIX_SECRETS, now=NOW)
    assert caught.value.reason == reason


@pytest.mark.parametrize("secret", [clerk.WEBHOOK_SECRET[6:], clerk.WEBHOOK_SECRET.rstrip("=")])
def test_a_secret_may_come_without_its_prefix_or_its_padding(secret):
    assert verify_svix(SVIX_BODY, SVIX, secrets=[secret], now=NOW) == {"type": "user.deleted"}


def test_a_signed_body_that_is_no_text_is_refused():
    key = base64.b64decode(clerk.WEBHOOK_SECRET.removeprefix("whsec_"))
    signature = base64.b64encode(hmac.digest(key, f"msg_1.{NOW}.".encode() + b"\xff", "sha256"))
    headers = SVIX | {"svix-signature": f"v1,{signature.decode()}"}
    with pytest.raises(InvalidSignature):
        verify_svix(b"\xff", headers, secrets=SVIX_SECRETS, now=NOW)


@pytest.mark.parametrize("secret", ["whsec_not base64", "whsec_", "whsec_é"])
def test_a_secret_that_is_none_opens_nothing(secret):
    for headers in (SVIX, clerk.message({"type": "user.deleted"}, now=NOW, secret="")[1]):
        with pytest.raises(InvalidSignature):
            verify_svix(SVIX_BODY, headers, secrets=[secret], now=NOW)


def test_the_tables_are_as_long_as_promised():
    assert len(STRIPE_ACCEPTED) + len(STRIPE_REFUSED) >= 40
    assert len(SVIX_ACCEPTED) + len(SVIX_REFUSED) >= 20


@pytest.mark.parametrize("case", STRIPE_REFUSED)
def test_the_stripe_route_refuses_each_of_them(stateless_edge, case):
    header = STRIPE_REFUSED[case][0]
    environ = {} if header is None else {"HTTP_STRIPE_SIGNATURE": header}
    answer = stateless_edge.client.post(
        "/subscriptions/webhook", data=BODY, environ_overrides=environ
    )
    assert (answer.status_code, answer.json["code"]) == (400, "invalid_signature")


@pytest.mark.parametrize("case", SVIX_REFUSED)
def test_the_clerk_route_refuses_each_of_them(stateless_edge, case):
    headers = SVIX_REFUSED[case][0]
    environ = {f"HTTP_{name.upper().replace('-', '_')}": value for name, value in headers.items()}
    answer = stateless_edge.client.post("/clerk/webhook", data=SVIX_BODY, environ_overrides=environ)
    assert (answer.status_code, answer.json["code"]) == (400, "invalid_signature")


@pytest.mark.parametrize("document", [{}, {"type": 1}, {"type": "a b"}, {"type": "x" * 500}])
def test_a_signed_message_without_a_type_is_refused(stateless_edge, document):
    answer = stateless_edge.tell(document)
    assert (answer.status_code, answer.json["code"]) == (400, "invalid_request")
