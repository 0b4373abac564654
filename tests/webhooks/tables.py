"""`python -m tests.webhooks.tables`: what is accepted and refused, counted by the verifiers."""

from __future__ import annotations

from collections.abc import Callable

from tests.webhooks import test_clerk_tokens as tokens
from tests.webhooks import test_signatures as signatures
from webhooks.clerk_tokens import InvalidToken, verify
from webhooks.signatures import InvalidSignature, verify_stripe, verify_svix


def main() -> None:
    """Entry point."""
    print("| cases | accepted | refused | not as expected |\n| --- | ---: | ---: | ---: |")  # noqa: T201
    line("Clerk session tokens", tokens.ACCEPTED, tokens.REFUSED, _token)
    line("Stripe signatures", signatures.STRIPE_ACCEPTED, signatures.STRIPE_REFUSED, _stripe)
    refused = signatures.SVIX_REFUSED | signatures.SVIX_ODD
    line("Svix signatures", signatures.SVIX_ACCEPTED, refused, _svix)


def line(name: str, accepted: dict, refused: dict, check: Callable[[object], None]) -> None:
    """A row of the table; a refusal counts only with the reason that its case names."""
    outcomes = [(outcome(check, given), "accepted") for given in accepted.values()]
    outcomes += [(outcome(check, given), reason) for given, reason in refused.values()]
    wrong = sum(found != expected for found, expected in outcomes)
    print(f"| {name} | {len(accepted)} | {len(refused)} | {wrong} |")  # noqa: T201


def outcome(check: Callable[[object], None], given: object) -> str:
    try:
        check(given)
    except (InvalidToken, InvalidSignature) as error:
        return error.reason
    return "accepted"


def _token(token: object) -> None:
    verify(token, jwks=tokens.CLERK.jwks, policy=tokens.POLICY, now=tokens.NOW)


def _stripe(header: object) -> None:
    verify_stripe(signatures.BODY, header, secrets=signatures.SECRETS, now=signatures.NOW)


def _svix(headers: object) -> None:
    verify_svix(signatures.SVIX_BODY, headers, secrets=signatures.SVIX_SECRETS, now=signatures.NOW)


if __name__ == "__main__":
    main()
