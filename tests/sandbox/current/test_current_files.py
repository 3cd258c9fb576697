"""The current file service: uploads with the API key, its errors, and who may read a file."""

from __future__ import annotations

import hashlib
import io
import re
import time
from collections.abc import Callable
from typing import Any

import pytest
import requests

from sandbox.current.files.service import UploadLimit
from sandbox.settings import Settings
from tests.fixtures.sandbox import Sandbox
from tests.sandbox.conftest import Api

from .conftest import BO, DANA, launch

UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
PDF = ("Contract ü (1).pdf", b"%PDF-1.4 hello", "application/pdf")


def send(client: Api, current: Sandbox, file: Any = PDF, **options: Any) -> requests.Response:
    return client.session.post(f"{current.files_url}/upload", files={"file": file}, timeout=60, **options)


def upload(client: Api, current: Sandbox, file: Any = PDF) -> dict[str, str]:
    response = send(client, current, file)
    assert response.status_code == 200, response.text
    answer: dict[str, str] = response.json()
    return answer


def get(client: Api, url: str, **headers: str) -> requests.Response:
    return client.session.get(url, headers=headers, timeout=60)


def test_an_upload_answers_with_the_link_and_the_uploader_has_the_file_back(
    ada: Api, current: Sandbox
) -> None:
    answer = upload(ada, current)
    assert list(answer) == ["public_url", "file_id"]
    assert UUID.fullmatch(answer["file_id"])
    assert answer["public_url"] == f"{current.files_url}/{answer['file_id']}"
    response = get(ada, answer["public_url"])
    assert (response.status_code, response.content) == (200, PDF[1])
    assert response.headers["Content-Type"] == "application/pdf"
    assert response.headers["Content-Disposition"] == "attachment; filename*=utf-8''Contract_%C3%BC_1_.pdf"
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert response.headers["Accept-Ranges"] == "bytes"


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("a b\tc.txt", "a_b_c.txt"),
        ("../../etc/passwd", "etc_passwd"),
        ("[x](y).txt", "x_y_.txt"),
        ("漢字 отчёт.txt", "漢字_отчёт.txt"),
        ('say "hi".txt', "say_22hi_22.txt"),
        ("...", "unnamed_file"),
    ],
)
def test_a_file_name_is_made_harmless(ada: Api, current: Sandbox, sent: str, kept: str) -> None:
    upload(ada, current, (sent, b"x", "text/plain"))
    assert [item["name"] for item in current.files()] == [kept]


@pytest.mark.parametrize("media_type", ["text/html", "image/svg+xml", "application/javascript", ""])
def test_types_that_a_browser_would_run_are_sent_as_octet_stream(
    ada: Api, current: Sandbox, media_type: str
) -> None:
    answer = upload(ada, current, ("x", b"<script>", media_type))
    assert get(ada, answer["public_url"]).headers["Content-Type"] == "application/octet-stream"


def test_a_range_can_be_requested(ada: Api, current: Sandbox) -> None:
    url = upload(ada, current)["public_url"]
    for requested, content, content_range in (
        ("bytes=0-3", b"%PDF", "bytes 0-3/14"),
        ("bytes=9-", b"hello", "bytes 9-13/14"),
        ("bytes=9-99", b"hello", "bytes 9-13/14"),
    ):
        response = get(ada, url, Range=requested)
        assert (response.status_code, response.content) == (206, content)
        assert response.headers["Content-Range"] == content_range
    beyond = get(ada, url, Range="bytes=14-20")
    assert (beyond.status_code, beyond.content) == (416, b"")
    assert get(ada, url, Range="lines=1-2").status_code == 200


def test_an_empty_file_is_taken(ada: Api, current: Sandbox) -> None:
    answer = upload(ada, current, ("empty.txt", b"", "text/plain"))
    response = get(ada, answer["public_url"])
    assert (response.status_code, response.content) == (200, b"")


