"""Drafts in the launch form, without scripts; their list, and their end."""

from __future__ import annotations

import datetime as dt
import html
from dataclasses import replace
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from pytest_django import Settings

from apps.accounts.models import User
from apps.core.database import clock
from apps.launches.models import Launch, UploadedFile
from apps.preparation.drafts import services
from apps.preparation.models import Draft
from apps.workflow_templates.models import Template
from apps.workflow_templates.selectors import current_kickoff
from tests.factories import client_of, make_launch, make_user, make_version
from tests.fixtures.filled_form import FilledForm
from tests.fixtures.launching import Fill
from tests.fixtures.responses import Response
from tests.fixtures.sandbox import Sandbox


def text(response: Response) -> str:
    return html.unescape(response.content.decode())


def url_of(template: Template, query: str = "") -> str:
    return f"/templates/{template.pk}/launch/{query}"


def save(form: FilledForm) -> Response:
    return form.send("save_draft", "")


@pytest.fixture
def saved(fill: Fill, every_field: Template) -> FilledForm:
    """Return the form of a draft that was saved and is open again."""
    response = save(fill(every_field, name="Desk", string_1="Kept", date_5="31.3."))
    assert response.status_code == 302
    return FilledForm.open(fill(every_field).client, response.url)


def test_a_draft_is_saved_and_continued_without_scripts(
    saved: FilledForm, every_field: Template, operator: User
) -> None:
    assert saved.controls["name"] == ["Desk"]
    assert saved.controls["kickoff-string-1"] == ["Kept"]

    other_browser = client_of(operator)  # another browser
    opened = other_browser.get(url_of(every_field))

    assert "Continue (from " in text(opened)
    assert "Start anew" in text(opened)  # words: ok
    assert FilledForm.read(other_browser, opened).controls["kickoff-string-1"] == [""]
    continued = other_browser.get(url_of(every_field, "?draft=continue"))
    assert FilledForm.read(other_browser, continued).controls["kickoff-string-1"] == ["Kept"]
    assert "Saved " in text(continued)


def test_a_draft_belongs_to_one_user(saved: FilledForm, every_field: Template) -> None:
    other = client_of(make_user("other", "Operator"))

    assert "Continue (from" not in text(other.get(url_of(every_field, "?draft=continue")))
    assert "Desk" not in text(other.get("/drafts/"))
    other.post(f"/templates/{every_field.pk}/draft/discard/")
    assert Draft.objects.exists()


def test_a_prefilled_link_asks_before_it_replaces_a_draft(
    saved: FilledForm, every_field: Template, operator_client: Client
) -> None:
    page = operator_client.get(url_of(every_field, "?kickoff-string-1=Linked"))
    form = FilledForm.read(operator_client, page)

    refused = save(form)

    assert "are not those of the draft" in text(page)
    assert (refused.status_code, "Save these answers instead" in text(refused)) == (409, True)
    assert Draft.objects.get().typed["kickoff-string-1"] == ["Kept"]
    again = FilledForm.read(operator_client, refused)
    assert again.controls["kickoff-string-1"] == ["Linked"]
    assert again.send("save_draft", str(Draft.objects.get().revision)).status_code == 302
    assert Draft.objects.get().typed["kickoff-string-1"] == ["Linked"]


def test_starting_again_replaces_the_draft_with_the_first_save_only(
    saved: FilledForm, every_field: Template, operator_client: Client
) -> None:
    form = FilledForm.open(operator_client, url_of(every_field, "?kickoff-string-1=New&draft=new"))
    assert Draft.objects.get().typed["kickoff-string-1"] == ["Kept"]

    assert save(form).status_code == 302

    assert Draft.objects.get().typed["kickoff-string-1"] == ["New"]


def test_a_launch_ends_its_draft(saved: FilledForm, every_field: Template, operator_client: Client) -> None:
    assert saved.fill(date_5="2026-03-31").send().status_code == 302

    assert Draft.objects.get().launch == Launch.objects.get()
    assert not Draft.objects.active().exists()
    assert "Continue (from" not in text(operator_client.get(url_of(every_field)))
    assert "No drafts" in text(operator_client.get("/drafts/"))
    assert list(services.old_drafts()) == [Draft.objects.get()]


