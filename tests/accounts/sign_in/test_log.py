"""What is kept of sign-ins, and who sees it."""

from __future__ import annotations

import datetime as dt
import logging
from pathlib import Path

import pytest
from axes.models import AccessAttempt, AccessFailureLog, AccessLog
from django.conf import settings
from django.test import Client
from django.utils import timezone

from apps.accounts.models import User
from apps.accounts.sign_in.devices import cookie_name
from apps.accounts.sign_in.retention import prune_log
from tests.factories import PASSWORD, make_template

pytestmark = pytest.mark.django_db


def stored() -> str:
    """Every value of the three tables."""
    return repr([list(model.objects.values()) for model in (AccessAttempt, AccessFailureLog, AccessLog)])


def test_sign_ins_and_failures_are_logged_with_their_address(
    viewer: User, client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    for password in ("a wrong guess", PASSWORD):
        client.post(
            "/login/",
            {"username": "viewer", "password": password},
            REMOTE_ADDR="192.0.2.7",
            HTTP_USER_AGENT="Test 1",
        )
    session_key = client.session.session_key
    assert session_key
    client.post("/logout/", REMOTE_ADDR="192.0.2.7")

    assert [record.getMessage() for record in caplog.records if record.name.startswith("apps.accounts")] == [
        "Sign-in failed: account viewer, address 192.0.2.7.",
        "Signed in: account viewer, address 192.0.2.7.",
        "Signed out: account viewer, address 192.0.2.7.",
    ]
    failure, sign_in = AccessFailureLog.objects.get(), AccessLog.objects.get()
    for row in (failure, sign_in):
        assert (row.username, row.ip_address, row.user_agent, row.path_info) == (
            "viewer",
            "192.0.2.7",
            "Test 1",
            "/login/",
        )
    assert sign_in.logout_time is not None
    for secret in ("a wrong guess", PASSWORD, session_key):
        assert secret not in caplog.text + stored()


def test_neither_answers_nor_a_password_in_the_field_of_the_name_are_kept(
    viewer: User, client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    address = f"/templates/{make_template().pk}/launch/sign-in/?kickoff-salary=secret-answer"
    client.post(
        address, {"username": "Secret-passw0rd", "password": "wrong", "kickoff-salary": "secret-answer"}
    )

    assert "secret" not in (caplog.text + stored()).lower()
    assert str(AccessFailureLog.objects.get().username).startswith("unknown-")


def test_an_administrator_sees_the_tables_and_ends_a_wait(
    viewer: User, administrator_client: Client, integrator_client: Client
) -> None:
    for _ in range(settings.AXES_FAILURE_LIMIT):
        Client().post("/login/", {"username": "viewer", "password": "wrong"})

    for name in ("signin", "failedsignin", "signinlimit"):
        page = administrator_client.get(f"/admin/accounts/{name}/?q=viewer")
        assert page.status_code == 200
        assert integrator_client.get(f"/admin/accounts/{name}/").status_code == 403
    limit = AccessAttempt.objects.get()
    assert "unknown clients" in page.content.decode()
    assert administrator_client.get(f"/admin/accounts/signinlimit/{limit.pk}/change/").status_code == 200
    administrator_client.post(f"/admin/accounts/signinlimit/{limit.pk}/delete/", {"post": "yes"})

    client = Client()
    client.post("/login/", {"username": "viewer", "password": PASSWORD})
    assert "_auth_user_id" in client.session


def test_a_refusal_is_logged_with_the_account(
    no_role_client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    no_role_client.get("/templates/", REMOTE_ADDR="192.0.2.7")
    Client(enforce_csrf_checks=True).post("/login/")

    refused = [record.getMessage() for record in caplog.records if record.name.startswith("django.")]
    assert refused == [
        "Forbidden (Permission denied): /templates/ (account nobody, address 192.0.2.7)",  # words: ok
        "Forbidden (CSRF cookie not set.): /login/ (account none, address 127.0.0.1)",
    ]


def test_old_entries_are_deleted(viewer: User, client: Client) -> None:
    for password in ("wrong", PASSWORD):
        client.post("/login/", {"username": "viewer", "password": password})
    prune_log()
    assert (AccessLog.objects.count(), AccessFailureLog.objects.count()) == (1, 1)

    for model in (AccessLog, AccessFailureLog):
        model.objects.update(
            attempt_time=timezone.now() - dt.timedelta(days=settings.SIGN_IN_LOG_DAYS, seconds=1)
        )
    prune_log()

    assert (AccessLog.objects.count(), AccessFailureLog.objects.count()) == (0, 0)


def test_the_cookie_of_a_device_is_for_the_server_alone_and_names_no_account(
    viewer: User, client: Client
) -> None:
    client.post("/login/", {"username": "viewer", "password": PASSWORD})

    cookie = client.cookies[cookie_name()]
    assert (cookie["httponly"], cookie["samesite"], cookie["path"]) == (True, "Lax", "/")
    assert "viewer" not in cookie.value


def test_no_module_compares_passwords_alone() -> None:
    """All go through ``authenticate``, whose backend counts."""
    apps = Path(settings.BASE_DIR, "apps").rglob("*.py")

    assert not [str(path) for path in apps if "check_password(" in path.read_text(encoding="utf-8")]
