"""Workflows of old releases that an earlier version of the dashboard stored: a rebuild corrects them once."""

from __future__ import annotations

import io
import json

import pytest
from django.core.management import CommandError, call_command
from django.db import transaction

from apps.webhooks.models import Event
from apps.webhooks.processing.worker import process_pending
from apps.workflows.models import Workflow
from apps.workflows.services import project_workflows
from tests.contract.older_releases.workflows import body_of, delivery_names
from tests.fixtures import payloads
from tests.fixtures.deliveries import Deliver

pytestmark = pytest.mark.django_db


def store_as_before(event: Event) -> None:
    """Store an event as version 0.2.0 read it: an option had the id of the workflow's copy as its key."""
    for output in event.facts["workflow"]["kickoff"]:
        for number, choice in enumerate(output.get("choices", ()), start=70):
            choice[0] = str(number)
    event.save()


@pytest.mark.parametrize("tag", ["v1.0.0", "v2.0.4"])
def test_workflows_of_an_earlier_version_are_corrected_once(deliver: Deliver, tag: str) -> None:
    for name in delivery_names(tag, "delivery-flow-"):
        body = json.loads(body_of(tag, name))
        body["hook"]["target"] = payloads.OURS
        deliver(body, process=False)
    process_pending()
    (right,) = Workflow.objects.values_list("digest", flat=True)
    for event in Event.objects.all():
        store_as_before(event)
    with transaction.atomic():
        project_workflows(set(Workflow.objects.values_list("pk", flat=True)))
    assert Workflow.objects.get().digest != right

    with pytest.raises(CommandError, match="1 of 1 workflow differ from their deliveries"):
        call_command("rebuild_workflows", stdout=io.StringIO())
    call_command("rebuild_workflows", "--apply", stdout=io.StringIO())
    call_command("rebuild_workflows", stdout=(out := io.StringIO()))

    assert Workflow.objects.get().digest == right
    assert "1 agree, 0 differ" in out.getvalue()
