"""Where Pneumatic cannot list workflows, the worker's job sends no request, and the page says so."""

from __future__ import annotations

from django.test import Client
from django.utils import timezone

from apps.accounts.models import User
from apps.core import periodic
from apps.launches.models import Launch
from apps.launches.resolution import poller
from apps.workflow_templates.models import Template
from tests.factories import make_launch
from tests.fixtures.sandbox import Sandbox

State = Launch.State


def test_a_server_without_a_list_of_workflows_is_not_polled(
    every_field: Template, operator: User, operator_client: Client, sandbox: Sandbox
) -> None:
    launch = make_launch(every_field, operator, state=State.UNKNOWN, attempts=1, sent_at=timezone.now())

    poller.poll()

    page = operator_client.get(f"/launches/{launch.pk}/").content.decode()
    assert sandbox.requests() == []
    assert "cannot list workflows" in page
    assert "check Pneumatic and record the result" in page


def test_the_worker_does_the_job() -> None:
    assert poller.poll in [job.job for job in periodic.registered()]
