"""Pneumatic is upgraded while the dashboard runs, from every release to every later one.

Forms that were open, launches that were queued or failed, and uploads: everything is stored as it was typed, and
nothing is restarted. The sandbox plays the releases.
"""

from __future__ import annotations

import datetime as dt
import html
import itertools
from typing import Any

import pytest
import requests
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from pytest_django import Settings

from apps.accounts.models import User
from apps.kickoff.fields import answers_from_json
from apps.launches.dispatch import services
from apps.launches.dispatch.request import LaunchRequest
from apps.launches.models import Launch
from apps.pneumatic import server as pneumatic_server
from apps.pneumatic.client import connect
from apps.workflow_templates.models import Template
from apps.workflow_templates.selectors import version_kickoff
from tests.factories import client_of, fields_of
from tests.fixtures.depth import exhaustive
from tests.fixtures.filled_form import FilledForm
from tests.fixtures.launching import send
from tests.fixtures.sandbox import RELEASES, Sandbox
from tests.sync.running import sync

pytestmark = pytest.mark.django_db

State = Launch.State

UPGRADES = list(itertools.combinations(RELEASES, 2))
# What is sent in another encoding: dates, ids of options, users, options, files; and several of them at once.
ALWAYS = [
    ("1.0", "2.0"),
    ("2.0", "3.2"),
    ("4.0", "4.3"),
    ("5.0", "6.0"),
    ("6.0", "7.0"),
    ("4.3", "6.0"),
    ("1.0", "7.3"),
]
TEMPLATE = 60
# The text of each option is the id of the other one: releases 1.0 and 2.0 would confuse them.
DIGITS = [{"id": 45, "value": "46"}, {"id": 46, "value": "45"}]
FIELDS: list[dict[str, Any]] = [
    {"type": "string", "api_name": "title", "is_required": True},
    {"type": "text", "api_name": "long"},
    {"type": "number", "api_name": "amount"},
    {
        "type": "radio",
        "api_name": "light",
        "selections": [{"id": 1, "value": "red"}, {"id": 2, "value": "a, b"}],
    },
    {
        "type": "checkbox",
        "api_name": "channels",
        "selections": [
            {"id": 3, "value": "Mail"},
            {"id": 4, "value": "Fax, telex"},
            {"id": 5, "value": "Post"},
        ],
    },
    {"type": "dropdown", "api_name": "digit", "selections": DIGITS},
    {"type": "date", "api_name": "day"},
    {"type": "url", "api_name": "link"},
    {"type": "user", "api_name": "who"},
    {"type": "file", "api_name": "papers"},
]
STORED = {
    "title": "Ärger & <b>x</b>",
    "long": "Line 1\nLine 2",
    "amount": "1234.50",
    "light": "a, b",
    "channels": "Mail, Fax, telex",
    "digit": "46",
    "day": "2027-03-28",
    "link": "https://example.com/x?q=1",
    "who": 2,
}


@pytest.fixture
def upgrade(request: pytest.FixtureRequest, sandbox: Sandbox, settings: Settings) -> tuple[str, str]:
    """Start the older release, with the template and the settings that every release needs."""
    old, new = request.param
    sandbox.reset(release=old)
    fields = [field for field in FIELDS if field["type"] != "number" or old not in {"1.0", "2.0"}]
    fields = [
        {"name": field["api_name"].title(), "order": 20 - at, **field} for at, field in enumerate(fields)
    ]
    sandbox.put_template(
        {
            "id": TEMPLATE,
            "name": "All types",
            "is_active": True,
            "run_allowed": [1, 2],
            "kickoff": {"fields": fields},
        }
    )
    settings.PNEUMATIC_DIALECT = "auto"
    settings.PNEUMATIC_FILES_URL = sandbox.files_url  # as an administrator sets it before the upgrade
    pneumatic_server.forget()
    sync()
    return old, new


def filled(client: Client, *files: str) -> FilledForm:
    """Return the form with an answer to every field."""
    fields = {field["api_name"]: field for field in fields_of(Template.objects.get(pk=TEMPLATE))}

    def keys(api_name: str, *labels: str) -> list[str]:
        found = {option["label"]: option["key"] for option in fields[api_name]["selections"]}
        return [found[label] for label in labels]

    form = FilledForm.open(client, f"/templates/{TEMPLATE}/launch/").fill(
        name="N",
        title=STORED["title"],
        long="Line 1\r\nLine 2",
        light=keys("light", "a, b"),
        channels=keys("channels", "Mail", "Fax, telex"),
        digit=keys("digit", "46"),
        day="2027-03-28",
        link=STORED["link"],
        who="2",
    )
    if "amount" in fields:
        form = form.fill(amount="1234.50")
    return form.fill(papers=[SimpleUploadedFile(name, b"12345") for name in files]) if files else form


