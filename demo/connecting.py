"""Connect a demonstration with its sandbox: ``python -m demo.connecting FOLDER``.

Run at every start, once the receiver answers: subscribes, sets right what an earlier start left behind, and has the
operator launch the first workflows. Prints a line for each thing that it did.
"""

from __future__ import annotations

import datetime as dt
import logging
import sys
from pathlib import Path
from typing import Any

import django

from demo.environment import Place
from demo.processes import DemoError
from demo.sandbox_api import SandboxApi

django.setup()

from django.conf import settings
from django.utils import timezone
from django.utils.datastructures import MultiValueDict

from apps.accounts.models import PneumaticUser, User
from apps.launches import permissions
from apps.launches.dispatch import services
from apps.launches.models import Launch
from apps.pneumatic.canonical.events import Kind
from apps.pneumatic.canonical.schemas import FieldDefinition
from apps.pneumatic.client import connect as connect_to_pneumatic
from apps.preparation.validation import Validator
from apps.webhooks.subscriptions import drift
from apps.webhooks.subscriptions import services as subscriptions_services
from apps.workflow_templates.models import Template
from apps.workflow_templates.selectors import version_kickoff
from apps.workflows.models import Workflow
from apps.workflows.reconciliation import reconciler

# What the operator launches, as far as their templates allow it: without files, and with two tasks or more.
LAUNCHED = ("Monthly stock count", "Visitor registration", "Leave request", "Training request")
FIRST_LAUNCHES = 2
FIRST_ACTS = 8  # of the people in the sandbox, so that there is something to see at once
ALIVE = (Workflow.State.RUNNING, Workflow.State.SNOOZED)
TERMINATED = 2  # documented: Available workflow statuses


def connect(sandbox: SandboxApi) -> list[str]:
    """Return what was done as sentences; raise DemoError when events cannot arrive."""
    said = [_subscribe()]
    if ended := _end_forgotten(sandbox):
        said.append(f"Workflows that ended while the demonstration was stopped: {ended}")
    operator = User.objects.get(username="operator")
    if not sandbox.workflows():
        sandbox.control("POST", "acts", {"times": FIRST_ACTS})
    if not Launch.objects.filter(launched_by=operator).exists():
        said += [f"The operator launched “{launch.name}”" for launch in _launch_some(operator)]
    return said


def _subscribe() -> str:
    """Have all events sent to our receiver at its present address, in place of any other address of ours."""
    administrator = User.objects.get(username="admin")
    subscriptions_services.refresh()
    outcomes = subscriptions_services.subscribe(administrator, list(Kind))
    outcomes += drift.repair(administrator)
    # An older address of ours had the event: the repair has replaced it with the present one, without a question.
    failed = [outcome.error for outcome in outcomes if not outcome.is_ok and not outcome.is_conflict]
    left = drift.find_drift().unmet
    if failed or left:
        reasons = [*failed, *(drift.report_line(finding) for finding in left)]
        raise DemoError("The events of workflows cannot be subscribed:\n  " + "\n  ".join(reasons))
    return f"Subscribed to {len(Kind)} events"


def _end_forgotten(sandbox: SandboxApi) -> int:
    """End workflows that look alive here and are over there, or unknown; return how many.

    Their last event was lost when the demonstration was killed, or the sandbox's file was removed. A server that lists
    workflows is compared; otherwise the sandbox sends again what was lost.
    """
    with connect_to_pneumatic() as client:
        if client.capabilities.reads_back:
            updated = reconciler.reconcile(client, full=True, allow_deletions=True).updated
            return sum(one.before in ALIVE and one.after not in ALIVE for one in updated)
    there = {item["id"]: item["status"] for item in sandbox.workflows()}
    lost = [item for item in Workflow.objects.filter(state__in=ALIVE) if there.get(item.pk) not in {0, 3}]
    target = subscriptions_services.proposed_target()
    hook = next(
        row
        for row in sandbox.subscriptions()
        if (row["event"], row["target"]) == ("workflow_completed", target)
    )
    for workflow in lost:
        payload = _ending(workflow, there.get(workflow.pk, TERMINATED))
        payload["hook"] = {key: hook[key] for key in ("id", "event", "target")}
        sandbox.control("POST", "deliveries", {"target": target, "event": hook["event"], "payload": payload})
    return len(lost)


def _ending(workflow: Workflow, status: int) -> dict[str, Any]:
    """Return the documented payload of a workflow that is over, as far as we know it."""
    started = workflow.started_at.isoformat(timespec="milliseconds") if workflow.started_at else None
    return {
        "workflow": {
            "id": workflow.pk,
            "name": workflow.name,
            "status": status,
            "date_created": started.replace("+00:00", "Z") if started else None,
            "template": {"id": workflow.template_id, "name": workflow.template_name},
            "kickoff": {"id": 1, "description": "", "output": []},
            "current_task": None,
        }
    }


def _launch_some(operator: User) -> list[Launch]:
    """Launch a few workflows as the operator could from the pages."""
    launched: list[Launch] = []
    for template in Template.objects.filter(name__in=LAUNCHED, removed_at=None).order_by("-id"):
        version = template.current_version
        if (
            version is None
            or permissions.launch_denied_reason(operator, template)
            or len(launched) == FIRST_LAUNCHES
        ):
            continue
        kickoff = version_kickoff(version)
        typed = {f"kickoff-{field.api_name}": _answer(field, operator) for field in kickoff.fields}
        checked = Validator(template, operator).check_controls(
            MultiValueDict({"name": [f"{template.name}, {timezone.localdate():%B %Y}"], **typed})
        )
        if launch_request := checked.request():
            with connect_to_pneumatic() as client:
                launched.append(services.send(services.start(launch_request, client), client))
    return launched


def _answer(field: FieldDefinition, operator: User) -> list[str]:
    if field.selections:
        return [field.selections[0].key]
    if field.type == "user":
        twin = PneumaticUser.objects.filter(email=operator.email, removed_at=None).first()
        return [str(twin.pk)] if twin else []
    if field.type == "date":
        return [(timezone.localdate() + dt.timedelta(days=7)).isoformat()]
    typed = {"url": ["https://example.com/details"], "file": [], "number": ["12"]}
    return typed.get(field.type, ["Kim Larsen"])


if __name__ == "__main__":
    logging.disable(logging.INFO)  # what was done is printed, once
    place = Place(Path(sys.argv[1]))
    api_key = place.api_key.read_text(encoding="utf-8").strip()
    try:
        lines = connect(SandboxApi(settings.PNEUMATIC_API_URL, api_key))
    except DemoError as error:
        sys.exit(str(error))
    sys.stdout.write("\n".join(lines) + "\n")
