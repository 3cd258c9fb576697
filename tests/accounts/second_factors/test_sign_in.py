"""A password alone signs in no user who has a second factor, and no code can be guessed or used twice."""

from __future__ import annotations

import datetime as dt
import logging
from typing import Any

import pytest
from axes.models import AccessAttempt, AccessFailureLog
from django.conf import settings as configured
from django.db.models import F
from django.test import Client
from pytest_django import Settings

from apps.accounts.models import SecondFactor, User
from apps.accounts.second_factors import codes, pending, services
from apps.accounts.second_factors.services import MAX_WRONG_CODES
from apps.core.database import clock
from tests.accounts.second_factors.conftest import App, enter_password, is_signed_in

pytestmark = pytest.mark.django_db
CODE = "/login/code/"
LIMIT = configured.AXES_FAILURE_LIMIT


def enter_code(client: Client, code: str, **headers: Any) -> int:
    return client.post(CODE, {"code": code}, **headers).status_code


def test_the_password_leads_to_the_page_for_a_code_and_the_code_to_where_one_came_from(
    app: App, client: Client
) -> None:
    assert client.get(CODE).headers["Location"] == "/login/"
    key = client.session.session_key
    assert enter_password(client, next="/workflows/?q=a") == CODE
    assert not is_signed_in(client)
    assert client.get("/").headers["Location"] == "/login/?next=/"
    assert client.session.session_key != key
    assert 'autocomplete="one-time-code"' in client.get(CODE).content.decode()

    wrong = client.post(CODE, {"code": app.wrong_code})
    assert "This code is wrong, or was used before" in wrong.content.decode()
    assert not is_signed_in(client)
    right = client.post(CODE, {"code": app.code()})

    assert right.headers["Location"] == "/workflows/?q=a"
    assert client.get("/").status_code == 200
    assert client.session.get_expiry_age() > pending.MAX_AGE_SECONDS
    assert client.get(CODE).headers["Location"] == "/login/"


def test_a_code_is_valid_once_and_none_before_it(app: App) -> None:
    code = app.code()
    first, second = Client(), Client()
    for client in (first, second):
        enter_password(client)

    assert enter_code(first, code) == 302
    assert enter_code(second, code) == 200
    assert enter_code(second, app.code(-1)) == 200
    assert enter_code(second, app.code(1)) == 302


def test_the_database_decides_whether_a_code_was_used(app: App) -> None:
    """Two processes have read the factor before either has stored the use."""
    stale = [SecondFactor.objects.get(), SecondFactor.objects.get()]

    assert [services._use_code_of_app(factor, app.code()) for factor in stale] == [True, False]
    assert [services._use_recovery_code(factor, app.recovery_codes[0]) for factor in stale] == [True, False]


def test_a_recovery_code_is_valid_once(app: App, client: Client) -> None:
    enter_password(client)
    client.post(CODE, {"code": f" {app.recovery_codes[3].upper()} "})

    assert is_signed_in(client)
    assert "9 recovery codes are left." in client.get("/").content.decode()
    other = Client()
    enter_password(other)
    assert enter_code(other, app.recovery_codes[3]) == 200
    assert not is_signed_in(other)


