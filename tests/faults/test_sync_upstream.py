"""Pneumatic misbehaves while it is being read: the last good state stays, and a sentence says what happened."""

from __future__ import annotations

from typing import Any

import pytest
from pytest_django import Settings

from apps.accounts.models import PneumaticUser
from apps.sync.models import SyncResult, SyncRun
from apps.sync.selectors import freshness
from apps.workflow_templates.models import Template
from tests.fixtures.depth import spread
from tests.fixtures.sandbox import Sandbox, both_dialects, either_dialect
from tests.sync.running import counts, result, sync

pytestmark = pytest.mark.django_db

EVERYWHERE: list[tuple[str, dict[str, Any]]] = [
    ("status", {"status": 401}),
    ("status", {"status": 403}),
    ("status", {"status": 500}),
    ("status", {"status": 302, "headers": {"Location": "https://elsewhere.example/"}}),
    ("rate_limit", {"retry_after": 0}),
    ("html_200", {}),
    ("truncate", {}),
    ("wrong_json", {}),
    ("broken_json", {}),
    ("drop_before", {}),
    ("drop_after", {}),
]


@pytest.fixture
def mirrored(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Sandbox:
    """A sandbox that was synchronised and has changed since; repeats wait for nothing."""
    monkeypatch.setattr("apps.pneumatic.transport.api.random.random", lambda: 0.0)
    sync()
    sandbox.put_template({"id": 1, "name": "Renamed"})
    sandbox.put_user({"id": 2, "last_name": "Renamed"})
    return sandbox


def assert_nothing_changed() -> None:
    assert Template.objects.get(pk=1).name == "Every field"
    assert PneumaticUser.objects.get(pk=2).name == "Bo Operator"
    assert not Template.objects.exclude(removed_at=None).exists()
    assert not PneumaticUser.objects.exclude(removed_at=None).exists()


def assert_is_a_sentence(text: str, sandbox: Sandbox) -> None:
    assert text.strip().endswith((".", "”"))
    assert " " in text
    assert "Traceback" not in text
    assert sandbox.key not in text
    assert "<" not in text


@pytest.mark.parametrize(
    ("dialect", "failure"), spread(["documented", "current"], EVERYWHERE, every=2), indirect=["dialect"]
)
def test_a_listing_that_fails_changes_nothing(mirrored: Sandbox, failure: tuple[str, dict[str, Any]]) -> None:
    kind, options = failure
    fresh_before = freshness().resources
    mirrored.fault(kind=kind, times=0, **options)
    run = sync()
    assert run.state == SyncRun.State.FAILED
    assert_is_a_sentence(run.error, mirrored)
    assert_nothing_changed()
    fresh_now = freshness().resources
    assert all(row in fresh_before for row in fresh_now if not row.forbidden)
    assert {row.resource for row in fresh_now if row.forbidden} <= {"groups"}  # not every key may see them

    mirrored.clear_faults()
    assert sync().state == SyncRun.State.DONE
    assert Template.objects.get(pk=1).name == "Renamed"


@both_dialects
@pytest.mark.parametrize("kind", ["html_200", "wrong_json"])
def test_a_detail_that_is_invalid_changes_that_template_not(mirrored: Sandbox, kind: str) -> None:
    before = Template.objects.filter(pk=3).values().get()
    mirrored.fault(kind=kind, path_prefix="/templates/3", times=0)
    run = sync("templates")
    assert run.state == SyncRun.State.INCOMPLETE
    assert_is_a_sentence(result(run, "templates").error, mirrored)
    assert Template.objects.filter(pk=3).values().get() == before
    assert Template.objects.get(pk=1).name == "Renamed"


@both_dialects
def test_a_detail_that_breaks_off_changes_no_template(mirrored: Sandbox) -> None:
    mirrored.fault(kind="truncate", path_prefix="/templates/3", times=0)
    run = sync()
    assert run.state == SyncRun.State.FAILED
    assert result(run, "templates").state == SyncResult.State.FAILED
    assert_is_a_sentence(result(run, "templates").error, mirrored)
    assert Template.objects.get(pk=1).name == "Every field"
    # Users had nothing to do with it.
    assert result(run, "users").state == SyncResult.State.DONE
    assert PneumaticUser.objects.get(pk=2).name == "Bo Renamed"


@both_dialects
def test_a_detail_that_is_refused_to_the_account_owner_changes_no_template(mirrored: Sandbox) -> None:
    mirrored.fault(kind="status", status=403, path_prefix="/templates/3", times=0)
    run = sync("templates")
    assert_is_a_sentence(result(run, "templates").error, mirrored)
    assert Template.objects.get(pk=1).name == "Every field"


@both_dialects
def test_a_passing_weakness_is_ridden_out(mirrored: Sandbox) -> None:
    mirrored.fault(kind="status", status=503, path_prefix="/templates", times=1)
    mirrored.fault(kind="rate_limit", retry_after=0, path_prefix="/accounts", times=1)
    run = sync()
    assert run.state == SyncRun.State.DONE
    assert result(run, "users").requests == 2


@either_dialect
def test_an_unreachable_server_is_reported_in_a_sentence(mirrored: Sandbox, settings: Settings) -> None:
    settings.PNEUMATIC_API_URL = "http://127.0.0.1:9"
    run = sync()
    assert run.state == SyncRun.State.FAILED
    assert_is_a_sentence(run.error, mirrored)
    assert_nothing_changed()


@both_dialects
@pytest.mark.parametrize("action", ["insert", "delete"])
@pytest.mark.parametrize("resource", ["users", "templates"])
def test_pages_that_shift_lose_and_double_nothing(sandbox: Sandbox, action: str, resource: str) -> None:
    sandbox.reset("empty", large=40, page_maximum=10)
    path = {"users": "/accounts/users", "templates": "/templates"}[resource]
    model: Any = {"users": PneumaticUser, "templates": Template}[resource]
    sync(resource)
    before = set(model.objects.values_list("pk", flat=True))
    sandbox.fault(kind="page_shift", action=action, path=path, times=1, skip=1)
    run = sync(resource)
    assert run.state == SyncRun.State.DONE
    added, changed, removed, unchanged = counts(run, resource)
    assert changed == 0
    assert (added, removed) in {(0, 0), (1, 0), (0, 1)}
    assert unchanged == len(before) - removed
    # The next quiet run has nothing to repair but what happened behind the first one's back.
    sandbox.clear_faults()
    added, changed, removed, unchanged = counts(sync(resource), resource)
    assert (changed, added + removed <= 1) == (0, True)
