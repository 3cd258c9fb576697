"""The endpoint that drafts are saved to while someone types."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from apps.accounts.models import User
from apps.core.database import clock
from apps.launches.models import UploadedFile
from apps.preparation.drafts import services
from apps.preparation.models import Draft
from apps.workflow_templates.models import Template
from tests.factories import make_field, make_launch, make_template, make_version
from tests.fixtures.responses import Response

FIELDS = [make_field("day", "date"), make_field("room"), make_field("papers", "file")]


@pytest.fixture
def template(db: None) -> Template:
    return make_template(fields=FIELDS)


class OpenForm:
    """A page with the form: it saves what is typed, as its script does."""

    def __init__(self, client: Client, template: Template, revision: int = 0) -> None:
        self.client, self.template = client, template
        self.url = f"/templates/{template.pk}/draft/"
        self.controls: dict[str, Any] = {
            "submission_id": str(uuid.uuid4()),
            "version": template.current_version_id,
            "draft_editor": str(uuid.uuid4()),
            "draft_revision": revision,
            "draft_sequence": 0,
        }

    def save(self, **changed: Any) -> Response:
        self.controls["draft_sequence"] += 1
        self.controls |= {
            name.replace("_", "-") if name.startswith("kickoff") else name: v for name, v in changed.items()
        }
        return self.client.post(self.url, self.controls)


@pytest.fixture
def form(operator_client: Client, template: Template) -> OpenForm:
    return OpenForm(operator_client, template)


def test_what_is_typed_is_saved_as_it_was_typed(form: OpenForm, operator: User) -> None:
    assert form.save(name="Desk", kickoff_day="31.3.").status_code == 200

    response = form.save(kickoff_day="31.3.2026", kickoff_room="a\0b")

    draft = Draft.objects.get()
    assert response.json()["saved"].startswith("Saved ")
    assert (draft.owner, draft.workflow_name, draft.answers) == (operator, "Desk", {})
    assert draft.typed == {"kickoff-day": ["31.3.2026"], "kickoff-room": ["ab"]}


def test_a_save_takes_few_statements(form: OpenForm, operator: User) -> None:
    papers = [make_file(operator), make_file(operator)]
    statements = []
    for room in ("1", "12"):
        with CaptureQueriesContext(connection) as captured:
            form.save(kickoff_room=room, kickoff_papers=papers)
        statements.append(len(captured))

    # Session and user; the version and what the user may do; the draft, and its files.
    assert statements[0] <= 7
    assert statements[1] <= 4
    assert set(UploadedFile.objects.values_list("reserved_for", flat=True)) == {Draft.objects.get().pk}


def make_file(user: User) -> str:
    file = UploadedFile.objects.create(owner=user, name="a", size=1, sha256="", created_at=clock.now())
    return str(file.pk)


def test_the_second_tab_to_save_is_refused_until_the_user_decides(form: OpenForm) -> None:
    form.save(kickoff_room="1")
    second = OpenForm(form.client, form.template, revision=Draft.objects.get().revision)
    form.save(kickoff_room="2")

    refused = second.save(kickoff_room="3")

    assert refused.status_code == 409
    assert (refused.json()["state"], refused.json()["revision"]) == ("changed", 2)
    assert "changed in another tab" in refused.json()["error"]
    assert Draft.objects.get().typed["kickoff-room"] == ["2"]

    assert second.save(draft_revision=2).status_code == 200
    assert form.save(kickoff_room="4").status_code == 409
    assert Draft.objects.get().typed["kickoff-room"] == ["3"]


def test_a_new_form_does_not_replace_a_draft_that_it_did_not_show(form: OpenForm) -> None:
    form.save(kickoff_room="1")

    refused = OpenForm(form.client, form.template).save(kickoff_room="2")

    assert refused.status_code == 409
    assert Draft.objects.get().typed["kickoff-room"] == ["1"]


def test_saves_of_one_page_may_be_repeated_and_overtake_each_other(form: OpenForm) -> None:
    form.save(kickoff_room="1")
    form.save(kickoff_room="3")
    form.controls["draft_sequence"] = 0

    late = form.save(kickoff_room="2")

    assert (late.status_code, late.json()["sequence"]) == (200, 2)
    assert Draft.objects.get().typed["kickoff-room"] == ["3"]


def test_a_save_that_arrives_after_the_launch_makes_no_draft(form: OpenForm, operator: User) -> None:
    make_launch(form.template, operator, submission_id=form.controls["submission_id"])

    late = form.save(kickoff_room="1")

    assert (late.status_code, late.json()["state"]) == (409, "launched")
    assert not Draft.objects.exists()


def test_a_draft_that_was_deleted_does_not_come_back_silently(form: OpenForm) -> None:
    form.save(kickoff_room="1")
    form.controls["draft_revision"] = 1
    form.client.post(f"{form.url}discard/")

    gone = form.save(kickoff_room="2")

    assert (gone.status_code, gone.json()["state"]) == (409, "gone")
    assert form.save(draft_revision=0).status_code == 200


def test_a_draft_of_another_version_moves_and_keeps_what_is_lost(form: OpenForm) -> None:
    form.save(name="N", kickoff_room="12", kickoff_day="2026-03-31")
    version = make_version(form.template, fields=[FIELDS[0], make_field("cost", "number")])

    assert form.save(version=version.pk, kickoff_room=[], kickoff_cost="5").status_code == 200
    assert form.save(kickoff_cost="50").status_code == 200

    draft = Draft.objects.get()
    assert draft.version == version
    assert draft.typed == {"kickoff-day": ["2026-03-31"], "kickoff-cost": ["50"]}
    assert draft.left_out == ["“Room” is no longer in the form. The answer was: 12"]


@pytest.mark.django_db(transaction=True)
def test_two_first_saves_at_once_make_one_draft(form: OpenForm, monkeypatch: pytest.MonkeyPatch) -> None:
    form.save(kickoff_room="1")
    # The other save is committed after this one has looked for a draft.
    monkeypatch.setattr(services, "_draft", lambda _key: None)

    refused = OpenForm(form.client, form.template).save(kickoff_room="2")

    assert refused.status_code == 409


@pytest.mark.parametrize(
    "wrong",
    [
        {"draft_editor": "x"},
        {"draft_revision": "-1"},
        {"draft_revision": "9" * 12},
        {"draft_sequence": "9" * 40},
        {"version": ""},
    ],
)
def test_what_no_form_sends_is_refused(form: OpenForm, wrong: dict[str, str]) -> None:
    response = form.client.post(form.url, {**form.controls, **wrong})

    assert (response.status_code, "error" in response.json()) == (400, True)


def test_unknown_templates_and_versions_are_refused(form: OpenForm, template: Template) -> None:
    other = make_template(fields=[])
    for template_id in (other.pk, 10**18):
        form.url = f"/templates/{template_id}/draft/"
        assert form.save().status_code == 403
    form.url = f"/templates/{10**19}/draft/"
    assert form.save().status_code == 400

    form.url = f"/templates/{template.pk}/draft/"
    form.save(kickoff_room="1")
    assert form.save(version=other.current_version_id).status_code == 403
    assert Draft.objects.get().version == template.current_version


def test_only_those_who_may_launch_save_drafts(
    template: Template, client: Client, viewer_client: Client
) -> None:
    assert OpenForm(viewer_client, template).save().status_code == 403
    signed_out = OpenForm(client, template).save()
    assert (signed_out.status_code, "session has ended" in signed_out.json()["error"]) == (401, True)
    assert not Draft.objects.exists()


def test_a_stale_page_gets_json(template: Template, operator: User) -> None:
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(operator)
    form = OpenForm(strict, template)

    response = strict.post(form.url, form.controls, headers={"Accept": "application/json"})

    assert (response.status_code, "reload" in response.json()["error"]) == (403, True)
