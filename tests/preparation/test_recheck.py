"""After each sync, prepared launches are checked again."""

from __future__ import annotations

import datetime as dt
import uuid
from dataclasses import replace

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils.datastructures import MultiValueDict

from apps.accounts.models import PneumaticUser, User
from apps.core.database import clock
from apps.launches.models import UploadedFile
from apps.launches.uploads.services import reserve, unused_files
from apps.pneumatic.canonical.schemas import FieldDefinition
from apps.preparation import recheck, registry
from apps.preparation.content import typed_content
from apps.preparation.models import Draft
from apps.sync.engine import run_sync
from apps.workflow_templates.models import Template
from tests.factories import make_field, make_pneumatic_user, make_template, make_user, make_version
from tests.fixtures.sandbox import Sandbox

FIELDS = [make_field("day", "date"), make_field("person", "user"), make_field("papers", "file")]
LATER = dt.timedelta(hours=1)


def make_draft(template: Template, owner: User, **controls: list[str]) -> Draft:
    now = clock.now()
    draft = Draft(template=template, version=template.current_version, owner=owner, editor=uuid.uuid4())
    posted = MultiValueDict({name.replace("_", "-"): values for name, values in controls.items()})
    draft.content = typed_content(posted)
    draft.created_at = draft.updated_at = now
    draft.save()
    return draft


def change(template: Template, *fields: FieldDefinition) -> None:
    """Give ``template`` another form, as a sync would."""
    make_version(template, fields=fields)
    Template.objects.filter(pk=template.pk).update(changed_at=clock.now() + LATER)


@pytest.fixture
def template(db: None) -> Template:
    make_pneumatic_user(7)
    return make_template(fields=FIELDS)


def test_what_was_typed_becomes_canonical_and_later_changes_are_found(
    template: Template, operator: User
) -> None:
    draft = make_draft(template, operator, name=["N"], kickoff_day=["2026-03-31"], kickoff_person=["7"])
    assert recheck.check_all() == 1

    draft.refresh_from_db()
    assert (draft.typed, draft.answers["day"], draft.problems) == ({}, "2026-03-31", [])

    PneumaticUser.objects.update(removed_at=clock.now() + LATER)
    recheck.check_all()

    draft.refresh_from_db()
    assert [(one["control"], one["kind"]) for one in draft.problems] == [("kickoff-person", "invalid")]
    assert "no longer in Pneumatic" in draft.problems[0]["reason"]
    assert draft.typed == {"kickoff-person": ["7"]}


def test_a_changed_template_is_a_problem_and_the_answers_stay(template: Template, operator: User) -> None:
    draft = make_draft(template, operator, name=["N"], kickoff_day=["2026-03-31"])
    recheck.check_all()
    version = draft.version

    change(template, replace(FIELDS[0], type="number"))
    recheck.check_all()

    draft.refresh_from_db()
    assert [one["kind"] for one in draft.problems] == ["type"]
    assert (draft.answers, draft.version) == ({"day": "2026-03-31"}, version)


def test_nothing_is_checked_twice_without_a_change(
    template: Template, operator: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recheck, "OVERLAP", dt.timedelta())
    make_draft(template, operator, name=["N"])
    PneumaticUser.objects.update(changed_at=clock.now())

    assert recheck.check_all() == 1
    assert recheck.check_all() == 0


def test_a_draft_that_was_saved_during_the_check_keeps_what_was_saved(
    template: Template, operator: User
) -> None:
    draft = make_draft(template, operator, name=["Old"])
    rows = list(Draft.objects.select_related("template__current_version", "version", "owner"))
    Draft.objects.update(workflow_name="New", revision=2)

    recheck._check(rows)

    draft.refresh_from_db()
    assert (draft.workflow_name, draft.checked_at) == ("New", None)


def test_many_are_checked_in_a_constant_number_of_queries(template: Template, operator: User) -> None:
    def queries(*owners: User) -> int:
        for owner in owners:
            papers = [str(make_file(owner).pk)]
            make_draft(template, owner, name=["N"], kickoff_person=["7"], kickoff_papers=papers)
        with CaptureQueriesContext(connection) as captured:
            assert recheck.check_all() == len(owners)
        print(*[q["sql"][:90] for q in captured], sep="\n")
        return len(captured)

    queries(operator)
    few = queries(make_user("one"))

    assert queries(*(make_user(f"user{number}") for number in range(5))) == few
    assert all(draft.answers["papers"][0]["name"] == "a.txt" for draft in Draft.objects.all())


def make_file(user: User, **values: object) -> UploadedFile:
    return UploadedFile.objects.create(
        owner=user,
        name="a.txt",
        content_type="text/plain",
        size=1,
        sha256="",
        created_at=clock.now(),
        **values,
    )


def test_files_of_what_is_prepared_are_not_deleted(template: Template, operator: User, viewer: User) -> None:
    draft = make_draft(template, operator, name=["N"])
    kept, other = make_file(operator), make_file(viewer)
    reserve(user=operator, upload_ids=[kept.pk, other.pk], reserved_for=draft.pk)
    UploadedFile.objects.update(created_at=clock.now() - dt.timedelta(days=40))
    assert list(unused_files()) == [other]

    draft.delete()

    assert set(unused_files()) == {kept, other}


def test_a_sync_checks_them(template: Template, operator: User, sandbox: Sandbox) -> None:
    draft = make_draft(template, operator, name=["N"], kickoff_day=["2026-03-31"])

    run_sync(trigger="command", allow_removals=True)

    draft.refresh_from_db()
    assert [one["kind"] for one in draft.problems] == ["template"]


def test_a_failure_after_a_sync_does_not_fail_the_sync(
    db: None, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(registry, "kinds", lambda: 1 / 0)

    assert run_sync(trigger="command").state == "done"

    assert "What follows a sync failed" in caplog.text