def stored(sandbox: Sandbox, workflow_id: int | None) -> dict[str, Any]:
    """Return the answers of a workflow, read as another user of Pneumatic would."""
    response = requests.get(
        f"{sandbox.url}/workflows/{workflow_id}",
        headers={"Authorization": f"Bearer {sandbox.key}"},
        timeout=60,
    )
    response.raise_for_status()
    outputs = {row["api_name"]: row for row in response.json()["kickoff"]["output"]}
    answers = {name: row["value"] for name, row in outputs.items() if name != "papers"}
    answers["who"] = outputs["who"]["user_id"]
    if "/" in answers["day"]:  # release 1.0
        month, day, year = answers["day"].split("/")
        answers["day"] = f"{year}-{month}-{day}"
    else:
        answers["day"] = dt.datetime.fromtimestamp(float(answers["day"]), dt.UTC).date().isoformat()
    return answers


def files_of(sandbox: Sandbox, workflow_id: int | None) -> int:
    [workflow] = [row for row in sandbox.workflows() if row["id"] == workflow_id]
    return len(workflow["kickoff"].get("papers", []))


def queued(launch: Launch, user: User) -> Launch:
    """Return a launch with the same answers that was queued when its process ended."""
    request = LaunchRequest(
        user=user,
        template=launch.template,
        version=launch.version,
        name="N",
        answers=tuple(answers_from_json(version_kickoff(launch.version).fields, launch.answers)),
    )
    with connect() as client:
        return services.start(request, client)


@pytest.mark.parametrize("upgrade", exhaustive(UPGRADES, but=ALWAYS), indirect=True)
def test_an_upgrade_is_noticed_and_everything_is_stored_as_typed(
    upgrade: tuple[str, str], sandbox: Sandbox, operator_client: Client, operator: User
) -> None:
    old, new = upgrade
    expected = {key: value for key, value in STORED.items() if key != "amount" or old not in {"1.0", "2.0"}}
    opened = filled(client_of(operator))  # in another session, so with another submission
    sandbox.fault(kind="rate_limit", retry_after=1, method="POST", path_prefix="/templates")
    filled(operator_client).send()
    failed = Launch.objects.get()
    assert failed.state == State.FAILED
    waiting = queued(failed, operator)

    sandbox.upgrade(new)
    response = opened.fill(name="Opened before").send()
    send(waiting)
    operator_client.post(f"/launches/{failed.pk}/retry/", {"attempts": "1"})
    with_file = filled(operator_client, "a.txt", "b.txt").fill(name="With files").send()

    assert response.status_code == 302, html.unescape(response.content.decode())
    assert with_file.status_code == 302, html.unescape(with_file.content.decode())
    launches = Launch.objects.order_by("created_at")
    assert [(launch.state, launch.field_errors) for launch in launches] == [(State.LAUNCHED, {})] * 4
    assert len(sandbox.workflows()) == 4
    for launch in launches:
        assert stored(sandbox, launch.workflow_id) == expected
    assert [files_of(sandbox, launch.workflow_id) for launch in launches] == [0, 0, 0, 2]
    # Where nothing contradicted what was remembered, the next sync notices the upgrade.
    before = pneumatic_server.known_features()
    sync()
    now = pneumatic_server.known_features()
    assert before is not None
    assert now is not None
    assert (before.people[0], before.dates[0], before.files) == (now.people[0], now.dates[0], now.files)
    assert now.is_from(new) is not False


@pytest.mark.exhaustive
@pytest.mark.parametrize("upgrade", ALWAYS, indirect=True)
def test_the_key_of_a_plain_user_is_enough(
    upgrade: tuple[str, str], sandbox: Sandbox, operator_client: Client, operator: User, settings: Settings
) -> None:
    """Such a key may not read a template alone: the list shows how options are named."""
    sandbox.put_user({"id": 2, "is_admin": False})
    settings.PNEUMATIC_API_KEY = sandbox.add_key("key-of-a-plain-user", 2)
    sync()
    test_an_upgrade_is_noticed_and_everything_is_stored_as_typed(upgrade, sandbox, operator_client, operator)


@pytest.mark.parametrize("upgrade", exhaustive(UPGRADES, but=[("6.0", "7.0")]), indirect=True)
def test_a_file_that_was_uploaded_before_an_upgrade_is_sent_or_needed_again(
    upgrade: tuple[str, str], sandbox: Sandbox, operator_client: Client
) -> None:
    old, new = upgrade
    sandbox.fault(kind="rate_limit", retry_after=1, method="POST", path_prefix="/templates")
    filled(operator_client, "a.txt").send()
    failed = Launch.objects.get()
    assert failed.state == State.FAILED

    sandbox.upgrade(new)
    operator_client.post(f"/launches/{failed.pk}/retry/", {"attempts": "1"})

    failed.refresh_from_db()
    if RELEASES.index(old) < RELEASES.index("7.0") <= RELEASES.index(new):
        assert failed.state == State.REJECTED
        assert list(failed.field_errors) == ["papers"]
        assert "Upload it again" in str(failed.field_errors)
        assert sandbox.workflows() == []
    else:
        assert failed.state == State.LAUNCHED
        assert files_of(sandbox, failed.workflow_id) == 1
