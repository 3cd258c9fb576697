"""The answers of a kickoff form are edited in Pneumatic, which sends no event."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import requests

from apps.pneumatic.client import Client, connect
from apps.workflows.models import Workflow
from apps.workflows.projection.history import history_of
from apps.workflows.reconciliation import kickoffs, reconciler
from apps.workflows.reconciliation.reconciler import ReconciliationReport, check_newest, reconcile
from tests.factories import make_workflow
from tests.fixtures.sandbox import Sandbox, only_current
from tests.workflows.reconciliation.test_reconciler import LONG_AGO

pytestmark = pytest.mark.django_db

Compare = Callable[[Client], ReconciliationReport]


def a_round(client: Client) -> ReconciliationReport:
    return reconcile(client, full=False)


def everything(client: Client) -> ReconciliationReport:
    return reconcile(client, full=True)


@pytest.fixture(autouse=True)
def without_grace_period(monkeypatch: pytest.MonkeyPatch) -> None:
    """Treat no event as being in transit."""
    monkeypatch.setattr(reconciler, "EVENT_GRACE_PERIOD", LONG_AGO)


def edit(sandbox: Sandbox, workflow_id: int, answers: dict[str, Any]) -> None:
    """Edit a kickoff form as Pneumatic's own page does."""
    response = requests.patch(
        f"{sandbox.url}/workflows/{workflow_id}",
        json={"kickoff": answers},
        headers={"Authorization": f"Bearer {sandbox.key}"},
        timeout=60,
    )
    assert response.status_code == 200, response.text


def answers_of(workflow_id: int) -> dict[str, str]:
    kickoff = history_of(Workflow.objects.get(pk=workflow_id)).kickoff
    return {output.api_name: output.value for output in kickoff or ()}


@only_current
@pytest.mark.parametrize("compare", [a_round, everything, check_newest])
def test_an_edited_answer_is_seen_by_the_next_comparison(sandbox: Sandbox, compare: Compare) -> None:
    edited, other = [int(sandbox.start_workflow(1, name=name)["id"]) for name in ("Edited", "Other")]
    with connect() as client:
        everything(client)
        before = answers_of(edited)
        edit(sandbox, edited, {"string-1": "Another text", "text-2": ""})

        first, second = compare(client), compare(client)

    assert answers_of(edited) == {**before, "string-1": "Another text", "text-2": ""}
    assert (first.read, [one.workflow_id for one in first.updated]) == (1, [edited])
    assert second.read == 0
    assert other


@only_current
@pytest.mark.parametrize("release", ["3.2", "4.0", "7.3"])
def test_answers_of_every_kind_are_the_same_in_a_list(sandbox: Sandbox, release: str) -> None:
    sandbox.reset(release=release)
    with connect() as client:
        templates = [template.id for template in client.list_templates() if template.is_active]
        for template_id in templates:
            sandbox.start_workflow(template_id)
        assert everything(client).read == len(templates)

        assert everything(client).read == 0


@only_current
def test_an_ended_workflow_is_compared_too(sandbox: Sandbox) -> None:
    id_ = int(sandbox.start_workflow(1)["id"])
    sandbox.step(id_, "finish", silent=True)
    with connect() as client:
        everything(client)
        edit(sandbox, id_, {"string-1": "Late"})
        a_round(client)

    assert answers_of(id_)["string-1"] == "Late"


def test_a_request_names_no_more_fields_than_a_server_reads() -> None:
    for template_id in range(1, 60):
        fields = [
            {"api_name": f"field-{template_id:03}-{n:03}", "name": "F", "type": "string"} for n in range(10)
        ]
        make_workflow(template_id=template_id, history={"kickoff": fields})

    chosen = [set(kickoffs.names_to_compare()) for _ in range(30)]

    assert all(len(",".join(names)) <= kickoffs.MAX_NAMES_BYTES for names in chosen)
    assert len(set().union(*chosen)) > 2 * max(map(len, chosen))  # each time others


def test_workflows_without_known_answers_add_no_names() -> None:
    make_workflow(template_id=None)
    make_workflow(template_id=3, history={"kickoff": [{"api_name": "a,b", "name": "", "type": "string"}]})

    assert kickoffs.names_to_compare() == ()
