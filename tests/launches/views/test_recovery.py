"""A form that arrives after its session ended, or with a stale CSRF token: it keeps every answer, launches nothing."""

from __future__ import annotations

from dataclasses import replace

from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from apps.accounts.models import User
from apps.launches.models import Launch
from apps.workflow_templates.models import Template
from tests.factories import PASSWORD, make_field, make_version
from tests.fixtures.filled_form import FilledForm
from tests.fixtures.launching import Fill
from tests.fixtures.sandbox import Sandbox, either_dialect

pytestmark = either_dialect


def sign_in_form(form: FilledForm, client: Client) -> FilledForm:
    """Return the page that asks to sign in after ``form`` was sent without a session."""
    client.logout()
    response = form.send()
    assert response.status_code == 401
    return FilledForm.read(client, response)


def test_opening_a_form_without_a_session_leads_to_the_login_page(
    client: Client, every_field: Template
) -> None:
    response = client.get(f"/templates/{every_field.pk}/launch/?name=N")

    assert response.status_code == 302
    assert response.headers["Location"].startswith("/login/?next=")


def test_a_session_that_ended_costs_no_answer(
    fill: Fill, every_field: Template, sandbox: Sandbox, operator_client: Client
) -> None:
    form = fill(every_field, name="Kept", string_1='say "x"', text_2="two\nlines", checkbox_4=[])
    sign_in = sign_in_form(form, operator_client)

    response = sign_in.fill(username="operator", password=PASSWORD).send("sign-in")

    again = FilledForm.read(operator_client, response)
    assert "Nothing was launched yet" in response.content.decode()
    assert again.controls["name"] == ["Kept"]
    assert again.controls["kickoff-string-1"] == ['say "x"']
    assert again.controls["kickoff-text-2"] == ["two\nlines"]
    assert again.submission_id == form.submission_id
    assert not Launch.objects.exists()

    assert again.send().status_code == 302
    assert len(sandbox.workflows()) == 1


def test_find_works_on_the_form_that_came_back(
    fill: Fill, every_field: Template, operator_client: Client
) -> None:
    """The Find button sends to the page's own address, which is that of the sign-in then."""
    sign_in = sign_in_form(fill(every_field, string_1="Kept"), operator_client)
    again = FilledForm.read(
        operator_client, sign_in.fill(username="operator", password=PASSWORD).send("sign-in")
    )

    searched = replace(again.fill(**{"find-user-9": "bo"}), action=sign_in.action)
    response = searched.client.post(searched.action, {**searched.controls, "find": "user-9"}, follow=True)

    assert response.status_code == 200
    assert response.redirect_chain == [(f"/templates/{every_field.pk}/launch/", 307)]
    assert "Bo Operator" in response.content.decode()
    assert FilledForm.read(operator_client, response).controls["kickoff-string-1"] == ["Kept"]


def test_a_wrong_password_costs_no_answer_either(
    fill: Fill, every_field: Template, operator_client: Client
) -> None:
    sign_in = sign_in_form(fill(every_field, string_1="Kept"), operator_client)

    response = sign_in.fill(username="operator", password="wrong").send("sign-in")

    assert response.status_code == 401
    assert FilledForm.read(operator_client, response).controls["kickoff-string-1"] == ["Kept"]
    assert "wrong" not in response.content.decode()


def test_what_was_launched_before_the_session_ended_is_not_launched_again(
    fill: Fill, every_field: Template, sandbox: Sandbox, operator_client: Client
) -> None:
    form = fill(every_field, name="N", string_1="x")
    form.send()
    sign_in = sign_in_form(form, operator_client)

    again = FilledForm.read(
        operator_client, sign_in.fill(username="operator", password=PASSWORD).send("sign-in")
    )

    assert again.send().status_code == 409  # asks
    assert len(sandbox.workflows()) == 1


def test_files_are_not_accepted_without_a_session(
    fill: Fill, every_field: Template, sandbox: Sandbox, operator_client: Client
) -> None:
    form = fill(every_field, file_8=[SimpleUploadedFile("a.txt", b"x")])
    operator_client.logout()

    response = form.send()

    assert response.status_code == 401
    assert "Choose files again" in response.content.decode()
    assert sandbox.files() == []


