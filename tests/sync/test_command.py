"""``manage.py sync``: its words, its JSON, its exit codes."""

from __future__ import annotations

import json
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from pytest_django import Settings

from apps.sync import runs
from apps.sync.models import SyncResult, SyncRun
from apps.workflow_templates.models import Template
from tests.core.test_checks import manage
from tests.fixtures.sandbox import Sandbox, only_current
from tests.sync.running import sync

pytestmark = pytest.mark.django_db


def command(*arguments: str, **options: Any) -> str:
    out = StringIO()
    call_command("sync", *arguments, stdout=out, **options)
    return out.getvalue()


def refusal(*arguments: str) -> tuple[str, CommandError]:
    out = StringIO()
    with pytest.raises(CommandError) as caught:
        call_command("sync", *arguments, stdout=out)
    return out.getvalue(), caught.value


def test_it_prints_a_line_per_resource(sandbox: Sandbox) -> None:
    users, templates, subscriptions = command().splitlines()
    assert users.startswith("users: 3 added, 0 updated, 0 removed, 0 unchanged (1 request, ")
    assert templates.startswith("templates: 3 added, 0 updated, 0 removed, 0 unchanged (4 requests, ")
    assert subscriptions.startswith("subscriptions: 0 added, 0 updated, 0 removed, 0 unchanged (1 request, ")


@only_current
def test_it_names_the_user_of_the_api_key(sandbox: Sandbox) -> None:
    lines = command().splitlines()
    assert [line.partition(":")[0] for line in lines if not line.startswith(" ")] == [
        "users",
        "groups",
        "templates",
        "subscriptions",
    ]
    assert lines[3] == (
        "  Templates: only those that Ada Owner, the user of the API key, owns, views or may start."
    )


@only_current
def test_it_works_with_the_key_of_a_user_without_administrator_rights(
    sandbox: Sandbox, settings: Settings
) -> None:
    settings.PNEUMATIC_API_KEY = sandbox.add_key("the-key-of-bo-operator", 2)
    lines = command().splitlines()
    assert lines[2].startswith("templates: 6 added, 0 updated, 0 removed")
    assert (
        lines[3]
        == "  Templates: only those that Bo Operator, the user of the API key, owns, views or may start."
    )
    assert lines[4].startswith("subscriptions: not allowed. ")


@only_current
def test_it_names_groups_where_there_are_some(sandbox: Sandbox) -> None:
    _out, error = refusal("unicorns")
    assert str(error).endswith("Choose from: users, groups, templates, subscriptions.")


def test_it_synchronises_what_is_named(sandbox: Sandbox) -> None:
    assert [line.partition(":")[0] for line in command("templates").splitlines()] == ["templates"]
    assert [line.partition(":")[0] for line in command("templates", "users").splitlines()] == [
        "templates",
        "users",
    ]


def test_it_says_that_the_server_does_not_support_it(sandbox: Sandbox) -> None:
    assert command("groups").splitlines() == ["groups: not supported. This Pneumatic has no groups."]
    found = json.loads(command("groups", "--json"))
    assert (found["state"], found["resources"][0]["state"]) == ("done", "absent")


def test_it_says_what_the_key_may_not_see_and_succeeds_anyway(sandbox: Sandbox) -> None:
    sandbox.fault(kind="status", status=403, path_prefix="/webhooks", times=0)
    *_others, subscriptions = command().splitlines()
    assert subscriptions.startswith(
        "subscriptions: not allowed. The user of the API key may not see subscriptions in Pneumatic: "
    )


def test_it_refuses_a_name_that_it_does_not_know() -> None:
    _out, error = refusal("unicorns")
    assert error.returncode == 2
    assert str(error) == "Cannot sync unicorns: unknown. Choose from: users, templates, subscriptions."
    assert not SyncRun.objects.exists()


def test_a_database_without_tables_is_reported_in_a_sentence(tmp_path: Path) -> None:
    done = manage("sync", DATABASE_URL=f"sqlite:///{tmp_path / 'fresh.sqlite3'}")
    assert done.returncode == 1
    assert "Migrations are missing: run manage.py migrate." in done.stderr
    assert "Traceback" not in done.stderr


