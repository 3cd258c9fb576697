"""Pneumatic says of a deleted workflow "not found" to the account's owner alone; others may not read it any more."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from pytest_django import Settings

from apps.pneumatic.client import Client, connect
from apps.workflow_templates.models import RunAllowed
from apps.workflows.models import Workflow
from apps.workflows.reconciliation.reconciler import UpdatedWorkflow, reconcile
from tests.factories import make_template, make_workflow
from tests.fixtures.sandbox import Sandbox, only_current

pytestmark = [pytest.mark.django_db, only_current]

BO = 2  # no administrator; he may start template 2


@pytest.fixture
def current(sandbox: Sandbox) -> Sandbox:
    return sandbox


@pytest.fixture
def bo(current: Sandbox, settings: Settings) -> Iterator[Client]:
    """Return a client with the key of a user who may only start workflows, whose template is mirrored."""
    settings.PNEUMATIC_API_KEY = current.add_key("pn-key-of-one-who-starts-workflows", BO)
    make_template(2, run_allowed=(BO,))
    with connect() as client:
        yield client


def state_of(workflow_id: int) -> str:
    return Workflow.objects.get(pk=workflow_id).state


def start_as_bo(sandbox: Sandbox, name: str = "Mine") -> int:
    return int(sandbox.start_workflow(2, name=name, started_by=BO)["id"])


def test_what_the_keys_user_started_and_may_not_read_any_more_is_deleted(
    current: Sandbox, bo: Client
) -> None:
    id_, other = start_as_bo(current), start_as_bo(current, "Other")
    reconcile(bo, full=True)
    current.delete_workflow(id_)

    report = reconcile(bo, full=True)
    again = reconcile(bo, full=True)

    assert report.updated == [UpdatedWorkflow(id_, "Mine", "running", "deleted")]
    assert (report.denied, again.read) == (0, 0)
    assert (state_of(id_), state_of(other)) == ("deleted", "running")


def test_for_several_deletions_the_list_is_requested_once(current: Sandbox, bo: Client) -> None:
    ids = [start_as_bo(current, f"Trip {number}") for number in range(3)]
    reconcile(bo, full=True)
    for id_ in ids:
        current.delete_workflow(id_)
    current.clear_requests()

    report = reconcile(bo, full=True)

    lists = [request for request in current.requests() if request["path"] == "/workflows"]
    assert report.deleted == 3
    assert len(lists) == 2  # all, and what the user started


def test_what_is_still_listed_is_not_deleted(current: Sandbox, bo: Client) -> None:
    id_ = start_as_bo(current)
    reconcile(bo, full=True)
    current.step(id_, silent=True)
    current.fault(kind="status", path_prefix=f"/workflows/{id_}", status=403)

    report = reconcile(bo, full=True)

    assert (report.denied, report.updated) == (1, [])
    assert state_of(id_) == "running"


def test_a_template_that_the_keys_user_can_no_longer_run_proves_no_deletion(
    current: Sandbox, bo: Client
) -> None:
    id_ = start_as_bo(current)
    reconcile(bo, full=True)
    current.delete_workflow(id_)
    RunAllowed.objects.all().delete()

    assert reconcile(bo, full=True).denied == 1
    assert state_of(id_) == "running"


@pytest.fixture
def owner(current: Sandbox, settings: Settings) -> Iterator[Client]:
    """Return a client with the key of an administrator who owns template 2, as the dashboard's own user would."""
    user = current.put_user({"email": "dash@example.com", "first_name": "Dash", "is_admin": True})
    template = current.template(2)
    role = {"api_name": "owner-2-9", "role": "owner", "type": "user", "source_id": str(user["id"])}
    current.put_template({**template, "owners": [*template["owners"], role]})
    settings.PNEUMATIC_API_KEY = current.add_key("pn-key-of-one-who-owns-a-template", user["id"])
    with connect() as client:
        yield client


def test_what_others_started_of_an_owned_template_and_is_not_listed_any_more_is_deleted(
    current: Sandbox, owner: Client
) -> None:
    id_, other = start_as_bo(current), start_as_bo(current, "Other")
    reconcile(owner, full=True)
    current.delete_workflow(id_)

    report = reconcile(owner, full=True)

    assert report.updated == [UpdatedWorkflow(id_, "Mine", "running", "deleted")]
    assert (state_of(id_), state_of(other)) == ("deleted", "running")


def test_a_template_that_is_no_longer_owned_proves_no_deletion(current: Sandbox, owner: Client) -> None:
    """Its workflows are not shown any more, and may run anyway."""
    id_ = start_as_bo(current)
    reconcile(owner, full=True)
    template = current.template(2)
    owners = [one for one in template["owners"] if one["api_name"] != "owner-2-9"]
    current.put_template({**template, "owners": owners})
    current.fault(kind="status", path_prefix=f"/workflows/{id_}", status=403)

    report = reconcile(owner, full=True)

    assert state_of(id_) == "running"
    assert report.deleted == 0


def test_what_another_user_started_does_not_count_as_deleted(current: Sandbox, bo: Client) -> None:
    make_workflow(990077, template_id=2)

    assert reconcile(bo, full=True).denied == 1
    assert state_of(990077) == "running"
