"""Launches on the current server: what is sent, how it changes names, and its errors of answers."""

from __future__ import annotations

import html
import json
from collections.abc import Callable

import pytest
from django.test import Client

from apps.launches.models import Launch
from apps.launches.submission.prefill import suggested_name
from apps.pneumatic.canonical.serialization import kickoff_to_json
from apps.workflow_templates.models import Template
from apps.workflow_templates.selectors import version_kickoff
from tests.factories import make_field, make_template
from tests.fixtures.filled_form import FilledForm
from tests.fixtures.launching import Fill
from tests.fixtures.sandbox import Sandbox, both_dialects, only_current


def refusal(api_name: str, reason: str) -> str:
    """Return the body with which the current server rejects one answer."""
    details = {"api_name": api_name, "reason": reason}
    return json.dumps({"code": "validation_error", "message": reason, "details": details})


@both_dialects
def test_only_keys_that_the_template_has_are_sent(
    fill: Fill, every_field: Template, only_launch: Callable[[], Launch]
) -> None:
    form = fill(every_field, name="N", string_1="x")
    form.controls |= {"kickoff-strange": ["smuggled"], "strange": ["smuggled"]}

    form.send()

    launch = only_launch()
    names = {field.api_name for field in version_kickoff(launch.version).fields}
    assert launch.state == "launched"
    assert launch.payload["kickoff"]
    assert set(launch.payload["kickoff"]) <= names


@only_current
def test_a_name_is_shown_as_the_server_made_it(
    fill: Fill, every_field: Template, operator_client: Client, only_launch: Callable[[], Launch]
) -> None:
    response = fill(every_field, name="For {{string-1}}", string_1="Ada").send()

    launch = only_launch()
    assert (launch.name, launch.upstream_name) == ("For {{string-1}}", "For Ada")
    for url in (response.url, "/launches/", "/launches/?q=for+ada"):
        assert "For Ada" in operator_client.get(url).content.decode()


@both_dialects
def test_an_unchanged_name_is_shown_once(
    fill: Fill, every_field: Template, operator_client: Client, only_launch: Callable[[], Launch]
) -> None:
    response = fill(every_field, name="For Ada", string_1="x").send()

    assert only_launch().upstream_name == ""
    assert "Name in Pneumatic:" not in operator_client.get(response.url).content.decode()


@only_current
def test_a_name_that_the_server_would_cut_is_refused_here(
    fill: Fill, every_field: Template, sandbox: Sandbox
) -> None:
    response = fill(every_field, name="x" * 121, string_1="x").send()

    assert response.status_code == 422
    assert "120" in response.content.decode()
    assert sandbox.workflows() == []


@both_dialects
def test_a_suggested_name_is_what_the_author_wants(sandbox: Sandbox, db: None) -> None:
    template = make_template(name="Onboarding", workflow_name="{{date}} of {{template-name}}")

    assert suggested_name(template) == "{{date}} of {{template-name}}"


@only_current
def test_a_suggested_name_is_short_enough(sandbox: Sandbox, db: None) -> None:
    long, wanted = make_template(name="x" * 200), make_template(name="x", workflow_name="y" * 200)

    assert len(suggested_name(long)) == 120
    assert suggested_name(long).startswith("xxx")
    assert suggested_name(long)[-3] == ":"  # the time is still there
    assert suggested_name(wanted) == "y" * 120


@only_current
def test_a_suggested_pattern_is_never_cut_within_a_variable(
    sandbox: Sandbox, db: None, fill: Fill, every_field: Template, only_launch: Callable[[], Launch]
) -> None:
    pattern = " - ".join(["{{string-1}}"] * 9)
    every_field.workflow_name = pattern
    every_field.save()
    assert suggested_name(every_field) == pattern

    fill(every_field, name=pattern, string_1="ab").send()

    assert only_launch().upstream_name == " - ".join(["ab"] * 9)


@only_current
def test_a_refused_answer_is_reported_at_its_field_in_the_servers_language(
    fill: Fill, every_field: Template, sandbox: Sandbox, operator_client: Client
) -> None:
    body = refusal("string-1", "Ungültig.")
    sandbox.fault(kind="status", status=400, method="POST", body=body)

    response = fill(every_field, name="N", string_1="Kept").send()

    page = html.unescape(response.content.decode())
    form = FilledForm.read(operator_client, response)
    assert response.status_code == 422
    assert response.context["form"].problems[-1].message == "Ungültig."
    assert response.context["form"].problems[-1].label == "Subject"
    assert "Nothing was started" in page
    assert form.controls["kickoff-string-1"] == ["Kept"]


@only_current
def test_a_refusal_of_a_field_that_the_form_does_not_show_names_it_at_the_top(
    fill: Fill, every_field: Template, sandbox: Sandbox
) -> None:
    body = refusal("elsewhere", "No.")
    sandbox.fault(kind="status", status=400, method="POST", body=body)

    response = fill(every_field, name="N", string_1="x").send()

    tops = [problem.message for problem in response.context["form"].problems if not problem.target]
    assert "elsewhere: No." in tops


@only_current
def test_a_hidden_field_is_sent_with_its_default_and_named_when_it_is_refused(
    fill: Fill, no_fields: Template, sandbox: Sandbox, only_launch: Callable[[], Launch]
) -> None:
    hidden = make_field("secret", "string", name="Cost centre", is_hidden=True, default="K-12")
    version = no_fields.current_version
    assert version is not None
    version.kickoff = kickoff_to_json(type(version_kickoff(version))(fields=(hidden,)))
    version.save()
    sandbox.fault(kind="status", status=500, method="GET", path_prefix=f"/templates/{no_fields.pk}")
    body = (
        '{"code": "validation_error", "message": "No.", "details": {"api_name": "secret", "reason": "No."}}'
    )
    sandbox.fault(kind="status", status=400, method="POST", body=body)

    response = fill(no_fields, name="N").send()

    assert only_launch().payload["kickoff"] == {"secret": "K-12"}
    [top, *_others] = [problem.message for problem in response.context["form"].problems]
    assert "Cost centre" in top


@only_current
@pytest.mark.parametrize(
    ("status", "body", "sentence"),
    [
        (
            400,
            '{"message": "Ihre Vorlage ist deaktiviert.", "code": "validation_error"}',
            "Ihre Vorlage ist deaktiviert.",
        ),
        (400, '{"code": "validation_error", "message": "", "details": {}}', "Nothing was started"),
        (403, '{"detail": "Zugriff verweigert."}', "does not let the dashboard's API key launch"),
        (404, '{"detail": "Not found."}', "does not exist in Pneumatic"),
    ],
)
def test_a_rejection_of_the_whole_request_is_explained(
    fill: Fill, every_field: Template, sandbox: Sandbox, status: int, body: str, sentence: str
) -> None:
    sandbox.fault(kind="status", status=status, method="POST", body=body)

    response = fill(every_field, name="N", string_1="x").send()

    assert response.status_code == 422
    assert sentence in html.unescape(response.content.decode())
