"""Forms and links that are larger than most: taken, or answered with a sentence."""

from __future__ import annotations

import html
from urllib.parse import quote, urlencode

import pytest
from django.test import Client
from pytest_django import Settings

from apps.accounts.models import User
from apps.launches.models import Launch
from apps.workflow_templates.models import Template
from tests.fixtures.launching import Fill
from tests.fixtures.sandbox import Sandbox, only_current

pytestmark = pytest.mark.django_db
MEGABYTE = 1024**2


@only_current
def test_a_long_text_and_many_values_are_read(fill: Fill, every_field: Template, sandbox: Sandbox) -> None:
    form = fill(every_field, string_1="x", text_2="long enough" * 10_000)
    form.controls["unknown"] = ["1"] * 5001
    assert form.send().status_code == 302
    assert len(sandbox.workflows()) == 1
    # Pneumatic itself reads less.
    text = "twelve chars" * (6 * MEGABYTE // 12)
    refused = fill(every_field, string_1="x", text_2=text).send()
    assert refused.status_code == 422
    assert text in refused.content.decode()
    assert len(sandbox.workflows()) == 1


@pytest.mark.parametrize("kind", ["multipart", "form"])
def test_a_form_above_the_limits_gets_a_sentence(
    fill: Fill, every_field: Template, settings: Settings, kind: str
) -> None:
    form = fill(every_field, string_1="x", text_2="y" * MEGABYTE)
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = MEGABYTE
    encoded = {
        "data": urlencode(form.controls, doseq=True),
        "content_type": "application/x-www-form-urlencoded",
    }
    options = {"data": form.controls} if kind == "multipart" else encoded
    response = form.client.post(form.action, **options)
    assert response.status_code == 413
    assert "at most 1 MB can be sent" in response.content.decode()
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 2 * MEGABYTE
    settings.DATA_UPLOAD_MAX_NUMBER_FIELDS = 3
    response = form.client.post(form.action, **options, headers={"accept": "application/json"})
    assert response.status_code == 413
    assert response.json() == {"error": "The form has too many values: at most 3 can be sent."}
    assert not Launch.objects.exists()


@pytest.mark.parametrize("path", ["/templates/{}/launch/", "/workflows/"])
def test_a_long_link_survives_the_sign_in(
    client: Client, operator: User, every_field: Template, path: str
) -> None:
    link = f"{path.format(every_field.pk)}?kickoff-string-1={quote('ü' * 1000)}"
    page = client.get(link)
    assert page.status_code == 200
    form = html.unescape(page.content.decode())
    assert f'name="next" value="{link}"' in form
    assert 'action="/login/"' in form
    operator.set_password("right")
    operator.save()
    response = client.post("/login/", {"username": operator.username, "password": "right", "next": link})
    assert (response.status_code, response["Location"]) == (302, link)


def test_a_link_of_usual_length_still_redirects(client: Client, every_field: Template) -> None:
    response = client.get("/workflows/?q=x")
    assert (response.status_code, response["Location"]) == (302, "/login/?next=/workflows/%3Fq%3Dx")
