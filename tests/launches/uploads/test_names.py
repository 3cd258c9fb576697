"""A file keeps the name that was chosen, whatever characters it has: to Pneumatic, in rows and on pages."""

from __future__ import annotations

import html

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from apps.launches.models import UploadedFile
from apps.launches.uploads import handler
from apps.workflow_templates.models import Template
from tests.fixtures.launching import Fill
from tests.fixtures.sandbox import Sandbox, both_dialects, only_current

NAMES = [
    "budget&notes.xlsx",
    "terms &copy.pdf",
    "a &lt;b&gt; &#65;.txt",
    "report\\2026.pdf",
    "C:\\notes\\a.txt",
    "5% off %41.txt",
    "semi;colon='x', [y] (z).txt",
    "soft\u00adhyphen zero\u200bwidth \u202eltr.txt",
    "👨\u200d👩\u200d👧 Łódź 東京.png",
    "two  blanks.txt",
    "..txt",
    "x." + "y" * 240,
]


def body(control: str, name: str, boundary: str = "b", more: str = "") -> bytes:
    """Return a multipart body as browsers write it: only quotation marks of a file's name are encoded."""
    quoted = name.replace('"', "%22")
    return (
        f'--{boundary}\r\nContent-Disposition: form-data; name="{control}"; filename="{quoted}"\r\n'
        f"Content-Type: text/plain\r\n\r\ncontent\r\n{more}--{boundary}--\r\n"
    ).encode()


def part(control: str, value: str) -> str:
    return f'--b\r\nContent-Disposition: form-data; name="{control}"\r\n\r\n{value}\r\n'


@both_dialects
def test_an_upload_by_the_script_keeps_it(operator_client: Client, sandbox: Sandbox) -> None:
    for name in [*NAMES, 'exactly " and %22.txt']:
        sent = body("file", name, more=part("name", name))
        answer = operator_client.post(
            "/launches/files/", sent, content_type="multipart/form-data; boundary=b"
        )
        assert (answer.status_code, answer.json().get("name")) == (201, name), name
    if sandbox.dialect == "documented":  # today's file service keeps another name
        assert [file["name"] for file in sandbox.files()][: len(NAMES)] == NAMES


@only_current
def test_a_form_without_the_script_keeps_it(
    fill: Fill, every_field: Template, sandbox: Sandbox, operator_client: Client
) -> None:
    filled = fill(every_field, string_1="x")
    for name in [*NAMES, '6" pipe.txt']:
        more = "".join(
            part(control, str(value)) for control, values in filled.controls.items() for value in values
        )
        answer = operator_client.post(
            filled.action,
            body("kickoff-file-8", name, more=more),
            content_type="multipart/form-data; boundary=b",
        )
        assert answer.status_code == 302, name
        page = operator_client.get(answer["Location"]).content.decode()
        assert html.escape(name) in page, name
        filled = fill(every_field, string_1=f"after {name}"[:140])
    assert [row.name for row in UploadedFile.objects.order_by("created_at")] == [*NAMES, '6" pipe.txt']


@only_current
def test_files_above_the_limit_are_named_and_everything_else_is_kept(
    fill: Fill, every_field: Template, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(handler, "MAX_FILES", 2)
    chosen = [SimpleUploadedFile(f"{number}.txt", b"x") for number in range(4)]
    response = fill(every_field, string_1="typed", file_8=chosen).send()
    page = html.unescape(response.content.decode())
    assert response.status_code == 422
    assert "“2.txt” was not uploaded: only " in page
    assert "“3.txt” was not uploaded: only " in page
    assert "typed" in page
    assert [file["name"] for file in sandbox.files()] == ["0.txt", "1.txt"]