def test_files_that_were_uploaded_before_are_kept(
    fill: Fill, every_field: Template, sandbox: Sandbox, operator_client: Client
) -> None:
    uploaded = fill(every_field, file_8=[SimpleUploadedFile("a.txt", b"x")]).send()  # the subject is missing
    form = FilledForm.read(operator_client, uploaded).fill(string_1="x")
    sign_in = sign_in_form(form, operator_client)

    again = FilledForm.read(
        operator_client, sign_in.fill(username="operator", password=PASSWORD).send("sign-in")
    )
    again.send()

    assert sandbox.workflows()[0]["kickoff"]["file-8"] == [sandbox.files()[0]["id"]]


def test_a_template_that_changed_before_sign_in_is_shown(
    fill: Fill, every_field: Template, operator_client: Client
) -> None:
    sign_in = sign_in_form(fill(every_field, string_1="Kept", text_2="gone now"), operator_client)
    make_version(every_field, fields=[make_field("string-1")])

    response = sign_in.fill(username="operator", password=PASSWORD).send("sign-in")

    assert FilledForm.read(operator_client, response).controls["kickoff-string-1"] == ["Kept"]
    assert "gone now" in response.content.decode()


def test_another_user_who_signs_in_does_not_get_the_files(
    fill: Fill, every_field: Template, administrator: User, operator_client: Client
) -> None:
    uploaded = fill(every_field, file_8=[SimpleUploadedFile("a.txt", b"x")]).send()
    sign_in = sign_in_form(FilledForm.read(operator_client, uploaded), operator_client)

    response = sign_in.fill(username="administrator", password=PASSWORD).send("sign-in")

    assert "a.txt" not in response.content.decode()


def test_a_stale_token_brings_the_form_back(every_field: Template, operator: User, sandbox: Sandbox) -> None:
    """Signing in again in another tab makes the token of this one stale."""
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(operator)
    url = f"/templates/{every_field.pk}/launch/"
    stale = FilledForm.open(browser, url).fill(name="Kept", string_1="Kept too")
    stale.controls["csrfmiddlewaretoken"] = ["x" * 64]

    response = stale.send()

    again = FilledForm.read(browser, response)
    assert response.status_code == 403
    assert "Nothing was launched yet" in response.content.decode()
    assert again.controls["kickoff-string-1"] == ["Kept too"]
    assert again.submission_id == stale.submission_id
    assert not Launch.objects.exists()
    assert again.send().status_code == 302
    assert len(sandbox.workflows()) == 1


def test_a_forged_request_launches_and_uploads_nothing(
    every_field: Template, operator: User, sandbox: Sandbox
) -> None:
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(operator)
    forged = {
        "name": "N",
        "kickoff-string-1": "x",
        "launch": "1",
        "kickoff-file-8": SimpleUploadedFile("a", b"a"),
    }

    response = browser.post(f"/templates/{every_field.pk}/launch/", forged)

    assert response.status_code == 403
    assert sandbox.requests() == []
    assert not Launch.objects.exists()


def test_a_stale_token_and_no_session_ask_to_sign_in(every_field: Template, client: Client) -> None:
    browser = Client(enforce_csrf_checks=True)

    response = browser.post(f"/templates/{every_field.pk}/launch/", {"kickoff-string-1": "Kept"})

    assert response.status_code == 401
    assert FilledForm.read(browser, response).controls["kickoff-string-1"] == ["Kept"]


def test_other_pages_keep_the_plain_answer_to_a_stale_token(operator: User, every_field: Template) -> None:
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(operator)

    assert browser.post("/login/", {}).status_code == 403
    upload = browser.post("/launches/files/", {"file": SimpleUploadedFile("a.txt", b"a")})
    assert upload.status_code == 403
    assert "too old" in upload.json()["error"]


def test_the_sign_in_page_cannot_be_opened_alone(operator_client: Client, every_field: Template) -> None:
    response = operator_client.get(f"/templates/{every_field.pk}/launch/sign-in/")

    assert response.headers["Location"] == f"/templates/{every_field.pk}/launch/"


def test_a_user_without_a_role_is_redirected_home(
    fill: Fill, every_field: Template, no_role: User, operator_client: Client
) -> None:
    sign_in = sign_in_form(fill(every_field), operator_client)

    response = sign_in.fill(username="nobody", password=PASSWORD).send("sign-in")

    assert response.status_code == 302
