"""What the current API sends and answers is read as it is meant; all recorded deliveries are replayed."""

from __future__ import annotations

import copy
import datetime as dt
import json
import zoneinfo
from typing import Any

import pytest
from pytest_django import Settings

from apps.pneumatic.canonical.events import (
    Choice,
    Event,
    FileLink,
    Kind,
    Output,
    Performer,
    Status,
    TaskSnapshot,
    TaskStatus,
    WorkflowSnapshot,
    event_from_json,
    event_to_json,
)
from apps.pneumatic.deliveries import kind_of, names_of, read_payload, test_payload
from apps.pneumatic.dialects.current import events
from apps.pneumatic.dialects.current.events import example_event, parse_workflow
from apps.pneumatic.transport.parsing import Node
from tests.pneumatic import recorded
from tests.pneumatic.dialects.documented import payloads

test_payload.__test__ = False  # type: ignore[attr-defined]  # the name is the gateway's

KINDS = {
    "workflow_started": Kind.WORKFLOW_STARTED,
    "task_completed": Kind.TASK_COMPLETED,
    "task_returned": Kind.TASK_RETURNED,
    "workflow_completed": Kind.WORKFLOW_COMPLETED,
}


@pytest.fixture(autouse=True)
def zone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let days of the account begin as they do in London."""
    monkeypatch.setattr(events, "account_zone", lambda: zoneinfo.ZoneInfo("Europe/London"))


def read(body: Any) -> Event:
    event = read_payload(json.dumps(body).encode()).event
    assert event is not None
    return event


def replay(name: str) -> Event:
    return read(recorded.load(name))


def workflow_of(name: str) -> WorkflowSnapshot:
    return parse_workflow(Node(recorded.load(name)))


def answers_of(snapshot: WorkflowSnapshot) -> dict[str, Output]:
    return {output.api_name: output for output in snapshot.kickoff}


def at(seconds: float) -> dt.datetime:
    return dt.datetime.fromtimestamp(seconds, dt.UTC)


# -- Recordings


@pytest.mark.parametrize("name", recorded.DELIVERIES)
def test_every_recorded_delivery_is_read(name: str) -> None:
    body = recorded.load(name)
    event = read(body)
    sent = body.get("workflow") or body["task"]["workflow"]

    assert event.kind is KINDS[body["hook"]["event"]]
    assert event.workflow.id == sent["id"]
    assert event.workflow.name == sent["name"]
    assert event.workflow.status in {Status.RUNNING, Status.COMPLETED}
    assert [task.id for task in event.workflow.tasks] == [task["id"] for task in sent["tasks"]]
    assert [task.number for task in event.workflow.tasks] == [1, 2, 3]
    assert (event.task is None) == ("task" not in body)
    assert event_from_json(json.loads(json.dumps(event_to_json(event)))) == event


@pytest.mark.parametrize("name", recorded.WORKFLOWS)
def test_every_recorded_workflow_is_read(name: str) -> None:
    body = recorded.load(name)
    snapshot = parse_workflow(Node(body))
    in_fieldsets = [field for fieldset in body["kickoff"]["fieldsets"] for field in fieldset["fields"]]

    assert snapshot.id == body["id"]
    assert snapshot.starter_id == body["workflow_starter"]
    assert [output.api_name for output in snapshot.kickoff] == [
        field["api_name"] for field in [*body["kickoff"]["output"], *in_fieldsets]
    ]


@pytest.mark.parametrize("name", recorded.LISTS)
def test_every_recorded_list_is_read(name: str) -> None:
    """A list has the answers of the kickoff form that the request named, which one recorded request did."""
    nodes = Node(recorded.load(name)).items("results")
    assert nodes
    for node in nodes:
        snapshot = parse_workflow(node)

        assert snapshot.tasks
        assert bool(snapshot.kickoff) == (name == "workflows-list-fields")
        assert snapshot.date_created is not None


def test_a_recorded_completion_of_a_task() -> None:
    event = replay("delivery-03-task_completed")

    assert event.task == TaskSnapshot(
        124,
        "Check Hook Client Æ",
        1,
        "Check **Hook Client Æ** by Olga Owner",
        at(1795449870.043738),
        at(1795449870.539697),
        (Performer(1, ""),),
        (
            Output("result", "Result", "string", "Done 2"),
            Output(
                "decision",
                "Decision",
                "radio",
                "No",
                choices=(Choice("Yes", "Yes"), Choice("No", "No", is_selected=True)),
            ),
            Output("proof", "Proof", "file"),
        ),
        TaskStatus.COMPLETED,
    )
    assert event.workflow.current_task is not None
    assert event.workflow.current_task.name == "Approve"
    assert event.occurred_at == at(1795449870.633611)


def test_a_recorded_completion_of_a_workflow_has_its_time() -> None:
    event = replay("delivery-05-workflow_completed")

    assert event.workflow.status is Status.COMPLETED
    assert event.workflow.date_completed == event.occurred_at == at(1795449871.238925)
    assert {task.status for task in event.workflow.tasks} == {TaskStatus.COMPLETED}
    assert event.workflow.current_task is None
    assert event.workflow.tasks[2].performers == (Performer(1, ""), Performer(2, ""))


def test_recorded_answers_of_every_type() -> None:
    answers = answers_of(replay("delivery-00-workflow_started").workflow)

    assert answers["client-name"] == Output("client-name", "Client name", "string", "Hook Client Æ")
    assert answers["long-text"].value == "L1\nL2"
    assert [choice.key for choice in answers["priority"].choices if choice.is_selected] == ["High"]
    assert [(one.label, one.is_selected) for one in answers["channels"].choices] == [
        ("E-mail", True),
        ("Phone", False),
        ("Fax, telex", True),
    ]
    assert answers["start-date"].value == "2026-01-01"
    assert answers["website"].value == "https://example.com/"
    assert answers["contract"].files == (
        FileLink(
            "6b787f31-3c41-4a4f-b120-aafe7647f321",
            "Contract.pdf",
            "http://127.0.0.1:8002/6b787f31-3c41-4a4f-b120-aafe7647f321",
        ),
        FileLink(
            "4e11efb6-3e04-4db4-95c4-8e516dca7d76",
            "pic.png",
            "http://127.0.0.1:8002/4e11efb6-3e04-4db4-95c4-8e516dca7d76",
        ),
    )
    assert (answers["manager"].value, answers["manager"].user_id) == ("Olga Owner", 1)
    assert answers["amount"] == Output("amount", "Amount", "number", "1234.56")


def test_recorded_oddities() -> None:
    group = answers_of(workflow_of("workflow-group-as-answer"))["manager"]
    (file,) = answers_of(workflow_of("workflow-file-with-paren"))["contract"].files
    twice = answers_of(workflow_of("workflow-checkbox-twice"))["channels"]
    fieldset = workflow_of("workflow-fieldset")
    choices = answers_of(workflow_of("workflow-fieldset-choices"))
    empty = workflow_of("workflow-nothing-answered")

    assert (group.value, group.user_id, group.group_id) == ("Reviewers Ü", None, 1)
    assert file.name == "a(1).pdf"
    assert [choice.label for choice in twice.choices if choice.is_selected] == ["E-mail"]
    assert [(one.name, one.value) for one in fieldset.kickoff] == [
        ("Top field", "t"),
        ("Street", "Main St"),
        ("Zip", "99"),
    ]
    assert [one.label for one in choices["field-7ptf21"].choices if one.is_selected] == ["Łódź"]
    assert {(one.value, one.files) for one in empty.kickoff} == {("", ())}
    assert not any(choice.is_selected for one in empty.kickoff for choice in one.choices)
    assert answers_of(workflow_of("workflow-number-exp"))["amount"].value == "1E+5"


def test_answers_of_fieldsets_are_in_one_list_with_the_others() -> None:
    body = copy.deepcopy(recorded.load("workflow-fieldset"))
    first = body["kickoff"]["output"][0]
    body["kickoff"]["output"] = [{**first, "name": name, "order": at} for name, at in (("A", 5), ("Z", -1))]

    names = [one.name for one in parse_workflow(Node(body)).kickoff]

    assert names == ["A", "Street", "Zip", "Z"]


def test_a_recorded_snoozed_workflow_has_its_current_task() -> None:
    snapshot = workflow_of("workflow-snoozed")

    assert snapshot.status is Status.SNOOZED
    assert snapshot.tasks[0].status is TaskStatus.SNOOZED
    assert snapshot.current_tasks() == snapshot.tasks[:1]


def test_several_tasks_can_be_active_and_groups_can_perform_them() -> None:
    (node,) = Node(recorded.load("workflows-list-nonadmin")).items("results")
    snapshot = parse_workflow(node)

    assert [task.name for task in snapshot.current_tasks()] == ["Do it", "Group step"]
    assert snapshot.current_task == snapshot.tasks[0]
    assert snapshot.tasks[1].performers == (Performer(1, "", is_group=True),)


def test_members_who_are_listed_for_their_group_are_no_performers() -> None:
    """The server writes them for itself, and shows them in lists alone: a workflow would differ from itself."""
    data = dict(recorded.load("workflows-list-nonadmin")["results"][0])
    hidden = {"type": "group_user", "source_id": 9, "is_completed": True, "date_completed_tsp": 1.5}
    more = [{**task, "performers": [*task["performers"], hidden]} for task in data["tasks"]]

    assert parse_workflow(Node({**data, "tasks": more})) == parse_workflow(Node(data))


def test_an_event_sent_for_two_subscriptions_is_one() -> None:
    body = recorded.load("delivery-06-task_completed")
    other = {**body, "hook": {"id": 99, "event": "task_completed", "target": "http://elsewhere.example/"}}
    first, second = (read_payload(json.dumps(sent).encode()) for sent in (body, other))

    assert first.content_hash == second.content_hash


# -- Which generation it is


@pytest.mark.parametrize("setting", ["documented", "current"])
def test_both_generations_are_read_with_any_setting(settings: Settings, setting: str) -> None:
    settings.PNEUMATIC_DIALECT = setting
    documented = json.loads(payloads.about_a_task("task_completed"))

    assert read(documented).task is not None
    assert read(documented).workflow.tasks == ()
    assert read(documented).kind is replay("delivery-01-task_completed").kind is Kind.TASK_COMPLETED
    assert replay("delivery-01-task_completed").workflow.tasks


@pytest.mark.parametrize(
    ("setting", "name"), [("documented", "task_completed_v2"), ("current", "task_completed")]
)
def test_a_test_event_has_the_form_of_the_detected_server(
    settings: Settings, setting: str, name: str
) -> None:
    settings.PNEUMATIC_DIALECT = setting
    body = test_payload(Kind.TASK_COMPLETED, hook_id=1, target="https://x.example/", nonce="n")
    payload = read_payload(json.dumps(body).encode())

    assert payload.hook.event == name
    assert payload.hook.test == "n"
    assert payload.event is not None
    assert payload.event.workflow.id == 0
    assert bool(payload.event.workflow.tasks) == (setting == "current")


@pytest.mark.parametrize("kind", Kind)
def test_examples_are_read_as_what_they_are(kind: Kind) -> None:
    event = read({"hook": {"event": events.EVENT_NAMES[kind], "target": "x"}, **example_event(kind)})

    assert event.kind is kind
    assert (event.workflow.status is Status.COMPLETED) == (kind is Kind.WORKFLOW_COMPLETED)
    assert event.task is None or event.task.number == 1


def test_the_current_name_is_a_name_of_the_documented_event() -> None:
    assert kind_of("task_completed") is kind_of("task_completed_v2") is Kind.TASK_COMPLETED
    assert set(names_of(Kind.TASK_COMPLETED)) == {"task_completed", "task_completed_v2"}


def test_servers_between_the_two_are_understood() -> None:
    """Seconds and texts, one current task, people with names, options and files as objects."""
    task = {
        "id": 5,
        "name": "Book",
        "number": 2,
        "date_started_tsp": 60.5,
        "performers": [{"id": 3, "first_name": "A"}],
    }
    answer = {
        "type": "radiobutton",
        "value": None,
        "selections": [{"id": 1, "value": "Red", "is_selected": True}],
    }
    file = {"type": "file", "attachments": [{"id": 1, "name": "a.pdf", "url": "https://x.example/1"}]}
    workflow = {
        "id": 7,
        "date_created": "1970-01-01T00:00:30Z",
        "date_created_tsp": 30,
        "current_task": task,
        "kickoff": {"output": [answer, file]},
    }

    event = read({"hook": {"event": "workflow_started", "target": "x"}, "workflow": workflow})

    current = event.workflow.current_task
    assert current is not None
    assert (current.number, current.date_started, current.performers) == (2, at(60.5), (Performer(3, "A"),))
    assert event.workflow.date_created == at(30)
    radio, contract = event.workflow.kickoff
    assert radio.type == "radio"
    assert radio.choices == (Choice("1", "Red", is_selected=True),)
    assert contract.files == (FileLink("1", "a.pdf", "https://x.example/1"),)
