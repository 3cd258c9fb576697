"""Sign-in with a real provider, over HTTP."""

from __future__ import annotations

import logging
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from copy import deepcopy
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from allauth.socialaccount.models import SocialAccount, SocialToken
from allauth.socialaccount.providers.openid_connect.views import OpenIDConnectOAuth2Adapter
from axes.models import AccessFailureLog, AccessLog
from django.conf import settings
from django.test import Client
from pytest_django.fixtures import Settings as SettingsWrapper

from apps.accounts.models import User
from apps.accounts.sign_in.devices import cookie_name
from apps.accounts.single_sign_on import views
from tests.accounts.single_sign_on.provider import START, register, sign_in, visit
from tests.factories import PASSWORD, make_user

pytestmark = pytest.mark.django_db


def roles(user: User) -> set[str]:
    return set(user.groups.values_list("name", flat=True))


def signed_in(client: Client) -> bool:
    return "_auth_user_id" in client.session


@contextmanager
def provider_at(address: str, settings: SettingsWrapper) -> Iterator[None]:
    """Have the settings name another server than that of the issuer."""
    changed = deepcopy(settings.SOCIALACCOUNT_PROVIDERS)
    changed["openid_connect"]["APPS"][0]["settings"]["server_url"] = address
    settings.SOCIALACCOUNT_PROVIDERS = changed
    yield


