"""``manage.py rebuild_workflows`` finds every difference between what is shown and what the deliveries contain."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from apps.webhooks.models import Delivery, Event
from apps.webhooks.processing.worker import process_pending
from apps.workflows.models import Holder, Workflow
from apps.workflows.rebuild import deliveries, differences
from tests.factories import make_user
from tests.fixtures import payloads
from tests.fixtures.deliveries import Deliver


def rebuild(*arguments: str) -> str:
    """Run the command and return what it printed; raise CommandError with that before its message."""
    out = io.StringIO()
    try:
        call_command("rebuild_workflows", *arguments, stdout=out)
    except CommandError as error:
        raise CommandError(out.getvalue() + str(error), returncode=error.returncode) from None
    return out.getvalue()


def rows() -> list[dict[str, Any]]:
    """Return all that is projected, performers included."""
    left_out = ("changed_at",)
    return [
        {
            **{key: value for key, value in row.items() if key not in left_out},
            "performer_rows": sorted(
                Holder.objects.filter(workflow=row["id"]).values_list("person_id", "name")
            ),
        }
        for row in Workflow.objects.order_by("pk").values()
    ]


@pytest.fixture
def delivered(deliver: Deliver) -> None:
    """Let two workflows run, the first to its end."""
    for body in [*payloads.history(1, steps=3, returns=[2]), *payloads.history(2, steps=3)[:3]]:
        deliver(body, process=False)
    process_pending()


def tamper_state() -> None:
    Workflow.objects.filter(pk=2).update(state="completed")


def tamper_history() -> None:
    Workflow.objects.filter(pk=2).update(history={"entries": []})


def tamper_digest() -> None:
    Workflow.objects.filter(pk=2).update(digest="0" * 64)


def tamper_performers() -> None:
    Holder.objects.filter(workflow=2).update(name="Another user")


def lose_row() -> None:
    Workflow.objects.filter(pk=2).delete()


def lose_event() -> None:
    Event.objects.filter(workflow_id=2, kind="task_completed").earliest("pk").delete()


def tamper_facts() -> None:
    event = Event.objects.get(workflow_id=2, kind="workflow_started")
    event.facts["workflow"]["name"] = "Another name"
    event.save()


def tamper_kind() -> None:
    Event.objects.filter(workflow_id=2, kind="workflow_started").update(kind="workflow_completed")


def tamper_hash() -> None:
    Event.objects.filter(workflow_id=2, kind="workflow_started").update(content_hash="f" * 64)


def move_event() -> None:
    Event.objects.filter(workflow_id=2, kind="workflow_started").update(workflow_id=1)


def invent_row() -> None:
    Workflow.objects.create(
        pk=3, name="Never reported", search="", state="running", last_event_at=timezone.now(), digest="0" * 64
    )


TAMPERINGS: dict[Callable[[], None], str] = {
    tamper_state: "Workflow 2: differs in state.",
    tamper_history: "Workflow 2: differs in history.",
    tamper_digest: "Workflow 2: differs in digest.",
    tamper_performers: "Workflow 2: differs in performers.",
    lose_row: "Workflow 2: missing, but it has deliveries.",
    lose_event: "Workflow 2: no event is stored of deliveries ",
    tamper_facts: "differs in facts.",
    tamper_kind: "differs in kind.",
    tamper_hash: "differs in content_hash.",
    move_event: "differs in workflow_id.",
    invent_row: "Workflow 3: has no events.",
}


@pytest.mark.usefixtures("delivered")
def test_it_finds_no_difference_where_there_is_none() -> None:
    assert rebuild() == "Compared 2 workflows with 10 stored deliveries: 2 agree, 0 differ.\n"


@pytest.mark.usefixtures("delivered")
@pytest.mark.parametrize("tamper", TAMPERINGS, ids=lambda tamper: tamper.__name__)
def test_it_finds_and_fixes(tamper: Callable[[], None]) -> None:
    before = rows()
    tamper()
    tampered = rows()

    with pytest.raises(CommandError, match=TAMPERINGS[tamper]) as raised:
        rebuild()
    assert raised.value.returncode == 1
    assert rows() == tampered  # a dry run

    rebuild("--apply")
    assert rows() == before
    assert rebuild().endswith("2 agree, 0 differ.\n")
    assert not Delivery.objects.filter(event=None).exists()
    assert Event.objects.count() == 10


@pytest.mark.usefixtures("delivered")
def test_it_keeps_who_launched_a_workflow() -> None:
    user = make_user("somebody", "Operator")
    Workflow.objects.filter(pk=2).update(launched_by=user, name="Tampered")

    rebuild("--apply")

    workflow = Workflow.objects.get(pk=2)
    assert (workflow.launched_by, workflow.name) == (user, "Workflow 2")


@pytest.mark.usefixtures("delivered")
def test_it_checks_one_workflow_only_on_request() -> None:
    tamper_state()

    assert "Compared 1 workflow with" in rebuild("--workflow", "1")
    with pytest.raises(CommandError, match="Workflow 2: differs in state"):
        rebuild("--workflow", "2")


@pytest.mark.django_db
def test_it_refuses_an_unknown_workflow() -> None:
    with pytest.raises(CommandError, match="Workflow 5 is unknown") as raised:
        rebuild("--workflow", "5")
    assert raised.value.returncode == 2


@pytest.mark.usefixtures("delivered")
def test_it_uses_the_stored_events_of_workflows_with_pruned_deliveries() -> None:
    Delivery.objects.filter(event__workflow_id=1).delete()

    assert "Of 1 workflow some deliveries are pruned" in rebuild()

    Workflow.objects.filter(pk=1).update(state="running")
    with pytest.raises(CommandError, match="Workflow 1: differs in state"):
        rebuild()


@pytest.mark.usefixtures("delivered")
def test_it_says_which_delivery_cannot_be_read() -> None:
    delivery = Delivery.objects.filter(event__workflow_id=2).earliest("pk")
    Delivery.objects.filter(pk=delivery.pk).update(body=b"{}")

    with pytest.raises(CommandError, match=f"delivery {delivery.pk} cannot be read") as raised:
        rebuild("--apply")
    assert raised.value.returncode == 1


@pytest.mark.usefixtures("delivered")
def test_events_received_during_the_comparison_are_no_difference(
    deliver: Deliver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The deliveries were read, then the worker continued, then the rows are read."""
    rest = payloads.history(2, steps=3)[3:]
    read = deliveries.read_again

    def slowly(*arguments: Any) -> Any:
        found = read(*arguments)
        if rest:
            deliver(rest.pop(0))
        return found

    monkeypatch.setattr(differences, "read_again", slowly)

    assert "2 agree, 0 differ" in rebuild()
    assert not rest


@pytest.mark.usefixtures("delivered")
def test_a_workflow_that_keeps_changing_is_compared_while_writes_are_blocked(
    deliver: Deliver, monkeypatch: pytest.MonkeyPatch
) -> None:
    tamper_state()
    monkeypatch.setattr(differences, "_MAX_ATTEMPTS", 0)

    with pytest.raises(CommandError, match="Workflow 2: differs in state"):
        rebuild()


@pytest.mark.usefixtures("delivered")
def test_it_goes_through_all_workflows_a_portion_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(differences, "PORTION", 1)
    tamper_state()
    lose_event()
    invent_row()

    with pytest.raises(CommandError, match="2 of 3 workflows differ"):
        rebuild()
