"""``manage.py check_connection`` against the sandbox, in both generations of the API."""

from __future__ import annotations

import io
import re
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from pytest_django import Settings

from apps.pneumatic import server
from tests.fixtures.sandbox import Sandbox, only_current
from tests.fixtures.spoiling import spoil

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def auto(settings: Settings, sandbox: Sandbox) -> None:
    settings.PNEUMATIC_DIALECT = "auto"
    settings.PNEUMATIC_FILES_URL = ""
    server.forget()


def check() -> tuple[str, bool]:
    """Return what the command prints, and whether it ends well."""
    out = io.StringIO()
    try:
        call_command("check_connection", stdout=out)
    except CommandError:
        return out.getvalue(), False
    return out.getvalue(), True


def test_the_documented_api_is_detected_and_reported(sandbox: Sandbox) -> None:
    text, is_good = check()

    assert is_good
    assert "ok       Pneumatic version: Pneumatic (documented API), detected." in text
    assert "ok       Templates: 3 templates." in text
    assert "missing  Workflows: This Pneumatic version cannot list workflows" in text
    assert sandbox.key not in text


def test_the_current_api_is_detected_and_reported(sandbox: Sandbox, settings: Settings) -> None:
    sandbox.reset(dialect="current")
    settings.PNEUMATIC_FILES_URL = sandbox.files_url

    text, is_good = check()

    assert is_good
    assert "account owner" in text
    assert "ok       Pneumatic version: Pneumatic (current API), detected." in text
    assert "ok       Webhooks: The API key can manage them." in text
    assert "ok       Files: The file service responds and accepts the API key." in text
    assert "ok       Workflows: The dashboard can read those that" in text
    assert sandbox.files() == []
    assert sandbox.key not in text


def test_what_is_missing_is_reported_with_the_way_to_fix_it(sandbox: Sandbox, settings: Settings) -> None:
    sandbox.reset(dialect="current")
    member = sandbox.put_user({"email": "max@example.com", "first_name": "Max", "is_admin": False})
    settings.PNEUMATIC_API_KEY = sandbox.add_key("key-of-a-member", user_id=member["id"])

    text, is_good = check()

    assert is_good
    assert "no administrator" in text
    assert "only administrators can read the tasks" in text
    assert "missing  Webhooks: The API key has no access. Use the key of an administrator" in text
    assert "missing  Files: Files cannot be uploaded: PNEUMATIC_FILES_URL is empty." in text


def test_a_wrong_setting_is_a_failure(sandbox: Sandbox, settings: Settings) -> None:
    sandbox.reset(dialect="current")
    settings.PNEUMATIC_DIALECT = "documented"

    text, is_good = check()

    assert not is_good
    assert "The server is Pneumatic (current API), but PNEUMATIC_DIALECT is “documented”." in text
    assert "Set it to auto." in text
    assert "Templates" not in text


def test_a_wrong_setting_for_the_current_api_is_the_same_failure(settings: Settings) -> None:
    settings.PNEUMATIC_DIALECT = "current"

    text, is_good = check()

    assert not is_good
    assert "The server is Pneumatic (documented API), but PNEUMATIC_DIALECT is “current”." in text
    assert "Set it to auto." in text
    assert "Templates" not in text


def test_it_detects_again_after_an_earlier_detection(sandbox: Sandbox) -> None:
    check()
    sandbox.reset(dialect="current")

    text, _is_good = check()

    assert "Pneumatic (current API)" in text


@pytest.mark.parametrize(("name", "value"), [("PNEUMATIC_API_KEY", "wrong"), ("PNEUMATIC_API_KEY", "")])
def test_a_key_that_is_not_accepted_is_a_failure(settings: Settings, name: str, value: str) -> None:
    setattr(settings, name, value)

    _text, is_good = check()

    assert not is_good


def test_another_address_is_a_failure(sandbox: Sandbox, settings: Settings) -> None:
    settings.PNEUMATIC_API_URL = sandbox.files_url

    text, is_good = check()

    assert not is_good
    assert "Check PNEUMATIC_API_URL" in text


@only_current
def test_an_invalid_url_of_the_file_service_is_reported(sandbox: Sandbox, settings: Settings) -> None:
    settings.PNEUMATIC_FILES_URL = "https://.example.com"

    text, is_good = check()

    assert is_good
    assert "missing  Files: PNEUMATIC_FILES_URL is not a valid URL." in text


def test_an_administrator_is_not_advised_to_use_the_key_of_one(sandbox: Sandbox) -> None:
    sandbox.reset(dialect="current")
    sandbox.fault(kind="status", path_prefix="/accounts/groups", status=403, times=0)

    text, _is_good = check()

    assert "missing  Groups: " in text
    assert "Use the key of an administrator" not in text


@only_current
def test_an_object_that_cannot_be_read_is_named_and_hides_no_other(sandbox: Sandbox) -> None:
    sandbox.add_subscription(event="workflow_started", target="https://example.com/hook")
    sandbox.add_subscription(event="task_returned", target="https://example.com/hook")

    def user(rows: list[Any]) -> None:
        rows[0]["status"] = None

    def group(rows: list[Any]) -> None:
        rows[0]["users"] = ["somebody"]

    def subscription(rows: list[Any]) -> None:
        next(row for row in rows if row["event"] == "task_returned")["url"] = 7

    spoil(sandbox, "/accounts/users", user)
    spoil(sandbox, "/accounts/groups", group)
    spoil(sandbox, "/webhooks/events", subscription)

    text, is_good = check()

    assert is_good
    assert re.search(r"ok       Users: \d+ users.*\. Could not be read: “.+” \(\d+\)\. Pneumatic's", text)
    assert re.search(r"ok       Groups: 1 group\. Could not be read: “.+” \(\d+\)\. Pneumatic's", text)
    assert re.search(r"ok       Webhooks: .*1 subscription\. Could not be read: “task_returned”", text)


def test_a_list_of_which_nothing_can_be_read_fails(sandbox: Sandbox) -> None:
    def damage(rows: list[Any]) -> None:
        rows[:] = [{**rows[0], "id": id_, "status": None} for id_ in range(1, 9)]

    spoil(sandbox, "/accounts/users", damage)

    text, is_good = check()

    assert not is_good
    assert "FAILED   Users: Could not be read: " in text
    assert "” (5) and 3 more. Pneumatic's" in text
