"""Presets in the launch form and on their pages; recent values, and links to a form as filled."""

from __future__ import annotations

import html
import re
from dataclasses import replace
from urllib.parse import urlsplit

import pytest
from django.contrib.auth.models import Permission
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from apps.accounts.models import User
from apps.launches.models import Launch
from apps.preparation.models import Preset, PresetUse, PrivateField
from apps.preparation.presets import services
from apps.preparation.presets.recent import recent_values
from apps.workflow_templates.models import Template
from apps.workflow_templates.selectors import current_kickoff
from tests.factories import (
    client_of,
    make_field,
    make_launch,
    make_options,
    make_template,
    make_user,
    make_version,
)
from tests.fixtures.browser import Browse, check
from tests.fixtures.filled_form import FilledForm
from tests.fixtures.launching import Fill
from tests.fixtures.responses import Response
from tests.fixtures.sandbox import Sandbox


def text(response: Response) -> str:
    return html.unescape(response.content.decode())


def url_of(template: Template, query: str = "") -> str:
    return f"/templates/{template.pk}/launch/{query}"


def save(form: FilledForm, name: str = "Desk", **controls: str) -> Response:
    given = {f"preset_{control}": [value] for control, value in controls.items()}
    return replace(form, controls={**form.controls, "preset_name": [name], **given}).send("save_preset")


def share(user: User) -> None:
    user.user_permissions.add(Permission.objects.get(codename="share_preset"))


def test_what_a_preset_shows_is_what_is_sent(
    fill: Fill, every_field: Template, operator_client: Client, sandbox: Sandbox
) -> None:
    """Filled in by a preset and edited then: no value of the preset comes back."""
    file = SimpleUploadedFile("a.txt", b"text", content_type="text/plain")
    saved = save(fill(every_field, name="Desk", string_1="Old", text_2="Kept", file_8=[file]))
    assert "Files and the due date are not part of it" in text(saved)
    preset = Preset.objects.get()

    form = FilledForm.open(operator_client, url_of(every_field, f"?preset={preset.pk}"))

    assert form.controls["kickoff-string-1"] == ["Old"]
    assert "kickoff-file-8" not in form.controls
    assert form.fill(string_1="New").send().status_code == 302
    launch = Launch.objects.get()
    assert (launch.answers["string-1"], launch.answers["text-2"]) == ("New", "Kept")
    assert launch.payload["kickoff"]["string-1"] == "New"
    assert PresetUse.objects.get().launches == 1
    assert preset.name in text(operator_client.get("/presets/"))
    assert "1 launch" in text(operator_client.get(f"/presets/{preset.pk}/"))


def test_the_default_fills_in_the_form_but_no_link(
    fill: Fill, every_field: Template, operator: User, operator_client: Client
) -> None:
    share(operator)
    save(fill(every_field, string_1="Of the team"), "Team", visibility="team", default="1")
    other = client_of(make_user("other", "Operator"))
    assert FilledForm.open(other, url_of(every_field)).controls["kickoff-string-1"] == ["Of the team"]

    save(fill(every_field, string_1="Mine"), "Mine", default="1")

    opened = {
        query: FilledForm.open(operator_client, url_of(every_field, query)).controls["kickoff-string-1"]
        for query in ("", "?preset=none", "?kickoff-text-2=x")
    }
    assert opened == {"": ["Mine"], "?preset=none": [""], "?kickoff-text-2=x": [""]}
    assert "Mine" not in text(other.get(url_of(every_field)))


def test_a_link_overrides_the_preset_that_it_names(
    fill: Fill, every_field: Template, operator_client: Client
) -> None:
    save(fill(every_field, name="Preset", string_1="a", text_2="b"))
    query = f"?preset={Preset.objects.get().pk}&kickoff-string-1=c&name=Link"

    controls = FilledForm.open(operator_client, url_of(every_field, query)).controls

    assert (controls["name"], controls["kickoff-string-1"]) == (["Link"], ["c"])
    assert controls["kickoff-text-2"] == ["b"]


