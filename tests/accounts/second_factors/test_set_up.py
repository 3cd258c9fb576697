"""Users set up, replace and remove their second factor; a stolen session cannot."""

from __future__ import annotations

import base64
import re

import pytest
from django.contrib.sessions.models import Session
from django.core import serializers
from django.test import Client
from pytest_django import Settings

from apps.accounts.models import RecoveryCode, SecondFactor, User
from apps.accounts.second_factors import codes, pending
from apps.accounts.second_factors.services import factor_of
from apps.core.database import clock
from tests.accounts.second_factors.conftest import App, enter_password, is_signed_in, make_app
from tests.factories import PASSWORD, client_of

pytestmark = pytest.mark.django_db
PAGE, IMAGE, CODE = "/account/second-factor/", "/account/second-factor/qr.svg", "/login/code/"
NEW = "a longer horse, and a correct one"


def secret_on(client: Client) -> bytes:
    """Open the page and return the key that it shows."""
    found = re.search(r"<code>([A-Z2-7 ]+)</code>", client.get(PAGE).content.decode())
    assert found
    return base64.b32decode(found[1].replace(" ", ""))


def code_now(secret: bytes) -> str:
    return codes.code_at(secret, int(clock.now().timestamp()) // codes.STEP_SECONDS)


def recovery_codes_in(page: str) -> list[str]:
    return re.findall(r"<li><code>([a-z0-9-]{27})</code>", page)


def test_an_app_is_set_up_with_the_password_and_its_first_code(viewer: User, viewer_client: Client) -> None:
    other_session = client_of(viewer)
    secret = secret_on(viewer_client)
    assert secret == secret_on(viewer_client)
    code = code_now(secret)

    no_password = viewer_client.post(PAGE, {"password": "x", "code": code})
    wrong_code = viewer_client.post(PAGE, {"password": PASSWORD, "code": "1"})
    assert "This is not your password." in no_password.content.decode()
    assert "This is not the code of this app." in wrong_code.content.decode()
    assert factor_of(viewer) is None
    page = viewer_client.post(PAGE, {"password": PASSWORD, "code": code}).content.decode()

    assert len(recovery_codes_in(page)) == codes.RECOVERY_CODES
    assert "<dt>Recovery codes left</dt><dd>10</dd>" in viewer_client.get(PAGE).content.decode()
    assert other_session.get("/").status_code == 302
    client = Client()
    assert enter_password(client) == CODE
    client.post(CODE, {"code": code})
    assert not is_signed_in(client), "the code of the set-up was used again"


def test_the_picture_has_the_key_and_no_other_user_gets_it(viewer_client: Client, client: Client) -> None:
    assert viewer_client.get(IMAGE).status_code == 404
    secret_on(viewer_client)
    image = viewer_client.get(IMAGE)

    assert image.headers["Content-Type"] == "image/svg+xml"
    assert "no-store" in image.headers["Cache-Control"]
    assert "default-src 'none'" in image.headers["Content-Security-Policy"]
    assert viewer_client.post(IMAGE).status_code == 405
    assert client.get(IMAGE).status_code == 404


def test_neither_the_key_nor_recovery_codes_are_stored(viewer_client: Client) -> None:
    secret = secret_on(viewer_client)
    sessions = [session.get_decoded() for session in Session.objects.all()]
    page = viewer_client.post(PAGE, {"password": PASSWORD, "code": code_now(secret)}).content.decode()

    rows = [*SecondFactor.objects.all(), *RecoveryCode.objects.all(), *User.objects.all()]
    sessions += [session.get_decoded() for session in Session.objects.all()]
    stored = f"{serializers.serialize('json', rows)} {sessions}"
    forms = [
        secret.hex(),
        base64.b32encode(secret).decode(),
        base64.b64encode(secret).decode(),
        *recovery_codes_in(page),
        *map(codes.plain, recovery_codes_in(page)),
    ]
    assert len(forms) == 3 + 2 * codes.RECOVERY_CODES
    assert not [form for form in forms if form in stored]


def test_the_other_click_of_a_double_click_shows_the_factor(
    viewer: User, viewer_client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret = secret_on(viewer_client)
    make_app(viewer)
    monkeypatch.setattr("apps.accounts.second_factors.services.factor_of", lambda user: None)

    response = viewer_client.post(PAGE, {"password": PASSWORD, "code": code_now(secret)})

    assert response.headers["Location"] == PAGE
    assert SecondFactor.objects.count() == 1


def test_removing_it_takes_password_and_code_and_ends_other_sessions(app: App, viewer_client: Client) -> None:
    other_session = client_of(app.user)
    for values in (
        {"password": PASSWORD},
        {"password": PASSWORD, "code": app.wrong_code},
        {"password": "x", "code": app.code()},
    ):
        viewer_client.post(PAGE, {"remove": "1", **values})
        assert factor_of(app.user) is not None

    page = viewer_client.post(PAGE, {"remove": "1", "password": PASSWORD, "code": app.code()}, follow=True)

    assert "Your second factor was removed." in page.content.decode()
    assert not RecoveryCode.objects.exists()
    assert other_session.get("/").status_code == 302
    assert enter_password(Client()) == "/"


def test_new_recovery_codes_replace_the_older_ones(app: App, viewer_client: Client) -> None:
    values = {"password": PASSWORD, "code": app.code(), "recovery-codes": "1"}
    new = recovery_codes_in(viewer_client.post(PAGE, values).content.decode())

    assert len(new) == codes.RECOVERY_CODES
    client = Client()
    enter_password(client)
    client.post(CODE, {"code": app.recovery_codes[0]})
    assert not is_signed_in(client)
    client.post(CODE, {"code": new[0]})
    assert is_signed_in(client)


def test_a_new_password_takes_a_code_which_no_other_mistake_uses_up(app: App, viewer_client: Client) -> None:
    code = app.code()
    right = {"old_password": PASSWORD, "new_password1": NEW, "new_password2": NEW, "code": code}
    for change in ({"code": ""}, {"code": app.wrong_code}, {"old_password": "x"}, {"new_password2": "short"}):
        assert viewer_client.post("/account/password/", {**right, **change}).status_code == 200
    app.user.refresh_from_db()
    assert app.user.check_password(PASSWORD)

    assert viewer_client.post("/account/password/", right).status_code == 302

    app.user.refresh_from_db()
    assert app.user.check_password(NEW)
    assert viewer_client.get(PAGE).status_code == 200


def test_where_it_is_required_the_first_sign_in_leads_to_it(
    required: None, viewer: User, client: Client
) -> None:
    assert enter_password(client, next="/templates/") == CODE
    assert client.get(CODE).headers["Location"] == PAGE
    secret = secret_on(client)
    assert client.get(IMAGE).status_code == 200
    assert not is_signed_in(client)

    page = client.post(PAGE, {"code": code_now(secret)}).content.decode()

    assert '<a class="button button--primary" href="/templates/">' in page
    assert len(recovery_codes_in(page)) == codes.RECOVERY_CODES
    assert client.get("/templates/").status_code == 200
    assert client.get(PAGE).status_code == 200
    other = Client()
    enter_password(other)
    assert other.get(PAGE).headers["Location"] == CODE


def test_where_it_is_required_sessions_without_it_end(
    required: None, viewer: User, viewer_client: Client
) -> None:
    assert viewer_client.get("/").headers["Location"] == "/login/?next=/"
    with_provider = client_of(viewer)
    session = with_provider.session
    session[pending._PROOF] = pending.PROVIDER
    session.save()
    assert with_provider.get("/").status_code == 200


def test_where_it_is_required_removing_it_leads_to_the_next_one(
    required: None, app: App, client: Client
) -> None:
    enter_password(client)
    client.post(CODE, {"code": app.code()})

    values = {"remove": "1", "password": PASSWORD, "code": app.code(1)}
    response = client.post(PAGE, values, follow=True)

    assert "Signing in with a password requires a second factor." in response.content.decode()
    assert not is_signed_in(client)
    assert secret_on(client) != codes.secret_of(app.factor.nonce)


def test_who_signs_in_with_the_provider_alone_has_none(viewer: User) -> None:
    viewer.set_unusable_password()
    viewer.save()
    client = client_of(viewer)

    assert client.get(PAGE).status_code == 403
    assert PAGE not in client.get("/").content.decode()


def test_pages_exist_where_it_is_turned_on(viewer_client: Client, client: Client, settings: Settings) -> None:
    assert f'href="{PAGE}"' in viewer_client.get("/").content.decode()
    assert client.get(PAGE).headers["Location"] == f"/login/?next={PAGE}"

    settings.SECOND_FACTORS = "off"

    assert PAGE not in viewer_client.get("/").content.decode()
    assert [viewer_client.get(path).status_code for path in (PAGE, IMAGE)] == [404, 404]