def test_a_large_file_full_of_what_looks_like_boundaries_arrives_whole(ada: Api, current: Sandbox) -> None:
    data = (b"\r\n--" + b"0123456789abcdef" * 5 + b"\r\n-") * 40_000
    answer = upload(ada, current, ("large.bin", io.BytesIO(data), "application/octet-stream"))
    (item,) = current.files()
    assert (item["size"], item["sha256"]) == (len(data), hashlib.sha256(data).hexdigest())
    assert get(ada, answer["public_url"]).content == data


def test_only_the_part_of_the_right_name_counts(ada: Api, current: Sandbox) -> None:
    parts: list[tuple[str, Any]] = [
        ("note", (None, "text")),
        ("other", ("a.txt", b"a")),
        ("file", ("b.txt", b"b")),
        ("file", ("c", b"c")),
    ]
    response = ada.session.post(f"{current.files_url}/upload", files=parts, timeout=60)
    assert response.status_code == 200
    assert [item["name"] for item in current.files()] == ["b.txt"]


@pytest.mark.parametrize(
    "options",
    [
        {"json": {"filename": "a"}},
        {"data": {"x": "1"}},
        {"files": {"attachment": ("a.txt", b"a")}},
        {"files": {"file": (None, "no file, but a text")}},
        {},
    ],
)
def test_without_a_file_the_service_says_what_is_missing(
    ada: Api, current: Sandbox, options: dict[str, Any]
) -> None:
    response = ada.session.post(f"{current.files_url}/upload", timeout=60, **options)
    assert response.status_code == 422
    body = response.json()
    assert list(body) == ["code", "message", "details"]
    assert (body["code"], list(body["details"])) == ("VAL_002", ["reason"])
    assert current.files() == []


@pytest.mark.parametrize("body", [b"", b"--b\r\nContent-Disposition: form-data", b"--b\r\n\r\nno end"])
def test_a_body_that_breaks_off_is_refused(ada: Api, current: Sandbox, body: bytes) -> None:
    response = ada.session.post(
        f"{current.files_url}/upload",
        data=body,
        headers={"Content-Type": "multipart/form-data; boundary=b"},
        timeout=60,
    )
    assert response.status_code == 400
    assert current.files() == []


def test_a_file_above_the_limit_is_refused_after_it_was_read(ada: Api, current: Sandbox) -> None:
    current.settings(upload_maximum=1000)
    assert send(ada, current, ("a", b"x" * 1000)).status_code == 200
    response = send(ada, current, ("a", b"x" * 1001))
    assert response.status_code == 413
    assert response.json() == {"code": "FILE_003", "message": response.json()["message"]}
    assert len(current.files()) == 1


def test_an_invalid_key_is_refused_before_the_body_is_checked(ada: Api, current: Sandbox) -> None:
    url = upload(ada, current)["public_url"]
    for header in (None, "Bearer pn-bad", "Bearer", f"Token {current.key}"):
        ada.session.headers["Authorization"] = header  # type: ignore[assignment]  # None leaves it out
        for response in (send(ada, current), send(ada, current, None, json={}), get(ada, url)):
            assert response.status_code == 401
            assert response.json() == {"code": "AUTH_001", "message": "Authentication failed"}
    ada.session.headers["Authorization"] = f"bearer {current.key}"
    assert send(ada, current).status_code == 200


def test_a_key_of_a_user_who_left_is_refused(current: Sandbox, client_of: Callable[[int], Api]) -> None:
    bo = client_of(BO)
    upload(bo, current)
    current.put_user({"id": BO, "status": "inactive"})
    assert send(bo, current).status_code == 401


def test_after_the_service_forgot_the_keys_a_call_of_the_api_brings_one_back(
    ada: Api, current: Sandbox, client_of: Callable[[int], Api]
) -> None:
    bo = client_of(BO)
    current.forget_keys_at_files()
    assert [send(client, current).status_code for client in (ada, bo)] == [401, 401]
    assert ada.get("/templates?limit=1").status_code == 200
    assert [send(client, current).status_code for client in (ada, bo)] == [200, 401]


