"""One form starts one workflow, including when it is sent twice; an identical launch is confirmed first."""

from __future__ import annotations

import datetime as dt
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.utils import timezone

from apps.accounts.models import User
from apps.launches.dispatch import services
from apps.launches.dispatch.request import PlannedRequest, plan
from apps.launches.models import Launch
from apps.launches.submission import tokens
from apps.workflow_templates.models import Template
from tests.factories import client_of, make_field, make_user, make_version
from tests.fixtures.filled_form import FilledForm
from tests.fixtures.launching import Fill
from tests.fixtures.sandbox import Sandbox, either_dialect

pytestmark = either_dialect


def test_sending_a_form_again_leads_to_the_same_launch(
    fill: Fill, every_field: Template, sandbox: Sandbox
) -> None:
    """Double click, reload of the answer, back button and Launch once more."""
    form = fill(every_field, string_1="x")

    first, second, third = form.send(), form.send(), form.send()

    assert first.url == second.url == third.url
    assert len(sandbox.workflows()) == 1


def test_two_tabs_with_the_same_form_share_one_submission(
    fill: Fill, every_field: Template, sandbox: Sandbox
) -> None:
    one, other = fill(every_field, name="N", string_1="x"), fill(every_field, name="N", string_1="x")

    assert one.submission_id == other.submission_id
    assert one.send().url == other.send().url
    assert len(sandbox.workflows()) == 1


def test_a_launched_form_is_opened_with_a_new_submission(fill: Fill, every_field: Template) -> None:
    form = fill(every_field, string_1="x")
    form.send()

    assert fill(every_field).submission_id != form.submission_id


def test_forms_of_other_templates_and_links_have_their_own_submission(
    fill: Fill, every_field: Template, no_fields: Template, operator_client: Client
) -> None:
    linked = FilledForm.open(operator_client, f"/templates/{every_field.pk}/launch/?kickoff-string-1=Chairs")

    ids = {fill(every_field).submission_id, fill(no_fields).submission_id, linked.submission_id}

    assert len(ids) == 3


def test_the_same_file_sent_twice_is_the_same_request(
    fill: Fill, every_field: Template, sandbox: Sandbox
) -> None:
    """Without scripts a double click brings the file twice, under two attachment ids."""

    def send(form: FilledForm) -> str:
        return form.fill(file_8=[SimpleUploadedFile("a.txt", b"same", content_type="text/plain")]).send().url

    form = fill(every_field, string_1="x")

    assert send(form) == send(form)
    assert len(sandbox.workflows()) == 1


def test_other_answers_in_a_used_form_need_a_confirmation(
    fill: Fill, every_field: Template, sandbox: Sandbox, operator_client: Client
) -> None:
    form = fill(every_field, name="First", string_1="x")
    form.send()

    response = form.fill(string_1="y").send()

    page = response.content.decode()
    again = FilledForm.read(operator_client, response)
    assert response.status_code == 409
    assert "This form was already submitted" in page
    assert f"/launches/{Launch.objects.get().pk}/" in page
    assert again.controls["kickoff-string-1"] == ["y"]
    assert again.submission_id != form.submission_id
    assert len(sandbox.workflows()) == 1

    assert again.send().status_code == 302
    assert len(sandbox.workflows()) == 2


def test_another_users_submission_starts_nothing_and_reveals_nothing(
    fill: Fill, every_field: Template, sandbox: Sandbox
) -> None:
    form = fill(every_field, name="Secret name", string_1="x")
    form.send()
    other_user = client_of(make_user("other_user", "Operator"))
    stolen = FilledForm.open(other_user, f"/templates/{every_field.pk}/launch/").fill(string_1="mine")
    stolen.controls["submission_id"] = [form.submission_id]

    response = stolen.send()

    again = FilledForm.read(other_user, response)
    assert response.status_code == 409
    assert "Secret name" not in response.content.decode()
    assert again.submission_id != form.submission_id
    assert len(sandbox.workflows()) == 1
    assert again.send().status_code == 302
    assert len(sandbox.workflows()) == 2


def test_the_same_answers_from_a_new_form_are_asked_about(
    fill: Fill, every_field: Template, sandbox: Sandbox, operator_client: Client
) -> None:
    """A browser that reloads the form on Back but keeps what was typed sends it under a new submission id."""
    fill(every_field, name="N", string_1="x").send()

    response = fill(every_field, name="N", string_1="x").send()

    assert response.status_code == 409
    assert "Identical launch found" in response.content.decode()
    assert len(sandbox.workflows()) == 1

    assert FilledForm.read(operator_client, response).send().status_code == 302
    assert len(sandbox.workflows()) == 2


