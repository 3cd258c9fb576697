"""The codes themselves: those of the standard, typed in any way, and nothing that reveals them."""

from __future__ import annotations

import pytest
from pytest_django import Settings

from apps.accounts.second_factors import codes

SECRET = b"12345678901234567890"


def test_codes_are_those_of_the_standard() -> None:
    """RFC 4226, appendix D, and the last digits of RFC 6238, appendix B."""
    assert [codes.code_at(SECRET, step) for step in range(4)] == ["755224", "287082", "359152", "969429"]
    assert codes.code_at(SECRET, 1_111_111_109 // 30) == "081804"


@pytest.mark.parametrize(
    ("seconds", "step"), [(239.9, None), (240, 9), (270, 9), (329.9, 9), (330, None), (1e9, None)]
)
def test_the_code_of_the_step_before_and_after_is_valid_too(seconds: float, step: int | None) -> None:
    assert codes.step_of(SECRET, "520489", seconds=seconds) == step


@pytest.mark.parametrize(
    "typed", ["287 082", " 287-082 ", "\uff12\uff18\uff17\uff10\uff18\uff12", "287\u00a0082"]
)
def test_codes_may_be_typed_as_apps_show_them(typed: str) -> None:
    assert codes.step_of(SECRET, typed, seconds=59) == 1


@pytest.mark.parametrize("typed", ["", "28708", "2870820", "é", "\0", "²87082x"])
def test_what_is_no_code_is_wrong(typed: str) -> None:
    assert codes.step_of(SECRET, typed, seconds=59) is None


def test_recovery_codes_are_as_random_as_keys() -> None:
    made = codes.new_recovery_codes()

    assert len(set(made)) == codes.RECOVERY_CODES
    assert len(codes.plain(made[0])) == 24
    assert codes.digest(made[0]) == codes.digest(made[0].upper().replace("-", " "))
    assert codes.digest(made[0]) != codes.digest(made[1])


def test_a_secret_takes_the_key_of_the_dashboard(settings: Settings) -> None:
    nonce = codes.new_nonce()
    before = codes.secret_of(nonce), codes.key_fingerprint(), codes.digest("x")
    assert len(before[0]) == 20

    settings.SECRET_KEY = "another-key-" + "y" * 50

    assert not set(before) & {codes.secret_of(nonce), codes.key_fingerprint(), codes.digest("x")}


def test_apps_get_an_address_and_a_picture_of_it() -> None:
    address = codes.address(SECRET, account="ada@example.com", issuer="Pneumatic Dash (dash:8000)")

    assert address.startswith("otpauth://totp/Pneumatic%20Dash%20%28dash%3A8000%29:ada%40example.com?")
    assert f"secret={codes.shown(SECRET).replace(' ', '')}" in address
    assert "issuer=Pneumatic%20Dash%20" in address
    image = codes.qr_code(address)
    assert b"<svg " in image
    assert b"style" not in image
    assert b"<script" not in image
