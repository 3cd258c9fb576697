"""A session that ended while a launch form was open costs people without a password no answer."""

from __future__ import annotations

import pytest
from django.test import Client

from apps.accounts.models import User
from apps.launches.models import Launch
from apps.workflow_templates.models import Template
from tests.accounts.single_sign_on.provider import START, sign_in
from tests.factories import client_of
from tests.fixtures.filled_form import FilledForm
from tests.fixtures.launching import Fill

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("checks_csrf", [False, True])
def test_the_answers_come_back_after_a_sign_in_with_the_provider(
    fill: Fill, every_field: Template, operator_client: Client, checks_csrf: bool
) -> None:
    form = fill(every_field, name="Kept", string_1="Kept too")
    operator_client.logout()
    page = form.send()
    assert f'href="{START}" target="_blank"' in page.content.decode()
    too_early = FilledForm.read(operator_client, page).send("signed-in")
    assert too_early.status_code == 401
    asked = FilledForm.read(operator_client, too_early)

    sign_in(operator_client, "sub-1", email="operator@example.com", groups=["/staff/ops"])
    operator_client.handler.enforce_csrf_checks = checks_csrf  # the new tab has replaced the token
    response = asked.send("signed-in")

    again = FilledForm.read(operator_client, response)
    assert "Nothing was launched yet" in response.content.decode()
    assert (again.controls["name"], again.controls["kickoff-string-1"]) == (["Kept"], ["Kept too"])
    assert "signed-in" not in again.controls
    assert not Launch.objects.exists()
    operator_client.handler.enforce_csrf_checks = False
    assert again.send().status_code == 302


def test_an_account_without_a_password_is_offered_no_change_of_it(operator: User) -> None:
    assert b"/account/password/" in client_of(operator).get("/").content
    operator.set_unusable_password()
    operator.save()

    assert b"/account/password/" not in client_of(operator).get("/").content
