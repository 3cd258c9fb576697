"""Uploads to Pneumatic, with and without a script in the browser."""

from __future__ import annotations

import datetime as dt
import hashlib
import html
import io
import threading
import time
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.files.uploadhandler import MemoryFileUploadHandler, TemporaryFileUploadHandler
from django.test import Client
from django.utils import timezone
from django.utils.module_loading import import_string
from PIL import Image
from pytest_django import Settings

from apps.accounts.models import User
from apps.core.processes import retention
from apps.launches.models import UploadedFile
from apps.launches.uploads import handler as uploads_handler
from apps.launches.uploads import services, throttle
from apps.launches.uploads.services import OwnFiles, UploadError
from apps.workflow_templates.models import Template
from tests.factories import make_user
from tests.fixtures.filled_form import FilledForm
from tests.fixtures.launching import Fill
from tests.fixtures.sandbox import Sandbox, only_current

PNG = "image/png"


def picture(width: int = 640, height: int = 480, kind: str = "PNG") -> bytes:
    stream = io.BytesIO()
    Image.new("RGB", (width, height), "teal").save(stream, kind)
    return stream.getvalue()


def upload(
    client: Client, content: bytes, name: str = "a.txt", content_type: str = "text/plain"
) -> dict[str, object]:
    response = client.post(
        "/launches/files/", {"file": SimpleUploadedFile(name, content, content_type=content_type)}
    )
    return {"status": response.status_code, **response.json()}


def test_a_file_reaches_pneumatic_as_it_is(operator_client: Client, operator: User, sandbox: Sandbox) -> None:
    content = bytes(range(256)) * 1000

    answer = upload(operator_client, content, "grüße.bin", "application/x-thing")

    [stored] = sandbox.files()
    row = UploadedFile.objects.get()
    assert answer == {
        "status": 201,
        "id": str(row.pk),
        "name": "grüße.bin",
        "size": len(content),
        "url": row.url,
    }
    assert stored["sha256"] == row.sha256 == hashlib.sha256(content).hexdigest()
    assert (stored["name"], stored["content_type"]) == ("grüße.bin", "application/x-thing")
    assert stored["public"]
    assert row.owner == operator
    assert row.attachment_id == str(stored["id"])


def test_a_file_that_was_never_launched_is_forgotten_in_time(
    fill: Fill, every_field: Template, operator_client: Client, administrator_client: Client, sandbox: Sandbox
) -> None:
    fill(every_field, string_1="x", file_8=[SimpleUploadedFile("launched", b"x")]).send()
    upload(operator_client, b"x", "abandoned")
    upload(administrator_client, b"x", "another user's")
    UploadedFile.objects.update(
        created_at=timezone.now() - services.UNUSED_RETENTION - dt.timedelta(minutes=1)
    )
    upload(operator_client, b"x", "first new")
    retention.prune()

    left = set(UploadedFile.objects.values_list("name", flat=True))
    assert left == {"launched", "first new"}


def test_a_quotation_mark_in_a_name_arrives_as_one(
    operator_client: Client, operator: User, sandbox: Sandbox
) -> None:
    answer = upload(operator_client, b"x", "6%22 pipe.txt")  # as every browser writes it

    assert answer["name"] == sandbox.files()[0]["name"] == '6" pipe.txt'


def test_an_image_gets_a_thumbnail(operator_client: Client, sandbox: Sandbox) -> None:
    upload(operator_client, picture(), "a.png", PNG)

    [stored] = sandbox.files()
    assert stored["thumbnail_size"] > 0
    assert UploadedFile.objects.get().thumbnail_url


def test_a_file_that_only_claims_to_be_an_image_is_uploaded_without(
    operator_client: Client, sandbox: Sandbox
) -> None:
    answer = upload(operator_client, b"\x89PNG\r\n\x1a\nno image", "a.png", PNG)

    assert answer["status"] == 201
    assert sandbox.files()[0]["thumbnail_size"] is None


