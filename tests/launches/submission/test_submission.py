"""A posted form is parsed once, and one client makes every call."""

from __future__ import annotations

from collections import Counter
from functools import cached_property
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client as Browser
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings

from apps.kickoff.forms import KickoffForm
from apps.launches.dispatch.request import LaunchRequest
from apps.launches.models import Launch
from apps.pneumatic.client import Client
from apps.workflow_templates import selectors
from apps.workflow_templates.models import Template
from tests.fixtures.filled_form import FilledForm
from tests.fixtures.launching import Fill
from tests.fixtures.sandbox import Sandbox, both_dialects

Work = Counter[str]

# Of a launch without files, with sessions, savepoints and what follows from the outcome.
QUERIES = 36


@pytest.fixture
def work(monkeypatch: pytest.MonkeyPatch) -> Work:
    """Count what is done once or not at all."""
    counts: Work = Counter()

    def count(owner: object, name: str, key: str) -> None:
        original = getattr(owner, name)

        def counted(*args: Any, **kwargs: Any) -> Any:
            counts[key] += 1
            return original(*args, **kwargs)

        monkeypatch.setattr(owner, name, counted)

    count(selectors, "kickoff_from_json", "parsings")
    count(KickoffForm, "__init__", "forms")
    count(Client, "__init__", "clients")
    count(Client, "run_payload", "payloads")
    original = vars(LaunchRequest)["digest"].func

    def digest(request: LaunchRequest) -> str:
        counts["digests"] += 1
        return original(request)

    counted = cached_property(digest)
    counted.__set_name__(LaunchRequest, "digest")
    monkeypatch.setattr(LaunchRequest, "digest", counted)
    return counts


def text_file() -> SimpleUploadedFile:
    return SimpleUploadedFile("a.txt", b"text", content_type="text/plain")


@both_dialects
def test_a_launch_parses_checks_plans_and_connects_once(
    fill: Fill, every_field: Template, work: Work
) -> None:
    form = fill(every_field, name="N", string_1="x")
    work.clear()

    with CaptureQueriesContext(connection) as queries:
        assert form.send().status_code == 302

    assert work == {"parsings": 1, "forms": 1, "digests": 1, "clients": 1, "payloads": 1}
    locks = int(connection.features.has_select_for_update)  # of the user's row; SQLite has one lock for all
    assert len(queries) <= QUERIES + locks


def test_a_launch_with_files_connects_once(fill: Fill, every_field: Template, work: Work) -> None:
    form = fill(every_field, name="N", string_1="x", file_8=[text_file(), text_file()])
    work.clear()

    assert form.send().status_code == 302

    assert work == {"parsings": 1, "forms": 1, "digests": 1, "clients": 1, "payloads": 1}


def test_an_invalid_form_connects_to_nothing(fill: Fill, every_field: Template, work: Work) -> None:
    form = fill(every_field, name="N", string_1="x", date_5="nonsense")
    work.clear()

    assert form.send().status_code == 422

    assert work == {"parsings": 1, "forms": 1}


def test_a_preview_computes_no_digest(fill: Fill, every_field: Template, work: Work) -> None:
    form = fill(every_field, name="N", string_1="x")
    work.clear()

    assert form.send("preview").status_code == 200

    assert work == {"parsings": 1, "forms": 1, "clients": 1, "payloads": 1}


def test_a_form_that_is_sent_again_connects_to_nothing(fill: Fill, every_field: Template, work: Work) -> None:
    form = fill(every_field, name="N", string_1="x")
    first = form.send()
    work.clear()

    assert form.send().url == first.url

    assert work == {"parsings": 1, "forms": 1, "digests": 1}


def test_an_identical_launch_is_asked_about_before_anything_is_stored(
    fill: Fill, every_field: Template, work: Work
) -> None:
    fill(every_field, name="N", string_1="x").send()
    form = fill(every_field, name="N", string_1="x")
    work.clear()

    assert form.send().status_code == 409

    assert work == {"parsings": 1, "forms": 1, "digests": 1, "clients": 1, "payloads": 1}


def test_a_retry_connects_once(
    fill: Fill, every_field: Template, work: Work, sandbox: Sandbox, operator_client: Browser
) -> None:
    sandbox.fault(kind="rate_limit", retry_after=1, method="POST", path_prefix="/templates")
    url = fill(every_field, name="N", string_1="x").send().url
    work.clear()

    operator_client.post(f"{url}retry/", {"attempts": "1"})

    assert Launch.objects.get().state == Launch.State.LAUNCHED
    assert work["clients"] == 1


def test_a_form_for_a_template_that_changed_keeps_its_own_fields(
    fill: Fill, every_field: Template, operator_client: Browser, sandbox: Sandbox
) -> None:
    """The freshness check returns another version: the form that was filled in is compared with it, and not sent."""
    form = fill(every_field, name="N", string_1="x")
    template = sandbox.template(every_field.pk)
    fields = [{**field, "name": f"New {field['name']}"} for field in template["kickoff"]["fields"]]
    sandbox.put_template({**template, "kickoff": {**template["kickoff"], "fields": fields}})

    response = form.send()

    assert response.status_code == 409
    assert FilledForm.read(operator_client, response).controls["kickoff-string-1"] == ["x"]
    assert sandbox.workflows() == []


def test_a_retry_without_a_key_is_explained_and_sends_nothing(
    fill: Fill, every_field: Template, sandbox: Sandbox, operator_client: Browser, settings: Settings
) -> None:
    sandbox.fault(kind="rate_limit", retry_after=1, method="POST", path_prefix="/templates")
    url = fill(every_field, name="N", string_1="x").send().url
    settings.PNEUMATIC_API_KEY = ""

    response = operator_client.post(f"{url}retry/", {"attempts": "1"}, follow=True)

    assert "not set up to reach Pneumatic" in response.content.decode()
    assert Launch.objects.get().state == Launch.State.FAILED
    assert sandbox.workflows() == []
