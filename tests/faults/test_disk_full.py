"""A full disk: for temporary files, for the database, for the log. Nothing typed is lost, and no page is a raw 500."""

from __future__ import annotations

import errno
import html
import logging
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile, TemporaryUploadedFile
from django.test import Client
from pytest_django import Settings

from apps.accounts.models import User
from apps.launches.models import Launch
from apps.workflow_templates.models import Template
from tests.fixtures.filled_form import FilledForm
from tests.fixtures.full_database import full_database
from tests.fixtures.launching import Fill
from tests.fixtures.sandbox import Sandbox

LARGE = b"x" * 2 * 1024 * 1024
NO_ROOM = "“plan.txt” was not uploaded: the server has no room for it; contact an administrator."


@pytest.fixture
def full_temporary_disk(
    tmp_path: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> Iterator[None]:
    """Put temporary files onto a disk of one megabyte; where none can be mounted, let their writes fail."""
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(tmp_path)]
    is_mounted = os.geteuid() == 0 and subprocess.run(mount, capture_output=True, check=False).returncode == 0
    if not is_mounted:

        def write(self: TemporaryUploadedFile, data: bytes) -> int:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

        monkeypatch.setattr(TemporaryUploadedFile, "write", write, raising=False)
        yield
        return
    settings.FILE_UPLOAD_TEMP_DIR = str(tmp_path)
    try:
        yield
        assert list(tmp_path.iterdir()) == []
    finally:
        subprocess.run(["umount", "--lazy", str(tmp_path)], check=True)


def test_a_script_gets_a_sentence_when_a_file_has_no_room(
    operator_client: Client, sandbox: Sandbox, full_temporary_disk: None
) -> None:
    for content in (LARGE, b"x" * 1024 * 1024 + b"y"):
        file = SimpleUploadedFile("plan.txt", content)
        response = operator_client.post("/launches/files/", {"file": file})

        assert response.status_code == 507
        assert response.json() == {"error": NO_ROOM}
    assert sandbox.requests() == []


def test_a_form_names_the_file_without_room_and_keeps_its_answers(
    fill: Fill, every_field: Template, sandbox: Sandbox, operator_client: Client, full_temporary_disk: None
) -> None:
    file = SimpleUploadedFile("plan.txt", LARGE)

    response = fill(every_field, name="Kept name", string_1="Kept", file_8=[file]).send()

    assert response.status_code == 422
    assert NO_ROOM in html.unescape(response.content.decode())
    again = FilledForm.read(operator_client, response)
    assert again.controls["name"] == ["Kept name"]
    assert again.controls["kickoff-string-1"] == ["Kept"]
    assert sandbox.requests() == []
    assert not Launch.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_a_launch_into_a_full_database_is_a_page_that_keeps_the_answers(
    operator: User, every_field: Template, sandbox: Sandbox
) -> None:
    browser = Client(raise_request_exception=False)
    browser.force_login(operator)
    form = FilledForm.open(browser, f"/templates/{every_field.pk}/launch/")
    form = form.fill(name="Kept name", string_1="Kept", text_2="x" * 200_000)
    with full_database():
        response = form.send()

    assert response.status_code == 503
    assert "Kept name" in response.content.decode()
    assert sandbox.workflows() == []
    assert form.send().status_code == 302


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
def test_a_log_that_cannot_be_written_breaks_no_request(client: Client) -> None:
    descriptor = os.open("/dev/full", os.O_WRONLY)
    full = logging.StreamHandler(os.fdopen(descriptor, "w", buffering=1, encoding="utf-8", closefd=False))
    root = logging.getLogger()
    root.addHandler(full)
    try:
        assert client.post("/login/no/such/page", headers={"host": "not allowed"}).status_code == 400
        with pytest.raises(OSError, match="No space"):
            os.write(descriptor, b"x")
    finally:
        root.removeHandler(full)
        os.dup2(os.open(os.devnull, os.O_WRONLY), descriptor)  # what is left in the buffer can be written
        full.stream.close()
        os.close(descriptor)