def test_a_launch_keeps_a_draft_that_its_form_did_not_show(
    saved: FilledForm, fill: Fill, every_field: Template
) -> None:
    assert fill(every_field, name="Other", string_1="x").send().status_code == 302

    assert Draft.objects.active().exists()


@pytest.mark.parametrize(
    ("fault", "state"), [({"kind": "status", "status": 400}, "rejected"), ({"kind": "rate_limit"}, "failed")]
)
def test_a_launch_that_starts_nothing_keeps_its_draft(
    saved: FilledForm,
    every_field: Template,
    sandbox: Sandbox,
    operator_client: Client,
    fault: dict[str, Any],
    state: str,
) -> None:
    sandbox.fault(method="POST", path_prefix="/templates", **fault)

    saved.fill(date_5="2026-03-31", string_1="Changed").send()

    launch = Launch.objects.get()
    assert launch.state == state
    again = FilledForm.open(operator_client, url_of(every_field, f"?from={launch.pk}"))
    assert again.controls["kickoff-string-1"] == ["Changed"]  # what was sent
    assert again.controls["previous"] == [str(launch.pk)]
    assert save(again.fill(string_1="Corrected")).status_code == 302
    assert Draft.objects.active().get().copied_from == launch.pk


def test_files_that_are_chosen_without_scripts_belong_to_the_draft(
    fill: Fill, every_field: Template, operator_client: Client
) -> None:
    file = SimpleUploadedFile("a.txt", b"text", content_type="text/plain")

    response = save(fill(every_field, file_8=[file]))

    stored = UploadedFile.objects.get()
    assert stored.reserved_for == Draft.objects.get().pk
    continued = FilledForm.open(operator_client, response.url)
    assert continued.controls["kickoff-file-8"] == [str(stored.pk)]


def test_a_draft_survives_a_template_that_changed(
    saved: FilledForm, every_field: Template, operator_client: Client
) -> None:
    fields = current_kickoff(every_field).fields
    changed = [replace(one, type="number") if one.api_name == "string-1" else one for one in fields]
    make_version(every_field, fields=changed)
    url = url_of(every_field, "?draft=continue")

    page = operator_client.get(url)
    assert "now has another type. The answer was: Kept" in text(page)
    save(FilledForm.read(operator_client, page))

    assert "now has another type. The answer was: Kept" in text(operator_client.get(url))


def test_the_list_and_home_show_drafts_and_what_is_wrong(
    saved: FilledForm, every_field: Template, operator_client: Client
) -> None:
    reason = {"control": "", "label": "Room", "kind": "removed", "reason": "It was removed."}
    Draft.objects.update(problems=[reason], checked_at=clock.now())

    for url in ("/drafts/", "/"):
        page = text(operator_client.get(url))
        assert "Desk" in page
        assert every_field.name in page
        assert "It was removed." in page
        assert f"{url_of(every_field)}?draft=continue" in page

    assert operator_client.post(f"/templates/{every_field.pk}/draft/discard/", follow=True).status_code == 200
    assert not Draft.objects.exists()
    assert operator_client.post(f"/templates/{every_field.pk}/draft/discard/").status_code == 302


def test_an_old_draft_is_deleted_a_week_after_its_owner_was_warned(
    saved: FilledForm, operator_client: Client, settings: Settings
) -> None:
    services.warn()
    assert "Will be deleted" not in text(operator_client.get("/"))

    Draft.objects.update(updated_at=clock.now() - dt.timedelta(days=settings.DRAFT_RETENTION_DAYS + 1))
    services.warn()
    assert "Will be deleted on" in text(operator_client.get("/"))
    assert not services.old_drafts().exists()

    Draft.objects.update(warned_at=clock.now() - dt.timedelta(days=8))
    assert services.old_drafts().exists()

    save(saved)
    assert not services.old_drafts().exists()
    assert Draft.objects.get().deleted_on is None


def test_a_launch_that_was_edited_and_is_gone_is_no_obstacle(
    saved: FilledForm, every_field: Template, operator: User, operator_client: Client
) -> None:
    Draft.objects.update(copied_from=make_launch(every_field, operator).pk)
    Launch.objects.all().delete()

    assert operator_client.get(url_of(every_field, "?draft=continue")).status_code == 200
