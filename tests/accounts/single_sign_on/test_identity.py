"""What of a provider's claims counts."""

from __future__ import annotations

from typing import Any

import pytest
from django.conf import settings

from apps.accounts.single_sign_on.identity import IdentityError, read_identity


def claims(*, token: dict[str, Any] | None = None, info: dict[str, Any] | None = None) -> dict[str, Any]:
    return {
        "id_token": {"sub": "1", "iss": settings.OIDC_ISSUER, **(token or {})},
        "userinfo": {"sub": "1", **(info or {})},
    }


ADDRESS = {"email": "ada@example.com"}
VERIFIED = {"email_verified": True}


@pytest.mark.parametrize(
    ("token", "info", "email"),
    [
        ({}, {**ADDRESS, **VERIFIED}, "ada@example.com"),
        ({**ADDRESS, **VERIFIED}, {}, "ada@example.com"),  # where the user information has no address
        (VERIFIED, ADDRESS, ""),  # verified is another address, or none
        (ADDRESS, VERIFIED, ""),
        ({**ADDRESS, **VERIFIED}, {"email": "eve@example.com"}, ""),
        ({}, {**ADDRESS, "email_verified": 1}, ""),
        ({}, {"email": ["ada@example.com"], **VERIFIED}, ""),
    ],
)
def test_an_address_counts_where_the_same_source_has_verified_it(
    token: dict[str, Any], info: dict[str, Any], email: str
) -> None:
    assert read_identity(claims(token=token, info=info)).email == email


def test_groups_may_be_in_either_source() -> None:
    assert read_identity(claims(token={"groups": ["a", 1]})).groups == {"a"}
    assert read_identity(claims(token={"groups": ["a"]}, info={"groups": "b"})).groups == {"b"}
    assert read_identity(claims(info={"groups": {"a": 1}})).groups == set()


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"id_token": {"sub": "1"}},
        {"userinfo": {"sub": "1"}},
        claims(info={"sub": "2"}),
        claims(token={"sub": None}, info={"sub": None}),
        claims(token={"iss": "https://other.example.com"}),
        claims(token={"iss": None}),
    ],
)
def test_what_is_not_of_one_person_and_of_our_issuer_is_refused(data: dict[str, Any]) -> None:
    with pytest.raises(IdentityError):
        read_identity(data)