def test_it_exits_with_1_and_the_reason_when_it_failed(sandbox: Sandbox) -> None:
    sandbox.fault(kind="status", status=401, times=0)
    out, error = refusal()
    assert error.returncode == 1
    assert str(error).startswith("Failed. ")
    assert [line.partition(".")[0] for line in out.splitlines()] == [
        "users: failed",
        "templates: failed",
        "subscriptions: failed",
    ]
    assert sandbox.key not in out + str(error)


def test_it_exits_with_2_when_it_refused_and_says_how_to_confirm(sandbox: Sandbox) -> None:
    command()
    sandbox.delete_template(2)
    out, error = refusal()
    assert error.returncode == 2
    assert "--allow-removals" in str(error)
    assert "templates: refused, would be: 0 added, 0 updated, 1 removed, 2 unchanged" in out
    assert "templates: 0 added, 0 updated, 1 removed" in command("--allow-removals")


def test_a_dry_run_lists_what_would_change(sandbox: Sandbox) -> None:
    out = command("templates", "--dry-run")
    assert out.splitlines()[0].startswith("templates: would be: 3 added")
    assert set(out.splitlines()[1:]) == {"  + Every field (1)", "  + No fields (2)", "  + Inactive (3)"}
    assert not Template.objects.exists()


def test_a_long_list_of_changes_is_cut(sandbox: Sandbox) -> None:
    sandbox.reset("demo")
    out = command("templates", "--dry-run").splitlines()
    assert len(out) == 1 + 10 + 1
    assert out[-1] == "  + and 7 more"


def test_names_from_upstream_cannot_steer_the_terminal(sandbox: Sandbox) -> None:
    sandbox.put_template({"id": 1, "name": "\x1b[2JBoo\r\nusers: all fine"})
    out = command("templates", "--dry-run")
    assert "\x1b" not in out
    assert "  + \ufffd[2JBoo\ufffd\ufffdusers: all fine (1)" in out


def test_it_prints_json_and_nothing_else(sandbox: Sandbox) -> None:
    data = json.loads(command("--json"))
    assert (data["state"], data["dry_run"], data["error"]) == ("done", False, "")
    assert [found["resource"] for found in data["resources"]] == [
        "users",
        "templates",
        "subscriptions",
    ]
    users = data["resources"][0]
    assert (users["added"], users["changed"], users["removed"], users["unchanged"]) == (3, 0, 0, 0)
    assert users["requests"] == 1
    assert data["run"] == SyncRun.objects.get().pk


def test_json_includes_a_failure(sandbox: Sandbox) -> None:
    sandbox.fault(kind="status", status=403, times=0)
    out, error = refusal("--json")
    assert error.returncode == 1
    assert json.loads(out)["state"] == "failed"
    assert json.loads(out)["resources"][0]["error"]


def test_it_says_that_another_one_is_running() -> None:
    runs.claim(trigger="command", started_by=None, dry_run=False, allow_removals=False)
    out, error = refusal()
    assert (out, error.returncode) == ("", 1)
    assert str(error) == "Another sync is already running. Nothing was done."
    out, error = refusal("--json")
    assert json.loads(out)["state"] == "busy"


def test_verbosity_0_is_silent(sandbox: Sandbox) -> None:
    assert command(verbosity=0) == ""


def test_a_terminal_gets_a_bar_and_the_same_lines(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    screen = StringIO()
    monkeypatch.setattr(screen, "isatty", lambda: True)
    monkeypatch.setattr("sys.stderr", screen)
    monkeypatch.setenv("TERM", "xterm")
    out = command()
    assert "templates" in screen.getvalue()
    assert "3/3" in screen.getvalue()
    assert len(out.splitlines()) == 3


def test_a_log_gets_a_line_now_and_then(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("apps.sync.console.LINE_INTERVAL_SECONDS", 0)
    assert "templates: 3 of 3 fetched" in command().splitlines()


def test_progress_is_recorded_while_it_runs(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[tuple[int, int | None]] = []
    save = SyncResult.save

    def spy(self: SyncResult, *args: Any, **kwargs: Any) -> None:
        save(self, *args, **kwargs)
        seen.append((self.fetched, self.expected))

    monkeypatch.setattr("apps.sync.engine.SAVE_INTERVAL_SECONDS", 0)
    monkeypatch.setattr(SyncResult, "save", spy)
    sync("templates")
    assert (1, 3) in seen
    assert seen[-1] == (3, 3)