def test_a_preset_is_updated_from_the_form_unless_it_changed(
    fill: Fill, every_field: Template, operator_client: Client
) -> None:
    save(fill(every_field, string_1="a"))
    preset = Preset.objects.get()
    form = FilledForm.open(operator_client, url_of(every_field, f"?preset={preset.pk}"))
    Preset.objects.update(revision=2)

    conflict = form.fill(string_1="b").send("update_preset", str(preset.pk))

    assert (conflict.status_code, "changed in the meantime" in text(conflict)) == (409, True)
    assert Preset.objects.get().answers["string-1"] == "a"
    again = FilledForm.read(operator_client, conflict)
    assert again.send("update_preset", str(preset.pk)).status_code == 200
    assert Preset.objects.get().answers["string-1"] == "b"


def test_enter_in_the_box_for_the_name_saves_and_does_not_launch(fill: Fill, every_field: Template) -> None:
    form = fill(every_field, string_1="x")
    form.controls["preset_name"] = ["By Enter"]

    assert form.send("enter").status_code == 200

    assert Preset.objects.get().name == "By Enter"
    assert not Launch.objects.exists()


def test_what_cannot_be_saved_is_refused(fill: Fill, every_field: Template) -> None:
    form = fill(every_field, string_1="x")
    assert save(form, " ").status_code == 422
    assert save(form, "x" * 101).status_code == 422
    assert save(form, "Team", visibility="team").status_code == 403
    assert not Preset.objects.exists()
    save(form, "Twice")

    assert save(form, "Twice").status_code == 409
    assert form.send("update_preset", "x").status_code == 403


def test_presets_of_others_are_hidden_and_those_of_the_team_are_theirs_to_change(
    fill: Fill, every_field: Template, operator: User, operator_client: Client
) -> None:
    save(fill(every_field, string_1="x"))
    preset = Preset.objects.get()
    url = f"/presets/{preset.pk}/"
    user = make_user("other", "Operator")
    other = client_of(user)
    assert other.get(url).status_code == 404
    page = other.get(url_of(every_field, f"?preset={preset.pk}"))
    assert "not shared with you" in text(page)

    share(operator)
    settings = {"name": "Shared", "visibility": "team", "is_default": "on"}
    assert operator_client.post(url, settings)["Location"] == url
    assert other.get(url).status_code == 200
    assert other.post(url, {"name": "Mine now"}).status_code == 403
    assert other.post(f"{url}delete/").status_code == 403
    share(user)
    assert other.post(url, {"name": "", "visibility": "team"}).status_code == 422
    assert other.post(f"{url}delete/")["Location"] == "/presets/"
    assert "No presets" in text(other.get("/presets/"))


def test_a_name_that_is_taken_is_an_error_of_the_form(
    fill: Fill, every_field: Template, operator_client: Client
) -> None:
    form = fill(every_field, string_1="x")
    save(form, "One")
    save(form, "Two")

    response = operator_client.post(f"/presets/{Preset.objects.get(name='Two').pk}/", {"name": "One"})

    assert (response.status_code, "another preset of this name" in text(response)) == (422, True)


def test_as_last_time_fills_in_the_answers_under_a_new_name(
    fill: Fill, every_field: Template, operator_client: Client
) -> None:
    assert "As last time" not in text(operator_client.get(url_of(every_field)))
    FilledForm.open(operator_client, url_of(every_field, "?last=1"))
    fill(every_field, name="First", string_1="x").send()
    assert "As last time" in text(operator_client.get(url_of(every_field)))

    form = FilledForm.open(operator_client, url_of(every_field, "?last=1"))

    assert form.controls["kickoff-string-1"] == ["x"]
    assert form.controls["name"] != ["First"]
    assert "previous" not in form.controls


def test_recent_values_are_offered_at_the_field(
    fill: Fill, every_field: Template, operator_client: Client
) -> None:
    fill(every_field, name="N", string_1="Lisbon", date_5="2026-03-31").send()
    form = fill(every_field, string_1="")

    used = FilledForm.read(operator_client, form.send("use_recent", "kickoff-date-5:0"))

    assert used.controls["kickoff-date-5"] == ["2026-03-31"]
    for wrong in ("kickoff-date-5:9", "x", ":", "kickoff-nothing:0"):
        assert form.send("use_recent", wrong).status_code == 200