def test_uploads_are_limited_on_request(ada: Api, current: Sandbox) -> None:
    current.settings(upload_limit=2, upload_retry_after=60)
    assert [send(ada, current).status_code for _ in range(3)] == [200, 200, 429]
    response = send(ada, current)
    assert response.json() == {"detail": "Rate limit exceeded", "retry_after": 60}
    assert response.headers["Retry-After"] == "60"
    current.settings(upload_limit=0)
    assert [send(ada, current).status_code for _ in range(3)] == [200, 200, 200]


def test_the_limit_is_over_after_its_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Calls the sandbox's code with a given clock."""
    now = 100.0
    monkeypatch.setattr(time, "monotonic", lambda: now)
    limit, settings = UploadLimit(), Settings(upload_limit=2, upload_retry_after=60)

    assert [limit.wait("client", settings) for _ in range(3)] == [0, 0, 60]
    assert limit.wait("another", settings) == 0
    now = 159.9
    assert limit.wait("client", settings) == 60
    now = 160.0
    assert [limit.wait("client", settings) for _ in range(3)] == [0, 0, 60]


def test_unknown_paths_are_refused(ada: Api, current: Sandbox) -> None:
    unknown = get(ada, f"{current.files_url}/00000000-0000-0000-0000-000000000000")
    assert unknown.status_code == 404
    assert unknown.json()["code"] == "FILE_001"
    assert get(ada, f"{current.files_url}/a/b").json() == {"detail": "Not Found"}
    assert ada.session.put(f"{current.files_url}/upload", data=b"x", timeout=60).status_code == 405


def test_a_file_belongs_to_the_uploader_until_a_workflow_contains_it(
    ada: Api, current: Sandbox, client_of: Callable[[int], Api]
) -> None:
    bo, dana = client_of(BO), client_of(DANA)
    answer = upload(bo, current, ("by bo.txt", b"by bo", "text/plain"))
    url, file_id = answer["public_url"], answer["file_id"]
    denied = get(ada, url)
    assert denied.status_code == 403
    assert denied.json() == {"code": "FILE_002", "message": f"User 1 has no access to file '{file_id}'"}
    check = bo.post("/attachments/check-permission", {"file_id": file_id})
    assert (check.status_code, check.content) == (403, b"")
    assert bo.get("/attachments").json() == {"count": 0, "next": None, "previous": None, "results": []}

    launch(bo, 1, kickoff={"string-1": "x", "file-8": [f"[by bo.txt]({url})"]})
    assert get(ada, url).content == b"by bo"
    assert get(ada, url).headers["Content-Type"] == "text/plain; charset=utf-8"
    assert get(dana, url).status_code == 403
    for client, status in ((ada, 204), (bo, 204), (dana, 403)):
        assert client.post("/attachments/check-permission", {"file_id": file_id}).status_code == status
    page = ada.get("/attachments?limit=1").json()
    assert page["count"] == 1
    assert page["results"] == [
        {
            "id": page["results"][0]["id"],
            "file_id": file_id,
            "url": url,
            "access_type": "restricted",
            "source_type": "Workflow",
        }
    ]
    assert dana.get("/attachments").json()["count"] == 0


def test_the_documented_paths_for_files_do_not_exist(ada: Api) -> None:
    body = {"filename": "a.txt", "content_type": "text/plain", "size": 1}
    refused = ada.post("/workflows/attachments", body)
    assert (refused.status_code, list(refused.json())) == (403, ["detail"])
    gone = ada.post("/workflows/attachments/1/links")
    assert (gone.status_code, gone.headers["Content-Type"]) == (404, "text/html")


def test_faults_of_the_files_port_work_for_the_file_service(ada: Api, current: Sandbox) -> None:
    current.fault(kind="status", server="files", status=503)
    assert [send(ada, current).status_code for _ in range(2)] == [503, 200]


def test_keys_are_in_no_log(ada: Api, current: Sandbox) -> None:
    upload(ada, current)
    assert ada.get("/templates").headers["Set-Cookie"].startswith(f"file_service_auth={current.key}")
    assert current.key not in str(current.requests())