def test_a_thumbnail_that_is_refused_does_not_fail_the_upload(
    operator_client: Client, sandbox: Sandbox
) -> None:
    # The second PUT is the thumbnail.
    sandbox.fault(kind="status", status=500, method="PUT", server="files", skip=1)

    assert upload(operator_client, picture(), "a.png", PNG)["status"] == 201


@pytest.mark.parametrize(
    ("announced", "name", "sent"),
    [
        ("", "a.pdf", "application/pdf"),
        ("not a type", "a", "application/octet-stream"),
        ("text/html; charset=utf-8", "a.html", "text/html"),
        ("text/pl\r\nX-Injected: yes", "a", "application/octet-stream"),
        (None, "a.unknown-ending", "application/octet-stream"),
    ],
)
def test_the_content_type_is_one(announced: str | None, name: str, sent: str) -> None:
    assert services.clean_content_type(announced, name=name) == sent


def test_an_empty_file_is_refused(operator_client: Client, sandbox: Sandbox) -> None:
    answer = upload(operator_client, b"")

    assert answer["status"] == 422
    assert answer["error"] == "“a.txt” was not uploaded: it is empty."
    assert sandbox.requests() == []


def test_the_limit_is_below_and_not_at(monkeypatch: pytest.MonkeyPatch) -> None:
    services.check_size(name="a", size=104_857_599)
    with pytest.raises(UploadError, match="too large"):
        services.check_size(name="a", size=104_857_600)


