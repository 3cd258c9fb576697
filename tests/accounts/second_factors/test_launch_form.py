"""A session that ended while a launch form was open costs no answer, with a second factor either."""

from __future__ import annotations

import pytest
from django.test import Client
from pytest_django import Settings

from apps.accounts.models import User
from apps.launches.models import Launch
from apps.workflow_templates.models import Template
from tests.accounts.second_factors.conftest import make_app
from tests.accounts.second_factors.test_set_up import PAGE, code_now, secret_on
from tests.factories import PASSWORD
from tests.fixtures.filled_form import FilledForm
from tests.fixtures.launching import Fill
from tests.fixtures.responses import Response

pytestmark = pytest.mark.django_db
CREDENTIALS = {"username": ["operator"], "password": [PASSWORD]}


def has_answers(client: Client, response: Response) -> FilledForm:
    """Return the form of a page that kept the answers."""
    form = FilledForm.read(client, response)
    assert (form.controls["name"], form.controls["kickoff-string-1"]) == (["Kept"], ["Kept too"])
    return form


def sent(form: FilledForm, press: str = "launch", **controls: str) -> FilledForm:
    """Send the form of a sign-in and read the next page, which has the answers."""
    form.controls.update({name: [value] for name, value in controls.items()})
    return has_answers(form.client, form.send(press))


@pytest.fixture
def ended(fill: Fill, every_field: Template, operator_client: Client) -> FilledForm:
    """The sign-in form that keeps the answers of an operator whose session has ended."""
    form = fill(every_field, name="Kept", string_1="Kept too")
    operator_client.logout()
    return has_answers(operator_client, form.send())


def test_the_answers_come_back_after_password_and_code(
    ended: FilledForm, operator: User, operator_client: Client
) -> None:
    app = make_app(operator)
    asks = sent(ended, username="operator", password=PASSWORD)
    assert "code" in asks.controls
    asks = sent(asks, code=app.wrong_code)
    asks = sent(asks, "restart")
    assert "username" in asks.controls
    asks = sent(asks, username="operator", password=PASSWORD)
    assert operator_client.get("/").status_code == 302
    asks = sent(asks, "signed-in", code="")

    again = sent(asks, code=app.code())

    assert not {"code", "password", "username"} & set(again.controls)
    assert not Launch.objects.exists()
    assert again.send().status_code == 302


def test_a_code_that_comes_too_late_leads_to_the_password_again(
    ended: FilledForm, operator: User, operator_client: Client
) -> None:
    app = make_app(operator)
    asks = sent(ended, username="operator", password=PASSWORD)
    operator_client.logout()

    asks = sent(asks, code=app.code())

    assert "username" in asks.controls


def test_a_token_that_was_replaced_asks_for_the_code_again(
    ended: FilledForm, operator: User, operator_client: Client
) -> None:
    app = make_app(operator)
    asks = sent(ended, username="operator", password=PASSWORD)
    operator_client.handler.enforce_csrf_checks = True
    asks.controls["csrfmiddlewaretoken"] = ["stale"]

    asks = sent(asks, code=app.code())

    assert "code" in asks.controls
    assert operator_client.get("/").status_code == 302


def test_a_sign_in_in_another_tab_is_enough(
    ended: FilledForm, operator: User, operator_client: Client
) -> None:
    make_app(operator)
    asks = sent(ended, username="operator", password=PASSWORD)
    operator_client.force_login(operator)

    again = sent(asks, code="")

    assert "code" not in again.controls


def test_where_it_is_required_the_answers_wait_for_the_set_up(
    ended: FilledForm, operator_client: Client, settings: Settings
) -> None:
    settings.SECOND_FACTORS = "required"
    asks = sent(ended, username="operator", password=PASSWORD)
    assert not {"code", "username"} & set(asks.controls)
    asks = sent(asks, "signed-in")  # too early

    secret = secret_on(operator_client)
    operator_client.post(PAGE, {"code": code_now(secret)})
    again = sent(asks, "signed-in")

    assert not Launch.objects.exists()
    assert again.send().status_code == 302


def test_a_session_that_began_before_it_was_required_keeps_its_answers(
    fill: Fill, every_field: Template, operator_client: Client, settings: Settings
) -> None:
    form = fill(every_field, name="Kept", string_1="Kept too")
    settings.SECOND_FACTORS = "required"

    asks = has_answers(operator_client, form.send())

    assert "username" in asks.controls
