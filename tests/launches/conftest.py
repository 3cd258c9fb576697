"""Fixtures: templates of the sandbox as a sync would mirror them, and a person who fills in their forms."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from apps.accounts.models import User
from apps.launches.models import Launch
from apps.pneumatic.client import connect
from apps.workflow_templates.models import Template
from tests.factories import make_pneumatic_user, make_template
from tests.fixtures.sandbox import Sandbox
from tests.launches.forms import FilledForm

EVERY_FIELD, NO_FIELDS, INACTIVE = "Every field", "No fields", "Inactive"

Fill = Callable[..., FilledForm]


@pytest.fixture
def mirrored(db: None, sandbox: Sandbox) -> dict[str, Template]:
    """Return the sandbox's templates by name, mirrored here with the account's users."""
    with connect() as client:
        summaries = client.list_templates()
        templates = client.get_templates([summary.id for summary in summaries])
        users = client.list_users()
    for user in users:
        make_pneumatic_user(
            user.id, first=user.first_name, last=user.last_name, email=user.email, status=user.status
        )
    sandbox.clear_requests()
    return {
        template.name: make_template(
            template.id,
            name=template.name,
            kickoff=template.kickoff,
            is_active=template.is_active,
            run_allowed=template.run_allowed,
        )
        for template in templates
    }


@pytest.fixture
def every_field(mirrored: dict[str, Template]) -> Template:
    """Return the template with one field of every type; only its subject is required."""
    return mirrored[EVERY_FIELD]


@pytest.fixture
def no_fields(mirrored: dict[str, Template]) -> Template:
    return mirrored[NO_FIELDS]


@pytest.fixture
def fill(operator_client: Client) -> Fill:
    """Return a function that opens a launch form as the operator and fills controls in."""

    def open_and_fill(template: Template, client: Client | None = None, **controls: Any) -> FilledForm:
        form = FilledForm.open(client or operator_client, f"/templates/{template.pk}/launch/")
        return form.fill(**controls)

    return open_and_fill


@pytest.fixture
def only_launch() -> Callable[[], Launch]:
    """Return a function that returns the one launch there is."""
    return Launch.objects.select_related("template", "version", "launched_by").get


@pytest.fixture
def launches_of(operator: User) -> Callable[[], list[Launch]]:
    """Return a function that returns the operator's launches, oldest first."""
    return lambda: list(Launch.objects.filter(launched_by=operator).order_by("created_at"))
