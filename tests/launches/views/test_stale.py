"""A template that changed, or another Pneumatic, between an answer and its launch: nothing is lost in silence."""

from __future__ import annotations

import html
from collections.abc import Callable
from dataclasses import replace

import pytest
from django.test import Client
from pytest_django import Settings

from apps.accounts.models import PneumaticUser
from apps.launches.dispatch.encoding import is_outdated
from apps.launches.models import Launch
from apps.pneumatic import server as pneumatic_server
from apps.pneumatic.canonical.schemas import Selection
from apps.pneumatic.client import connect
from apps.workflow_templates.models import Template
from apps.workflow_templates.selectors import version_kickoff
from tests.factories import make_field, make_version
from tests.fixtures.launching import Fill
from tests.fixtures.sandbox import Sandbox, both_dialects, only_current

State = Launch.State


def without_field(sandbox: Sandbox, template_id: int, api_name: str) -> None:
    """Have the template's author delete a field there."""
    template = sandbox.template(template_id)
    fields = [field for field in template["kickoff"]["fields"] if field["api_name"] != api_name]
    sandbox.put_template({**template, "kickoff": {**template["kickoff"], "fields": fields}})


@only_current
def test_an_answer_that_the_server_ignored_is_shown(
    fill: Fill,
    every_field: Template,
    sandbox: Sandbox,
    operator_client: Client,
    only_launch: Callable[[], Launch],
) -> None:
    """The freshness check failed, so the change of the template was not noticed."""
    form = fill(every_field, name="N", string_1="x", text_2="of no use")
    without_field(sandbox, every_field.pk, "text-2")
    sandbox.fault(kind="status", status=500, method="GET", path_prefix=f"/templates/{every_field.pk}")

    response = form.send()

    launch = only_launch()
    page = html.unescape(operator_client.get(response.url).content.decode())
    assert launch.state == State.LAUNCHED
    assert set(launch.payload["kickoff"]) == {"string-1", "text-2"}
    assert list(launch.field_errors) == ["text-2"]
    assert "without some of the answers" in page
    assert "This answer was ignored." in page
    assert "notice--warn" in page


@only_current
def test_a_launch_with_every_answer_has_no_warning(
    fill: Fill, every_field: Template, operator_client: Client, only_launch: Callable[[], Launch]
) -> None:
    response = fill(every_field, name="N", string_1="x").send()

    assert only_launch().field_errors == {}
    assert "without some of the answers" not in operator_client.get(response.url).content.decode()


@both_dialects
def test_a_request_for_a_template_that_changed_is_not_sent_again(
    fill: Fill,
    every_field: Template,
    sandbox: Sandbox,
    operator_client: Client,
    only_launch: Callable[[], Launch],
) -> None:
    form = fill(every_field, name="N", string_1="x", text_2="of no use")
    sandbox.fault(kind="rate_limit", retry_after=1, method="POST", path_prefix="/templates")
    form.send()
    launch = only_launch()
    assert launch.state == State.FAILED
    without_field(sandbox, every_field.pk, "text-2")

    response = operator_client.post(f"/launches/{launch.pk}/retry/", {"attempts": "1"}, follow=True)

    page = html.unescape(response.content.decode())
    launch.refresh_from_db()
    assert (launch.state, launch.attempts) == (State.FAILED, 1)
    assert "The template has changed since then" in page
    assert "/retry/" not in page
    assert sandbox.workflows() == []


@both_dialects
def test_a_request_is_retried_where_the_template_cannot_be_read(
    fill: Fill,
    every_field: Template,
    sandbox: Sandbox,
    operator_client: Client,
    only_launch: Callable[[], Launch],
) -> None:
    form = fill(every_field, name="N", string_1="x")
    sandbox.fault(kind="rate_limit", retry_after=1, method="POST", path_prefix="/templates")
    form.send()
    sandbox.fault(kind="status", status=500, method="GET", path_prefix="/templates")

    operator_client.post(f"/launches/{only_launch().pk}/retry/", {"attempts": "1"})

    assert only_launch().state == State.LAUNCHED
    assert len(sandbox.workflows()) == 1


@both_dialects
def test_nothing_is_sent_to_another_pneumatic_than_the_one_that_was_found(
    fill: Fill, every_field: Template, sandbox: Sandbox, dialect: str
) -> None:
    """The result would be unknown: the form keeps the answers and says how to fix the setup."""
    form = fill(every_field, name="N", string_1="Kept")
    sandbox.reset(dialect="current" if dialect == "documented" else "documented")

    response = form.send()

    page = html.unescape(response.content.decode())
    assert response.status_code == 503
    assert "check_connection" in page
    assert "may be running" not in page
    assert response.context["form"]["kickoff-string-1"].value() == "Kept"
    assert sandbox.workflows() == []
    assert not Launch.objects.exists()
    every_field.refresh_from_db()
    assert every_field.run_allowed.exists()


@both_dialects
def test_another_pneumatic_is_detected_for_the_next_try(
    fill: Fill, every_field: Template, sandbox: Sandbox, settings: Settings, dialect: str
) -> None:
    other = "current" if dialect == "documented" else "documented"
    settings.PNEUMATIC_DIALECT = "auto"
    form = fill(every_field, name="N", string_1="Kept")
    with connect() as client:
        assert client.detect_dialect() == dialect
    sandbox.reset(dialect=other)

    first = form.send()
    known = pneumatic_server.known()
    second = form.send()

    assert first.status_code == 503
    assert known is not None
    assert known.dialect == other
    assert second.status_code in {302, 409}  # launched, or asked about another form
    assert second.status_code == 302 or "Kept" in second.content.decode()


@pytest.mark.django_db
def test_a_launch_is_outdated_when_its_template_asks_for_something_else(
    every_field: Template, fill: Fill, only_launch: Callable[[], Launch]
) -> None:
    fill(every_field, name="N", string_1="x").send()
    launch = only_launch()
    assert not is_outdated(launch, launch.template)

    kickoff = version_kickoff(launch.version)
    keyed = [
        replace(
            field, selections=tuple(Selection(f"key-{at}", o.label) for at, o in enumerate(field.selections))
        )
        for field in kickoff.fields
    ]
    make_version(every_field, kickoff=replace(kickoff, fields=tuple(keyed), description="Shown before 4.0"))
    launch = only_launch()
    assert launch.template.current_version != launch.version
    assert not is_outdated(launch, launch.template)

    make_version(every_field, fields=[make_field("b", "string")])
    launch = only_launch()
    assert is_outdated(launch, launch.template)


@only_current
def test_a_user_who_was_stored_otherwise_is_shown(
    fill: Fill,
    every_field: Template,
    sandbox: Sandbox,
    operator_client: Client,
    only_launch: Callable[[], Launch],
) -> None:
    """The e-mail address belongs to another user since the last sync."""
    form = fill(every_field, name="N", string_1="x", user_9="2")
    sandbox.put_user({"id": 2, "email": "bo.new@example.com"})
    sandbox.put_user({"id": 6, "email": PneumaticUser.objects.get(pk=2).email})

    response = form.send()

    launch = only_launch()
    stored = PneumaticUser.objects.get(pk=6).name
    page = html.unescape(operator_client.get(response.url).content.decode())
    assert launch.state == State.LAUNCHED
    assert launch.field_errors == {"user-9": [f"Pneumatic stored another answer: {stored}."]}
    assert "started with other answers than were given" in page
    assert "notice--warn" in page