def test_guesses_are_limited_for_the_account_and_a_right_password_does_not_start_again(
    app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    checked: list[str] = []
    step_of = codes.step_of

    def watch(secret: bytes, code: str, *, seconds: float) -> int | None:
        checked.append(code)
        return step_of(secret, code, seconds=seconds)

    monkeypatch.setattr(codes, "step_of", watch)
    device = Client(REMOTE_ADDR="192.0.2.1")
    enter_password(device)
    assert enter_code(device, app.code()) == 302
    device.post("/logout/")
    checked.clear()

    for number in range(3 * LIMIT):
        guesser = Client(REMOTE_ADDR=f"203.0.113.{number}")
        assert enter_password(guesser) == CODE
        status = enter_code(guesser, app.wrong_code)
        assert status == (200 if number < LIMIT else 429)

    assert len(checked) == LIMIT
    refused = guesser.post(CODE, {"code": app.code(1)})
    assert refused.headers["Retry-After"] == "600"
    assert "Too many wrong codes. Wait 10 minutes" in refused.content.decode()
    enter_password(device)
    page = device.post(CODE, {"code": app.code(1)}, follow=True)
    assert f"{LIMIT} wrong codes were entered before this one" in page.content.decode()
    AccessAttempt.objects.update(attempt_time=F("attempt_time") - dt.timedelta(minutes=11))
    SecondFactor.objects.update(last_step=0)
    assert enter_code(guesser, app.code()) == 302


def test_after_many_wrong_codes_in_a_row_only_recovery_codes_and_own_devices_are_left(app: App) -> None:
    SecondFactor.objects.update(wrong_codes=MAX_WRONG_CODES)
    client = Client()
    enter_password(client)

    response = client.post(CODE, {"code": app.code()})

    assert response.status_code == 429
    assert "Use a recovery code, or a device" in response.content.decode()
    assert enter_code(client, app.recovery_codes[0]) == 302
    SecondFactor.objects.update(wrong_codes=MAX_WRONG_CODES)
    client.post("/logout/")
    enter_password(client)
    assert enter_code(client, app.code()) == 302


def test_wrong_codes_are_logged_and_no_code_is(
    app: App, client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    enter_password(client)
    guess = app.wrong_code
    enter_code(client, guess, REMOTE_ADDR="192.0.2.7")
    code = app.code()
    enter_code(client, code, REMOTE_ADDR="192.0.2.7")

    assert [record.getMessage() for record in caplog.records if record.name.startswith("apps.accounts")] == [
        "Wrong code: account viewer, address 192.0.2.7.",
        "Signed in: account viewer, address 192.0.2.7.",
    ]
    failure = AccessFailureLog.objects.get()
    assert (failure.username, failure.ip_address, failure.path_info) == ("viewer", "192.0.2.7", CODE)
    for secret in (guess, code):
        assert secret not in caplog.text + repr(AccessFailureLog.objects.values())


@pytest.mark.parametrize("change", ["time", "password", "factor", "inactive", "off"])
def test_what_has_changed_after_the_password_asks_for_it_again(
    app: App, client: Client, change: str, monkeypatch: pytest.MonkeyPatch, settings: Settings
) -> None:
    enter_password(client)
    user = app.user
    if change == "time":
        monkeypatch.setattr(clock, "_ahead", dt.timedelta(seconds=pending.MAX_AGE_SECONDS + 1))
    elif change == "password":
        user.set_password("another, and longer, one")
        user.save()
    elif change == "factor":
        services.remove(user)
    elif change == "inactive":
        User.objects.update(is_active=False)
    else:
        settings.SECOND_FACTORS = "off"

    response = client.post(CODE, {"code": app.code()})

    assert response.headers["Location"] == "/login/"
    assert not is_signed_in(client)


def test_another_account_may_sign_in_instead(app: App, operator: User, client: Client) -> None:
    enter_password(client)

    assert enter_password(client, "operator", next="/templates/") == "/templates/"
    assert client.get("/").wsgi_request.user == operator


def test_a_user_without_a_second_factor_signs_in_with_a_password(viewer: User, client: Client) -> None:
    assert enter_password(client) == "/"
    assert is_signed_in(client)


def test_after_another_key_of_the_dashboard_the_page_says_what_to_do(app: App, client: Client) -> None:
    SecondFactor.objects.update(key_fingerprint="of another key")
    enter_password(client)

    page = client.post(CODE, {"code": app.code()}).content.decode()

    assert "Ask an administrator to remove your second factor." in page


def test_only_one_module_signs_users_in() -> None:
    """Else a page could forget the second step. allauth signs in people of the provider."""
    found = [
        path.relative_to(configured.BASE_DIR).as_posix()
        for path in (configured.BASE_DIR / "apps").rglob("*.py")
        if "auth import" in (text := path.read_text(encoding="utf-8")) and " login(" in text
    ]

    assert found == ["apps/accounts/second_factors/pending.py"]