def test_a_body_beyond_the_limit_is_refused_before_it_is_read(
    operator_client: Client, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(uploads_handler, "FILE_SIZE_LIMIT", 1000)
    monkeypatch.setattr(uploads_handler, "MAX_ENVELOPE_BYTES", 1000)

    answer = upload(operator_client, b"x" * 3000)

    assert answer["status"] == 413
    assert "too large" in str(answer["error"])
    assert sandbox.requests() == []


def test_a_file_that_grows_beyond_the_limit_is_dropped(
    operator_client: Client, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(uploads_handler, "FILE_SIZE_LIMIT", 1000)

    answer = upload(operator_client, b"x" * 1000, "big.bin")

    assert answer["status"] == 413
    assert "“big.bin” was not uploaded" in str(answer["error"])


def test_a_file_is_never_read_into_memory(settings: Settings) -> None:
    handlers = [import_string(path) for path in settings.FILE_UPLOAD_HANDLERS]

    assert issubclass(handlers[-1], TemporaryFileUploadHandler)
    assert not any(issubclass(handler, MemoryFileUploadHandler) for handler in handlers)


def test_nothing_is_left_on_the_disk(
    operator_client: Client, viewer_client: Client, sandbox: Sandbox, tmp_path: Path, settings: Settings
) -> None:
    settings.FILE_UPLOAD_TEMP_DIR = str(tmp_path)

    upload(operator_client, b"x" * 200_000)
    assert upload(viewer_client, b"x" * 200_000)["status"] == 403

    assert list(tmp_path.iterdir()) == []


def test_one_file_a_request(operator_client: Client, sandbox: Sandbox) -> None:
    response = operator_client.post("/launches/files/")

    assert response.status_code == 400
    assert sandbox.requests() == []


def test_without_a_session_the_answer_is_json(client: Client, db: None) -> None:
    answer = upload(client, b"x")

    assert answer["status"] == 401
    assert "session has ended" in str(answer["error"])


@pytest.mark.parametrize("status", [400, 401, 403, 429, 500])
def test_a_refusal_names_the_file_and_the_reason(
    operator_client: Client, sandbox: Sandbox, status: int
) -> None:
    sandbox.fault(kind="status", status=status, method="POST", times=0)

    answer = upload(operator_client, b"x", "plan.pdf")

    assert answer["status"] == (429 if status == 429 else 422)
    assert str(answer["error"]).startswith("“plan.pdf” was not uploaded: ")
    assert sandbox.key not in str(answer["error"])
    assert not UploadedFile.objects.exists()


def test_files_are_found_by_their_owner_only(
    operator: User, operator_client: Client, sandbox: Sandbox
) -> None:
    upload_id = str(upload(operator_client, b"x")["id"])
    other_user = make_user("other_user", "Operator")

    assert [file.upload_id for file in OwnFiles(operator).files([upload_id, "nonsense", upload_id])] == [
        upload_id
    ]
    assert OwnFiles(other_user).files([upload_id]) == []


# -- where Pneumatic takes only some files a minute ---------------------------------------------------------------


@only_current
def test_the_script_receives_the_time_to_wait(operator_client: Client, sandbox: Sandbox) -> None:
    sandbox.settings(upload_limit=1, upload_retry_after=42)
    upload(operator_client, b"x", "first.txt")

    response = operator_client.post("/launches/files/", {"file": SimpleUploadedFile("second.txt", b"x")})

    assert (response.status_code, response["Retry-After"]) == (429, "42")
    assert "second.txt" in response.json()["error"]
    assert "42 seconds" in response.json()["error"]


@only_current
def test_without_a_script_the_request_waits_and_sends_every_file(
    fill: Fill, every_field: Template, sandbox: Sandbox
) -> None:
    sandbox.settings(upload_limit=2, upload_retry_after=1)
    chosen = [SimpleUploadedFile(f"{number}.txt", b"x") for number in range(5)]

    response = fill(every_field, string_1="x", file_8=chosen).send()

    assert response.status_code == 302
    [workflow] = sandbox.workflows()
    assert [file["name"] for file in sandbox.files()] == [f"{number}.txt" for number in range(5)]
    assert len(workflow["kickoff"]["file-8"]) == 5


@only_current
def test_a_wait_that_is_too_long_keeps_what_arrived_and_says_when_to_continue(
    fill: Fill, every_field: Template, sandbox: Sandbox, operator_client: Client
) -> None:
    sandbox.settings(upload_limit=1, upload_retry_after=66)
    chosen = [SimpleUploadedFile(name, b"x") for name in ("arrived.txt", "late.txt")]

    response = fill(every_field, string_1="Kept", file_8=chosen).send()

    form = FilledForm.read(operator_client, response)
    page = html.unescape(response.content.decode())
    assert response.status_code == 422
    assert "“late.txt” was not uploaded" in page
    assert "66 seconds" in page
    assert form.controls["kickoff-file-8"] == [str(UploadedFile.objects.get().pk)]
    assert form.controls["kickoff-string-1"] == ["Kept"]


def test_only_some_requests_wait_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    places = threading.BoundedSemaphore(1)
    monkeypatch.setattr(throttle, "_slots", places)

    assert throttle.UploadThrottle().wait(0.01)
    places.acquire()
    assert not throttle.UploadThrottle().wait(0.01)


def test_a_request_waits_for_a_bounded_time(monkeypatch: pytest.MonkeyPatch) -> None:
    slept: list[float] = []
    monkeypatch.setattr(time, "sleep", slept.append)
    patient = throttle.UploadThrottle()

    assert [patient.wait(40), patient.wait(40), patient.wait(25), patient.wait(1)] == [
        True,
        False,
        True,
        False,
    ]
    assert slept == [40, 25]


@only_current
def test_a_file_that_is_too_large_for_pneumatic_has_its_own_error(
    operator_client: Client, sandbox: Sandbox
) -> None:
    sandbox.settings(upload_maximum=10)

    answer = upload(operator_client, b"x" * 11)

    assert answer["status"] == 413
    assert "smaller than 100 MB" in str(answer["error"])


@only_current
def test_without_the_address_of_the_file_service_it_is_said_what_is_missing(
    operator_client: Client, sandbox: Sandbox, settings: Settings
) -> None:
    settings.PNEUMATIC_FILES_URL = ""

    answer = upload(operator_client, b"x")

    assert answer["status"] == 422
    assert "PNEUMATIC_FILES_URL" in str(answer["error"])
    assert "administrator" in str(answer["error"])
    # A release before 7.0 would need no such setting, so the release is detected again.
    assert {entry["method"] for entry in sandbox.requests()} == {"GET"}


@only_current
def test_a_key_that_the_file_service_lost_is_restored(operator_client: Client, sandbox: Sandbox) -> None:
    sandbox.control("POST", "files/forget_keys")

    assert upload(operator_client, b"x")["status"] == 201