def test_a_person_signs_in_to_the_account_with_the_same_address(
    client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    user = make_user("ada", "Viewer", email="Ada@example.com")

    response = sign_in(
        client, "sub-1", following="/launches/?state=failed", email="ada@example.com", groups=["/staff/ops"]
    )

    assert (response.status_code, response.headers["Location"]) == (302, "/launches/?state=failed")
    assert client.session["_auth_user_id"] == str(user.pk)
    assert roles(user) == {"Viewer", "Operator"}, "Viewer is no role that the provider gives"
    log = AccessLog.objects.get()
    assert (log.username, log.ip_address, log.path_info) == ("ada", "192.0.2.7", f"{START}callback/")
    assert "Signed in: account ada, address 192.0.2.7." in caplog.text
    assert cookie_name() in client.cookies
    assert client.session.get_expiry_age() == settings.SESSION_COOKIE_AGE
    user.refresh_from_db()
    assert user.check_password(PASSWORD), "the local account stays"


def test_a_required_second_factor_is_that_of_the_provider(client: Client, settings: SettingsWrapper) -> None:
    settings.SECOND_FACTORS = "required"
    make_user("ada", "Viewer", email="ada@example.com")
    client.post("/login/", {"username": "ada", "password": PASSWORD})
    assert not signed_in(client)

    sign_in(client, "sub-1", email="ada@example.com", groups=["/staff/ops"])

    assert client.get("/launches/").status_code == 200


def test_the_provider_gets_only_what_it_needs_and_only_the_subject_is_stored(client: Client) -> None:
    make_user("ada", email="ada@example.com")
    start = client.get(START, {"scope": "everything", "auth_params": "prompt=none", "process": "connect"})
    sent = parse_qs(urlsplit(start.headers["Location"]).query)

    assert set(sent) == {
        *("client_id", "redirect_uri", "scope", "response_type", "state"),
        *("code_challenge", "code_challenge_method"),
    }
    assert set(sent["scope"][0].split()) == {"openid", "profile", "email"}
    assert sent["code_challenge_method"] == ["S256"]
    for _ in range(2):
        sign_in(Client(), "sub-1", email="ada@example.com", phone="+49 1")
    assert SocialAccount._default_manager.get().extra_data == {}
    assert not SocialToken._default_manager.exists()


def test_roles_follow_the_groups_at_each_sign_in() -> None:
    user = make_user("ada", "Integrator", email="ada@example.com")
    for groups, expected in [
        (["dash-admins", "/staff/ops", "other"], {"Integrator", "Administrator", "Operator"}),
        ("/staff/ops", {"Integrator", "Operator"}),
        ([7, None], {"Integrator"}),
    ]:
        sign_in(Client(), "sub-1", email="ada@example.com", groups=groups)
        assert roles(user) == expected
    make_user("bob", "Operator", email="bob@example.com")
    sign_in(Client(), "sub-2", email="bob@example.com")
    assert roles(User.objects.get(username="bob")) == set(), "no claim is no group"


def test_a_refusal_has_a_reason(client: Client, caplog: pytest.LogCaptureFixture) -> None:
    make_user("ada", email="ada@example.com")
    make_user("gone", email="gone@example.com", is_active=False)
    make_user("one", email="both@example.com")
    make_user("two", email="Both@example.com")
    make_user("mike", email="mike@example.com")
    sign_in(Client(), "sub-1", email="ada@example.com")
    make_user("eve", email="eve@example.com")
    refused: list[tuple[str, dict[str, Any], str]] = [
        ("sub-2", {"email": "new@example.com"}, "No account of this dashboard"),
        ("sub-2", {}, "not verified"),
        ("sub-2", {"email": "eve@example.com", "email_verified": False}, "not verified"),
        ("sub-2", {"email": "eve@example.com", "email_verified": "true"}, "not verified"),
        ("sub-2", {"email": "gone@example.com"}, "not active"),
        ("sub-2", {"email": "both@example.com"}, "Several accounts"),
        ("sub-2", {"email": "m\u0131ke@example.com"}, "No account of this dashboard"),
        ("sub-2", {"email": "ada@example.com"}, "belongs to another person"),
        ("sub-1", {"email": "eve@example.com"}, "belongs to another person"),
    ]
    for subject, claims, sentence in refused:
        response = sign_in(client, subject, **claims)

        assert response.status_code == 403, claims
        assert sentence in response.content.decode(), claims
        assert 'href="/login/"' in response.content.decode()
        assert not signed_in(client)
    assert User.objects.count() == 6
    assert AccessFailureLog.objects.count() == 9
    assert "Single sign-on refused (inactive account): account gone, address 192.0.2.7." in caplog.text
    assert "new@example.com" not in caplog.text, "an address that is no account is personal"


def test_accounts_are_created_only_where_the_settings_allow_it(
    client: Client, settings: SettingsWrapper
) -> None:
    settings.OIDC_CREATE_ACCOUNTS = True
    make_user("taken@example.com", email="other@example.com")
    for email, groups in [("a@example.com", ["others"]), ("taken@example.com", ["/staff/ops"])]:
        assert sign_in(client, "sub-1", email=email, groups=groups).status_code == 403
    assert User.objects.count() == 1
    assert not SocialAccount._default_manager.exists()

    sign_in(client, "sub-1", email="New@example.com", given_name="Ada", groups=["/staff/ops"])

    user = User.objects.get(username="new@example.com")
    assert (user.first_name, user.has_usable_password(), roles(user)) == ("Ada", False, {"Operator"})
    assert client.session["_auth_user_id"] == str(user.pk)


def test_a_sign_in_that_was_cancelled_or_not_started_by_this_browser_is_explained(client: Client) -> None:
    address = client.get(START).headers["Location"]
    stolen = visit(address, sub="sub-1")
    state = parse_qs(urlsplit(address).query)["state"][0]
    assert client.session.get_expiry_age() == views.BROWSER_AWAY_SECONDS
    for browser, back, status, words in [
        (Client(), stolen, 400, "started in another browser"),
        (Client(), f"{START}callback/", 400, "started in another browser"),
        (Client(), f"{START}callback/?error=access_denied", 400, "started in another browser"),
        (client, f"{stolen}x", 400, "started in another browser"),
        # The provider of the tests forgets the state here, which the standard demands.
        (client, f"{visit(address, action='deny')}&state={state}", 403, "Sign-in cancelled"),
    ]:
        response = browser.get(back)

        assert (response.status_code, words in response.content.decode()) == (status, True), back
        assert "form-action 'self'" in response.headers["Content-Security-Policy"]
        assert not signed_in(browser)


def test_a_wrong_code_signs_no_user_in(client: Client) -> None:
    back = visit(client.get(START).headers["Location"], sub="sub-1")

    response = client.get(back.replace("code=", "code=x"))

    assert (response.status_code, signed_in(client)) == (503, False)


def test_a_provider_that_is_away_or_lies_is_reported_and_passwords_still_work(
    client: Client, settings: SettingsWrapper, caplog: pytest.LogCaptureFixture
) -> None:
    make_user("ada", email="ada@example.com")
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        addresses = [
            f"http://127.0.0.1:{unused.getsockname()[1]}",  # nothing listens
            f"{settings.OIDC_ISSUER}/.well-known/missing",
            f"{settings.OIDC_ISSUER}/.well-known/../",
        ]
        for address in addresses:
            with provider_at(address, settings):
                response = client.get(START)
            assert response.status_code == 503, address
            assert "Example login does not respond as it should." in response.content.decode()
    settings.OIDC_ISSUER = settings.OIDC_ISSUER.replace("localhost", "other.example.com")
    assert client.post("/login/", {"username": "ada", "password": PASSWORD}).status_code == 302
    assert settings.OIDC_CLIENT_SECRET not in caplog.text


def test_a_token_of_another_issuer_or_about_another_person_signs_no_user_in(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_user("ada", email="ada@example.com")
    register("sub-1", email="ada@example.com", email_verified=True)
    for change in ({"iss": "https://other.example.com"}, {"sub": "sub-2"}):
        decode = OpenIDConnectOAuth2Adapter._decode_id_token
        back = visit(client.get(START).headers["Location"], sub="sub-1")
        with monkeypatch.context() as patch:
            patch.setattr(
                OpenIDConnectOAuth2Adapter,
                "_decode_id_token",
                lambda *given, decode=decode, change=change: {**decode(*given), **change},
            )
            response = client.get(back)

        assert (response.status_code, signed_in(client)) == (503, False)


def test_a_silent_provider_cannot_take_all_threads(client: Client) -> None:
    for _ in range(views.MAX_AT_ONCE):
        assert views._places.acquire(blocking=False)
    try:
        response = client.get(START)
    finally:
        views._places.release(views.MAX_AT_ONCE)

    assert (response.status_code, response.headers["Retry-After"]) == (429, "5")
    assert client.get(START).status_code == 302


def test_guessing_passwords_locks_no_owner_out_of_the_provider(client: Client) -> None:
    make_user("ada", email="ada@example.com")
    for _ in range(settings.AXES_FAILURE_LIMIT + 1):
        guess = client.post("/login/", {"username": "ada", "password": "wrong"})

    assert guess.status_code == 429
    assert sign_in(client, "sub-1", email="ada@example.com").status_code == 302
    assert Client().post("/login/", {"username": "ada", "password": PASSWORD}).status_code == 429


def test_the_way_back_is_a_page_of_the_dashboard(client: Client) -> None:
    make_user("ada", email="ada@example.com")
    page = client.get("/login/?next=/templates/%3Fq%3Da%26b").content.decode()

    assert f'href="{START}?next=%2Ftemplates%2F%3Fq%3Da%26b"' in page
    assert "Sign in with Example login" in page
    response = sign_in(client, "sub-1", following="https://evil.example.com/", email="ada@example.com")
    assert response.headers["Location"] == "/"
    assert client.get(START, {"next": "/sync/"}).headers["Location"] == "/sync/"


def test_an_administrator_ends_a_link(administrator_client: Client, viewer_client: Client) -> None:
    make_user("ada", email="ada@example.com")
    sign_in(Client(), "sub-1", email="ada@example.com")
    link = SocialAccount._default_manager.get()

    assert viewer_client.get("/admin/socialaccount/socialaccount/").status_code in {302, 403}
    assert b"sub-1" in administrator_client.get("/admin/socialaccount/socialaccount/").content
    administrator_client.post(f"/admin/socialaccount/socialaccount/{link.pk}/delete/", {"post": "yes"})
    assert sign_in(Client(), "sub-2", email="ada@example.com").status_code == 302