def test_recent_values_are_the_last_ten_that_are_still_offered(operator: User, viewer: User) -> None:
    colour = make_field("colour", "radio", selections=make_options("Red", "Green"))
    fields = [make_field("room"), colour, make_field("papers", "file"), make_field("secret")]
    template = make_template(fields=fields)
    for number in range(12):
        answers = {"room": str(number), "colour": str(number % 2 + 1), "secret": "s", "papers": [{"id": "1"}]}
        make_launch(template, operator, answers=answers)
    make_launch(template, viewer, answers={"room": "of another user"})
    services.set_private_fields(template, ["secret"])
    # Green is now the first option.
    make_version(template, fields=[fields[0], replace(colour, selections=make_options("Green")), *fields[2:]])

    found = recent_values(operator, template, current_kickoff(template).fields)

    assert set(found) == {"room", "colour"}
    assert len(found["room"]) == 10
    assert [(value.text, value.controls) for value in found["colour"]] == [("Green", ["1"])]
    assert recent_values(make_user("new"), template, fields) == {}


def test_administrators_choose_what_is_offered(administrator_client: Client, operator_client: Client) -> None:
    template = make_template(fields=[make_field("room"), make_field("pay")])
    url = f"/templates/{template.pk}/recent-values/"
    assert url in text(administrator_client.get(f"/templates/{template.pk}/"))
    assert url not in text(operator_client.get(f"/templates/{template.pk}/"))

    assert operator_client.post(url).status_code == 403
    administrator_client.post(url, {"offered": ["room"]})
    assert list(PrivateField.objects.values_list("api_name", flat=True)) == ["pay"]
    administrator_client.post(url, {"offered": ["room", "pay"]})
    assert not PrivateField.objects.exists()


def test_a_link_opens_the_form_as_filled(fill: Fill, every_field: Template, operator_client: Client) -> None:
    boxes = next(one for one in current_kickoff(every_field).fields if one.type == "checkbox")
    ticked = [one.key for one in boxes.selections[:2]]
    form = fill(every_field, name="Größe & mehr", string_1="a=b", date_5="2026-03-31")
    form.controls[f"kickoff-{boxes.api_name}"] = ticked

    page = text(form.send("copy_link"))

    [link] = re.findall(r'id="form-link" type="text" value="([^"]+)"', page)
    parts = urlsplit(link)
    again = FilledForm.open(operator_client, f"{parts.path}?{parts.query}")
    for control in ("name", "kickoff-string-1", f"kickoff-{boxes.api_name}", "kickoff-date-5"):
        assert again.controls[control] == form.controls[control]
    assert fill(every_field, text_2="x" * 9000).send("copy_link").status_code == 422


def test_presets_are_checked_like_everything_prepared(fill: Fill, every_field: Template) -> None:
    save(fill(every_field, string_1="x"))
    preset = Preset.objects.get()

    assert str(preset) == preset.title == "Desk"
    assert (preset.typed, preset.must_be_complete) == ({}, False)
    assert str(PrivateField(api_name="a")) == "a"


@pytest.mark.browser
def test_the_pages_of_presets_are_accessible(browse: Browse, every_field: Template) -> None:
    user = make_user("someone", "Operator")
    share(user)
    make_launch(every_field, user, answers={"string-1": "Lisbon", "date-5": "2026-03-31"})
    page = browse(url_of(every_field), user=user)
    page.get_by_label("Subject").fill("x")
    page.get_by_text("Save these answers for later launches").click()
    page.get_by_label("Name of the preset").fill("Desk")
    page.get_by_text("Recent values").first.click()
    check(page)

    page.get_by_role("button", name="Save as preset").click()
    page.get_by_text("Saved as preset “Desk”").wait_for()
    check(page)
    for url in ("/presets/", f"/presets/{Preset.objects.get().pk}/"):
        page.goto(url)
        check(page)
