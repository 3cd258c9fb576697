"""The engine over real HTTP: what is written, what is left alone, what is refused."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pytest_django import Settings

from apps.accounts.models import PneumaticUser
from apps.accounts.sync import Users
from apps.pneumatic.canonical.schemas import Received, User
from apps.sync.engine import Changes
from apps.sync.models import SyncResult, SyncRun
from apps.workflow_templates.models import Template, TemplateVersion
from tests.fixtures.full_database import database_error
from tests.fixtures.outage import database_away
from tests.fixtures.sandbox import Sandbox
from tests.sync.running import counts, result, sync

pytestmark = pytest.mark.django_db


def statements_writing_to_the_mirror(queries: CaptureQueriesContext) -> list[str]:
    writes = ("INSERT", "UPDATE", "DELETE")
    # The run itself, and when the subscriptions were listed, are always written.
    records = ("sync_sync", "webhooks_subscriptionlisting")
    return [
        query["sql"]
        for query in queries.captured_queries
        if query["sql"].startswith(writes)
        and not any(name in query["sql"].split("SET")[0].split("(")[0] for name in records)
    ]


def test_a_first_sync_mirrors_everything(sandbox: Sandbox) -> None:
    run = sync()
    assert run.state == SyncRun.State.DONE
    assert run.error == ""
    assert run.finished_at is not None
    assert counts(run, "templates") == (3, 0, 0, 0)
    assert counts(run, "users") == (3, 0, 0, 0)
    assert result(run, "templates").requests == 4
    assert result(run, "users").details == {
        "added": [[1, "Ada Owner"], [2, "Bo Operator"], [3, "cy@example.com"]]
    }


def test_a_second_sync_writes_nothing_to_the_mirror(sandbox: Sandbox) -> None:
    sync()
    with CaptureQueriesContext(
        connection,
    ) as queries:
        run = sync()
    assert counts(run, "templates") == (0, 0, 0, 3)
    assert counts(run, "users") == (0, 0, 0, 3)
    assert statements_writing_to_the_mirror(queries) == []


def test_a_first_sync_of_many_objects_takes_few_statements(sandbox: Sandbox) -> None:
    sandbox.reset("empty", large=200)
    with CaptureQueriesContext(connection) as queries:
        run = sync()
    objects = result(run, "templates").added + result(run, "users").added
    assert objects >= 700
    assert len(queries) <= objects * 0.1


def test_only_what_changed_is_written(sandbox: Sandbox) -> None:
    sync()
    before = {row.pk: row.changed_at for row in PneumaticUser.objects.all()}
    sandbox.put_user({"id": 2, "last_name": "Renamed"})
    run = sync()
    assert counts(run, "users") == (0, 1, 0, 2)
    assert result(run, "users").details == {"changed": [[2, "Bo Renamed"]]}
    after = {row.pk: row.changed_at for row in PneumaticUser.objects.all()}
    assert {pk for pk in after if after[pk] != before[pk]} == {2}


def test_what_disappeared_is_marked_and_what_comes_back_is_restored(sandbox: Sandbox) -> None:
    sync()
    first_seen = Template.objects.get(pk=2).first_seen_at
    record = sandbox.template(2)
    sandbox.delete_template(2)
    run = sync(allow_removals=True)
    assert counts(run, "templates") == (0, 0, 1, 2)
    assert result(run, "templates").details == {"removed": [[2, "No fields"]]}
    assert Template.objects.get(pk=2).removed_at is not None

    run = sync()
    assert counts(run, "templates") == (0, 0, 0, 2)

    sandbox.put_template(record)
    run = sync()
    assert counts(run, "templates") == (1, 0, 0, 2)
    restored = Template.objects.get(pk=2)
    assert restored.removed_at is None
    assert restored.first_seen_at == first_seen
    assert restored.versions.count() == 1


@pytest.mark.parametrize(
    ("live", "gone", "refused"),
    [(10, 2, False), (10, 3, True), (5, 1, False), (4, 1, True), (3, 1, True), (1, 1, True), (0, 0, False)],
)
def test_more_than_a_fifth_is_too_much(live: int, gone: int, refused: bool) -> None:
    assert Changes(live=live, removed=list(range(gone))).removes_too_much is refused


def test_a_mass_removal_is_refused_and_nothing_of_that_resource_is_written(sandbox: Sandbox) -> None:
    sync()
    sandbox.delete_template(2)
    sandbox.put_template({"id": 1, "name": "Renamed"})
    sandbox.put_user({"id": 2, "last_name": "Renamed"})
    run = sync()
    assert run.state == SyncRun.State.REFUSED
    assert run.error == "1 of 3 templates would be removed, more than a fifth. Nothing was changed for them."
    assert result(run, "templates").state == SyncResult.State.REFUSED
    assert counts(run, "templates") == (0, 1, 1, 1)
    assert not Template.objects.exclude(removed_at=None).exists()
    assert Template.objects.get(pk=1).name == "Every field"
    # The other resource has nothing to do with it.
    assert result(run, "users").state == SyncResult.State.DONE
    assert PneumaticUser.objects.get(pk=2).name == "Bo Renamed"


def test_an_empty_listing_is_refused_with_another_sentence(sandbox: Sandbox) -> None:
    sync()
    sandbox.reset("empty")
    run = sync("templates")
    assert run.state == SyncRun.State.REFUSED
    assert run.error == "Pneumatic listed no templates; 3 are mirrored. Nothing was changed."
    assert Template.objects.filter(removed_at=None).count() == 3


def test_a_confirmed_mass_removal_is_done(sandbox: Sandbox) -> None:
    sync()
    sandbox.reset("empty")
    run = sync("templates", allow_removals=True)
    assert run.state == SyncRun.State.DONE
    assert not Template.objects.filter(removed_at=None).exists()
    assert Template.objects.count() == TemplateVersion.objects.count() == 3


def test_rows_that_are_marked_already_do_not_count_towards_the_fifth(sandbox: Sandbox) -> None:
    sandbox.reset("demo")
    sync("templates")
    live = Template.objects.count()
    Template.objects.exclude(pk__in=Template.objects.values("pk")[:4]).update(removed_at=timezone.now())
    sandbox.delete_template(Template.objects.filter(removed_at=None).latest("pk").pk)
    run = sync("templates")
    assert run.state == SyncRun.State.REFUSED
    assert counts(run, "templates")[:3] == (live - 4, 0, 1)


def test_a_dry_run_says_what_it_would_do_and_does_nothing(sandbox: Sandbox) -> None:
    with CaptureQueriesContext(connection) as queries:
        run = sync(dry_run=True)
    assert run.state == SyncRun.State.DONE
    assert run.dry_run
    assert counts(run, "templates") == (3, 0, 0, 0)
    assert statements_writing_to_the_mirror(queries) == []
    assert not Template.objects.exists()
    assert not PneumaticUser.objects.exists()


def test_a_dry_run_says_that_it_would_refuse(sandbox: Sandbox) -> None:
    sync()
    sandbox.delete_template(2)
    run = sync(dry_run=True)
    assert run.state == SyncRun.State.REFUSED
    assert result(run, "templates").details == {"removed": [[2, "No fields"]]}


def test_one_resource_can_be_synchronised_alone(sandbox: Sandbox) -> None:
    run = sync("users")
    assert [found.resource for found in run.results.all()] == ["users"]
    assert not Template.objects.exists()


def test_a_resource_that_is_named_twice_is_synchronised_once(sandbox: Sandbox) -> None:
    assert sync("users", "users").results.count() == 1


def test_what_the_server_does_not_have_is_left_out_silently(sandbox: Sandbox) -> None:
    run = sync()
    assert [found.resource for found in run.results.all()] == ["users", "templates", "subscriptions"]
    assert (run.state, run.error) == (SyncRun.State.DONE, "")


def test_an_unsupported_resource_is_reported_when_it_is_requested_by_name(sandbox: Sandbox) -> None:
    run = sync("groups", "users")
    assert run.state == SyncRun.State.DONE
    assert result(run, "groups").state == SyncResult.State.ABSENT
    assert result(run, "groups").error == "This Pneumatic has no groups."
    assert result(run, "users").state == SyncResult.State.DONE


def test_an_optional_resource_without_access_is_reported_and_no_failure(sandbox: Sandbox) -> None:
    sandbox.fault(kind="status", status=403, path_prefix="/webhooks", times=0)
    run = sync()
    assert (run.state, run.error) == (SyncRun.State.DONE, "")
    forbidden = result(run, "subscriptions")
    assert forbidden.state == SyncResult.State.FORBIDDEN
    assert forbidden.error.startswith("The user of the API key may not see subscriptions in Pneumatic: ")
    assert forbidden.finished_at is not None
    assert result(run, "templates").state == SyncResult.State.DONE


def test_what_the_key_may_not_see_and_everything_needs_is_a_failure(sandbox: Sandbox) -> None:
    sandbox.fault(kind="status", status=403, path_prefix="/accounts/users", times=0)
    sandbox.fault(kind="status", status=403, path_prefix="/webhooks", times=0)
    run = sync()
    assert run.state == SyncRun.State.FAILED
    assert run.error == result(run, "users").error
    assert result(run, "templates").state == SyncResult.State.DONE


def test_a_server_that_cannot_be_detected_fails_the_run_once(settings: Settings) -> None:
    settings.PNEUMATIC_DIALECT = "auto"
    settings.PNEUMATIC_API_URL = "http://127.0.0.1:9"
    run = sync()
    assert run.state == SyncRun.State.FAILED
    assert run.error
    assert not run.results.exists()


def test_an_unknown_resource_is_an_error_and_leaves_no_run(sandbox: Sandbox) -> None:
    with pytest.raises(KeyError):
        sync("unicorns")
    assert not SyncRun.objects.exists()


def test_only_the_first_hundred_names_are_kept(sandbox: Sandbox) -> None:
    sandbox.reset("empty", large=60)
    run = sync("users")
    assert result(run, "users").added >= 150
    assert len(result(run, "users").details["added"]) == 100


def test_a_run_that_was_given_up_by_others_writes_nothing(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    content_hash = Users.content_hash

    def given_up(self: Users, item: Received[User]) -> str:
        SyncRun.objects.filter(state=SyncRun.State.RUNNING).update(state=SyncRun.State.ABANDONED)
        return content_hash(self, item)

    monkeypatch.setattr(Users, "content_hash", given_up)
    run = sync()
    assert run.state == SyncRun.State.ABANDONED
    assert not Template.objects.exists()
    assert not PneumaticUser.objects.exists()
    assert {found.state for found in run.results.all()} == {SyncResult.State.FAILED}


def test_a_bug_ends_in_the_run_and_not_in_a_stuck_lock(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(self: object, *args: object, **kwargs: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("apps.workflow_templates.sync.Templates.write", broken)
    run = sync()
    assert run.state == SyncRun.State.FAILED
    assert run.error == "Unexpected error (ZeroDivisionError). See the log."
    assert "ZeroDivisionError" in caplog.text
    assert result(run, "users").state == SyncResult.State.DONE
    assert counts(run, "templates") == (0, 0, 0, 0)
    assert not Template.objects.exists()
    assert sync("users").state == SyncRun.State.DONE


def test_the_databases_trouble_is_a_sentence_and_no_traceback(
    sandbox: Sandbox, caplog: pytest.LogCaptureFixture
) -> None:
    trouble = database_error("terminating connection due to administrator command\nhint", "57P01")
    with database_away(trouble, only='INSERT INTO "workflow_templates_template" '):
        run = sync()

    assert run.state == SyncRun.State.FAILED
    assert run.error == "The database was not available: terminating connection due to administrator command"
    assert "Traceback" not in caplog.text
    assert result(run, "users").state == SyncResult.State.DONE


def test_stopping_it_manually_leaves_no_lock(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(self: object, *args: object, **kwargs: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("apps.accounts.sync.Users.write", interrupted)
    with pytest.raises(KeyboardInterrupt):
        sync()
    run = SyncRun.objects.get()
    assert run.state == SyncRun.State.FAILED
    assert run.error == "The sync was interrupted."
    assert result(run, "users").state == SyncResult.State.FAILED


def test_a_missing_key_is_recorded_in_the_run(settings: Settings) -> None:
    settings.PNEUMATIC_API_KEY = ""
    run = sync()
    assert run.state == SyncRun.State.FAILED
    assert "PNEUMATIC_API_KEY" in run.error
