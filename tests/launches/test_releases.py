"""The main job on each release of the current server: what a user chooses in the form is what the server stores.

No setting names the release: the dashboard detects it.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from decimal import Decimal
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command
from django.test import Client
from pytest_django import Settings

from apps.launches.models import Launch
from apps.pneumatic import server
from apps.workflow_templates.models import Template
from apps.workflow_templates.selectors import version_kickoff
from tests.fixtures.filled_form import FilledForm
from tests.fixtures.sandbox import Sandbox, each_release, some_releases

pytestmark = pytest.mark.django_db

DAY = dt.date(2028, 2, 29)
FILE = b"three desks\n" * 1000
# Options whose texts are the ids of other options, as [id, text].
CROSSED: dict[str, list[tuple[int, str]]] = {
    "radio": [(45, "46"), (46, "45")],
    "checkbox": [(55, "56"), (56, "55")],
    "dropdown": [(65, "66"), (66, "65")],
}


@pytest.fixture
def sandbox(sandbox: Sandbox, settings: Settings) -> Sandbox:
    """Return a sandbox of whose generation and release the settings say nothing."""
    settings.PNEUMATIC_DIALECT = "auto"
    return sandbox


def put_crossed(sandbox: Sandbox) -> None:
    """Add a template with options whose texts are the ids of other options."""
    fields = [
        {
            "type": type_,
            "name": type_,
            "api_name": f"{type_}-1",
            "selections": [
                {"id": id_, "api_name": f"selection-{id_}", "value": text} for id_, text in CROSSED[type_]
            ],
        }
        for type_ in CROSSED
    ]
    sandbox.put_template({"id": 90, "name": "Crossed", "kickoff": {"fields": fields}, "run_allowed": [1, 2]})


def open_form(client: Client, name: str) -> tuple[FilledForm, dict[str, dict[str, str]]]:
    """Return the form of a template, and the key of each option by field and text."""
    template = Template.objects.select_related("current_version").get(name=name)
    assert template.current_version is not None
    fields = version_kickoff(template.current_version).fields
    form = FilledForm.open(client, f"/templates/{template.pk}/launch/")
    return form, {
        field.api_name: {option.label: option.key for option in field.selections or ()} for field in fields
    }


def launched(sandbox: Sandbox, form: FilledForm) -> dict[str, Any]:
    """Send the form; return what the server stored."""
    form.send()
    launch = Launch.objects.latest("created_at")
    assert launch.state == Launch.State.LAUNCHED, (launch.reason, launch.field_errors)
    assert (launch.conflicts, launch.reason) == ("", "")
    stored: dict[str, Any] = sandbox.workflows()[-1]["kickoff"]
    return stored


def stored_texts(sandbox: Sandbox, template_id: int, stored: dict[str, Any]) -> dict[str, Any]:
    """Return the texts of the stored options, by field."""
    texts = {
        (field["api_name"], option["id"]): option["value"]
        for field in sandbox.template(template_id)["kickoff"]["fields"]
        for option in field["selections"]
    }
    return {
        name: [texts[name, id_] for id_ in value] if isinstance(value, list) else texts[name, value]
        for name, value in stored.items()
        if any(name == field for field, _ in texts)
    }


@each_release
def test_an_answer_of_each_type_is_stored_as_typed(sandbox: Sandbox, operator_client: Client) -> None:
    call_command("sync", verbosity=0)
    form, keys = open_form(operator_client, "Every field")
    has_numbers = "number-10" in keys
    answers: dict[str, Any] = {
        "string_1": "Three desks",
        "text_2": "First line\r\nSecond: 漢字 & <b>plain</b>",
        "radio_3": keys["radio-3"]["High"],
        "checkbox_4": [keys["checkbox-4"]["Sales"], keys["checkbox-4"]["Finance"]],
        "date_5": DAY.isoformat(),
        "url_6": "https://example.com/?a=1&b=2",
        "dropdown_7": keys["dropdown-7"]["Prague"],
        "file_8": [SimpleUploadedFile("Größe-合同.txt", FILE, content_type="text/plain")],
        "user_9": "2",
        **({"number_10": "12.50"} if has_numbers else {}),
    }

    stored = launched(sandbox, form.fill(**answers))

    (file,) = [item for item in sandbox.files() if item["sha256"]]
    template = Template.objects.get(name="Every field").pk
    assert stored_texts(sandbox, template, stored) == {
        "radio-3": "High",
        "checkbox-4": ["Sales", "Finance"],
        "dropdown-7": "Prague",
    }
    assert (stored["string-1"], stored["url-6"]) == ("Three desks", "https://example.com/?a=1&b=2")
    assert stored["text-2"].splitlines() == ["First line", "Second: 漢字 & <b>plain</b>"]
    assert dt.datetime.fromtimestamp(stored["date-5"], dt.UTC).date() == DAY
    assert stored["user-9"] == 2
    assert stored["file-8"] == [file["id"]]
    assert (file["name"], file["sha256"]) == ("Größe-合同.txt", hashlib.sha256(FILE).hexdigest())
    assert Decimal(stored.get("number-10", "12.5")) == Decimal("12.5")
    assert has_numbers is (sandbox.version not in {"1.0", "2.0"})


@some_releases
def test_the_chosen_option_is_stored_where_texts_are_ids_of_other_options(
    sandbox: Sandbox, operator_client: Client
) -> None:
    put_crossed(sandbox)
    call_command("sync", verbosity=0)
    for first in (0, 1):
        chosen = {type_: options[first][1] for type_, options in CROSSED.items()}
        form, keys = open_form(operator_client, "Crossed")
        controls = {f"{type_}_1": keys[f"{type_}-1"][text] for type_, text in chosen.items()}

        stored = launched(sandbox, form.fill(**controls))

        assert stored_texts(sandbox, 90, stored) == {
            f"{type_}-1": [text] if type_ == "checkbox" else text for type_, text in chosen.items()
        }


@some_releases
def test_a_plain_users_key_detects_the_same_release_without_a_side_effect(
    sandbox: Sandbox, settings: Settings
) -> None:
    found = {}
    for key, user in (("owner-key", 1), ("plain-key", 2)):
        settings.PNEUMATIC_API_KEY = sandbox.add_key(key, user)
        server.forget()
        sandbox.clear_requests()
        call_command("check_connection", verbosity=0)
        known = server.known_features()
        assert known is not None
        found[user] = known
        assert {entry["method"] for entry in sandbox.requests("api")} == {"GET"}
    assert found[1] == found[2]
    release = found[1]
    assert release.is_from(sandbox.version) is not False


@pytest.mark.parametrize("release", ["5.0"], indirect=True)
def test_an_upgrade_under_an_open_form_changes_no_choice(sandbox: Sandbox, operator_client: Client) -> None:
    """The api_name of one option is the text of another, and texts differ in case alone."""
    options = {
        "swap": [("B", "A"), ("A", "B")],
        "fold": [("o1", "north"), ("o2", "North")],
    }
    fields = [
        {
            "type": "radio",
            "name": name,
            "api_name": name,
            "selections": [{"api_name": key, "value": text} for key, text in pairs],
        }
        for name, pairs in options.items()
    ]
    sandbox.put_template({"id": 91, "name": "Mixed", "kickoff": {"fields": fields}, "run_allowed": [1, 2]})
    call_command("sync", verbosity=0)
    form, keys = open_form(operator_client, "Mixed")
    filled = form.fill(swap=keys["swap"]["A"], fold=keys["fold"]["North"])
    sandbox.upgrade("7.3")

    stored = launched(sandbox, filled)

    assert stored_texts(sandbox, 91, stored) == {"swap": "A", "fold": "North"}