@pytest.mark.django_db(transaction=True)
def test_the_same_answers_at_the_same_time_are_launched_once(
    fill: Fill, no_fields: Template, sandbox: Sandbox, operator: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both requests have passed every check when the first of them is stored."""
    forms = [fill(no_fields, client_of(operator), name="N") for _ in range(2)]
    both = threading.Barrier(2, timeout=600)

    def plan_together(*arguments: Any) -> PlannedRequest:
        planned = plan(*arguments)
        both.wait()
        return planned

    def send(form: FilledForm) -> int:
        try:
            return form.send().status_code
        finally:
            connection.close()

    with monkeypatch.context() as patch, ThreadPoolExecutor(2) as pool:
        patch.setattr(services, "plan", plan_together)
        statuses = sorted(pool.map(send, forms))

    assert statuses == [302, 409]
    assert len(sandbox.workflows()) == Launch.objects.count() == 1


def test_a_confirmed_repeat_that_is_sent_twice_is_one_workflow(
    fill: Fill, every_field: Template, sandbox: Sandbox, operator_client: Client
) -> None:
    fill(every_field, name="N", string_1="x").send()
    confirmed = FilledForm.read(operator_client, fill(every_field, name="N", string_1="x").send())

    assert confirmed.send().url == confirmed.send().url
    assert len(sandbox.workflows()) == 2


def test_launching_again_on_purpose_is_not_asked_about(
    fill: Fill, every_field: Template, sandbox: Sandbox, operator_client: Client
) -> None:
    fill(every_field, name="N", string_1="x").send()
    first = Launch.objects.get()

    again = FilledForm.open(operator_client, f"/templates/{every_field.pk}/launch/?from={first.pk}")

    assert again.send().status_code == 302
    assert len(sandbox.workflows()) == 2
    assert Launch.objects.exclude(pk=first.pk).get().previous == first


@pytest.mark.parametrize("state", ["unknown", "sending", "queued"])
def test_launching_again_what_may_be_running_is_asked_about(
    fill: Fill, every_field: Template, operator_client: Client, state: str
) -> None:
    fill(every_field, name="N", string_1="x").send()
    first = Launch.objects.get()
    Launch.objects.update(state=state, workflow_id=None)

    again = FilledForm.open(operator_client, f"/templates/{every_field.pk}/launch/?from={first.pk}")
    response = again.send()

    assert response.status_code == 409
    assert "Resolve it first" in response.content.decode()
    assert Launch.objects.count() == 1


def test_a_repeat_of_long_ago_is_not_asked_about(fill: Fill, every_field: Template) -> None:
    fill(every_field, name="N", string_1="x").send()
    Launch.objects.update(created_at=timezone.now() - dt.timedelta(days=2))

    assert fill(every_field, name="N", string_1="x").send().status_code == 302


@pytest.mark.parametrize("state", ["rejected", "failed"])
def test_what_did_not_start_may_be_sent_again_unasked(fill: Fill, every_field: Template, state: str) -> None:
    fill(every_field, name="N", string_1="x").send()
    Launch.objects.update(state=state, workflow_id=None)

    assert fill(every_field, name="N", string_1="x").send().status_code == 302


def test_a_repeat_after_the_template_changed_still_leads_to_its_launch(
    fill: Fill, every_field: Template, sandbox: Sandbox
) -> None:
    form = fill(every_field, string_1="x")
    first = form.send()
    make_version(every_field, fields=[make_field("other")])

    assert form.send().url == first.url
    assert len(sandbox.workflows()) == 1


def test_a_form_without_a_submission_id_launches_once(
    fill: Fill, every_field: Template, sandbox: Sandbox
) -> None:
    form = fill(every_field, string_1="x").without("submission_id")

    assert form.send().status_code == 302
    assert form.send().status_code == 409
    assert len(sandbox.workflows()) == 1


def test_sessions_do_not_grow_without_bound(
    operator_client: Client, no_fields: Template, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tokens, "MAX_FORMS", 2)
    for number in range(3):
        operator_client.get(f"/templates/{no_fields.pk}/launch/?name={number}")

    assert len(operator_client.session["launch_submissions"]) == 2
