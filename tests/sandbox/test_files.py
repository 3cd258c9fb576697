"""Attachments: announced at the API, sent to the store on another port, made public."""

from __future__ import annotations

import hashlib
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests

from tests.fixtures.sandbox import Sandbox

from .conftest import Api

PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 40


def announce(api: Api, **changes: Any) -> dict[str, Any]:
    body = {"filename": "pic.png", "content_type": "image/png", "size": len(PNG), **changes}
    response = api.post("/workflows/attachments", body)
    assert response.status_code == 200, response.text
    answer: dict[str, Any] = response.json()
    return answer


def put(url: str, data: bytes = PNG, **headers: str) -> requests.Response:
    return requests.put(url, data=data, headers={"Content-Type": "image/png", **headers}, timeout=60)


def test_a_file_goes_up_to_another_origin_and_becomes_public(api: Api, sandbox: Sandbox) -> None:
    ticket = announce(api, thumbnail=True)
    assert set(ticket) == {"id", "file_upload_url", "thumbnail_upload_url"}
    assert ticket["file_upload_url"].startswith(sandbox.files_url + "/")
    assert urlsplit(ticket["file_upload_url"]).netloc != urlsplit(api.url).netloc
    assert put(ticket["file_upload_url"]).status_code == 200
    assert put(ticket["thumbnail_upload_url"], b"small").status_code == 200

    links = api.post(f"/workflows/attachments/{ticket['id']}/links").json()
    assert set(links) == {"id", "name", "url", "thumbnail_url", "size"}
    assert (links["id"], links["name"], links["size"]) == (ticket["id"], "pic.png", len(PNG))
    shown = requests.get(links["url"], timeout=60)
    assert shown.content == PNG
    assert shown.headers["Content-Type"] == "image/png"
    assert shown.headers["Content-Disposition"].startswith("attachment")
    assert requests.get(links["thumbnail_url"], timeout=60).content == b"small"


def test_an_uploaded_file_can_be_read_back(api: Api, sandbox: Sandbox) -> None:
    ticket = announce(api)
    assert sandbox.files()[0]["uploaded"] is False
    put(ticket["file_upload_url"])
    api.post(f"/workflows/attachments/{ticket['id']}/links")
    assert sandbox.files() == [
        {
            "id": ticket["id"],
            "name": "pic.png",
            "content_type": "image/png",
            "announced_size": len(PNG),
            "uploaded": True,
            "size": len(PNG),
            "sha256": hashlib.sha256(PNG).hexdigest(),
            "thumbnail_size": None,
            "thumbnail_sha256": None,
            "public": True,
        }
    ]


@pytest.mark.parametrize(
    ("thumbnail", "content_type", "offered"),
    [(True, "image/jpeg", True), (True, "application/pdf", False), (False, "image/png", False)],
)
def test_a_thumbnail_is_for_images_when_requested(
    api: Api, thumbnail: bool, content_type: str, offered: bool
) -> None:
    ticket = announce(api, thumbnail=thumbnail, content_type=content_type)
    assert (ticket["thumbnail_upload_url"] is not None) == offered


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({"filename": ""}, "filename"),
        ({"filename": "  "}, "filename"),
        ({"filename": None}, "filename"),
        ({"filename": 5}, "filename"),
        ({"filename": "../a"}, "filename"),
        ({"filename": ".."}, "filename"),
        ({"filename": "a\nb"}, "filename"),
        ({"filename": "x" * 256}, "filename"),
        ({"content_type": ""}, "content_type"),
        ({"content_type": "png"}, "content_type"),
        ({"content_type": "image/png\r\nX: y"}, "content_type"),
        ({"content_type": None}, "content_type"),
        ({"size": -1}, "size"),
        ({"size": 104857600}, "size"),
        ({"size": "5"}, "size"),
        ({"size": True}, "size"),
        ({"size": 1.5}, "size"),
        ({"size": None}, "size"),
        ({"thumbnail": "yes"}, "thumbnail"),
        ({"public": True}, "public"),
    ],
)
def test_a_wrong_announcement_is_refused_by_key(api: Api, sandbox: Sandbox, changes: Any, name: str) -> None:
    body = {"filename": "pic.png", "content_type": "image/png", "size": 3, **changes}
    response = api.post("/workflows/attachments", body)
    assert response.status_code == 400
    assert response.json()["details"]["name"] == name
    assert sandbox.files() == []


def test_all_errors_of_an_announcement_are_reported_at_once(api: Api) -> None:
    errors = api.post("/workflows/attachments", {}).json()["errors"]
    assert [error["name"] for error in errors] == ["filename", "content_type", "size"]
    assert api.post("/workflows/attachments", []).json()["details"]["name"] == "body"


def test_the_largest_size_is_one_below_the_limit(api: Api) -> None:
    assert announce(api, size=104857599)["id"]
    assert announce(api, size=0)["id"]


def test_an_empty_file_can_be_sent(api: Api, sandbox: Sandbox) -> None:
    assert put(announce(api, size=0)["file_upload_url"], b"").status_code == 200
    assert sandbox.files()[0]["sha256"] == hashlib.sha256(b"").hexdigest()


@pytest.mark.parametrize(
    ("data", "headers", "status", "code"),
    [
        (PNG, {"Content-Type": "image/jpeg"}, 403, "SignatureDoesNotMatch"),
        (PNG, {"Content-Type": "image/png; charset=utf-8"}, 403, "SignatureDoesNotMatch"),
        (PNG[:-1], {}, 400, "SizeMismatch"),
        (PNG + b"x", {}, 400, "SizeMismatch"),
        (b"", {}, 400, "SizeMismatch"),
        (PNG, {"Authorization": "Bearer anything"}, 400, "UnexpectedAuthorization"),
    ],
)
def test_the_store_takes_only_what_was_announced(
    api: Api, sandbox: Sandbox, data: bytes, headers: dict[str, str], status: int, code: str
) -> None:
    response = put(announce(api)["file_upload_url"], data, **headers)
    assert response.status_code == status
    assert response.headers["Content-Type"] == "application/xml"
    assert f"<Code>{code}</Code>" in response.text
    assert sandbox.files()[0]["uploaded"] is False


def test_a_key_that_reaches_the_store_is_noted(api: Api, sandbox: Sandbox) -> None:
    put(announce(api)["file_upload_url"], Authorization=f"Bearer {sandbox.key}")
    (entry,) = sandbox.requests(server="files")
    assert entry["brought_authorization"] is True
    assert sandbox.key not in str(entry)


@pytest.mark.parametrize("change", ["", "?signature=", "?signature=wrong", "?signature=é", "?sig=x"])
def test_a_url_without_its_signature_is_refused(api: Api, change: str) -> None:
    url = announce(api)["file_upload_url"].partition("?")[0] + change
    assert put(url).status_code == 403


def test_a_signature_is_valid_for_one_object_only(api: Api) -> None:
    first, second = announce(api), announce(api)
    signature = first["file_upload_url"].partition("?")[2]
    assert put(second["file_upload_url"].partition("?")[0] + "?" + signature).status_code == 403
    thumbnail_url = first["file_upload_url"].replace("/uploads/", "/thumbnails/")
    assert put(thumbnail_url).status_code == 403


@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
def test_an_upload_url_is_for_put_only(api: Api, method: str) -> None:
    url = announce(api)["file_upload_url"]
    assert requests.request(method, url, timeout=60).status_code == 405


def test_a_body_of_unknown_length_is_refused(api: Api) -> None:
    url = announce(api)["file_upload_url"]
    response = requests.put(url, data=iter([PNG]), headers={"Content-Type": "image/png"}, timeout=60)
    assert response.status_code == 411


def test_a_file_can_be_sent_again(api: Api, sandbox: Sandbox) -> None:
    url = announce(api, size=3)["file_upload_url"]
    assert [put(url, data).status_code for data in (b"one", b"two")] == [200, 200]
    assert sandbox.files()[0]["sha256"] == hashlib.sha256(b"two").hexdigest()


def test_a_file_cannot_be_read_before_it_is_public(api: Api) -> None:
    ticket = announce(api)
    put(ticket["file_upload_url"])
    url = ticket["file_upload_url"].replace("/uploads/", "/files/")
    assert requests.get(url, timeout=60).status_code == 403
    api.post(f"/workflows/attachments/{ticket['id']}/links")
    assert requests.get(url, timeout=60).status_code == 200
    assert requests.get(url.partition("?")[0], timeout=60).status_code == 403


def test_a_file_must_be_uploaded_before_it_is_made_public(api: Api) -> None:
    id_ = announce(api)["id"]
    assert api.post(f"/workflows/attachments/{id_}/links").status_code == 400
    assert api.post("/workflows/attachments/9999/links").status_code == 404
    assert api.post("/workflows/attachments/x/links").status_code == 404


@pytest.mark.parametrize(
    "name", ["Ω 報告 ½.png", 'a"b?c#d&e%20.png', "<script>.png", "مرحبا.png", "\ud800.png"]
)
def test_file_names_of_all_kinds_work(api: Api, name: str) -> None:
    ticket = announce(api, filename=name)
    assert put(ticket["file_upload_url"]).status_code == 200
    links = api.post(f"/workflows/attachments/{ticket['id']}/links").json()
    assert links["name"] == name
    assert requests.get(links["url"], timeout=60).content == PNG


def test_a_large_file_is_streamed_and_kept_whole(api: Api, sandbox: Sandbox) -> None:
    data = bytes(5_000_000)
    ticket = announce(api, size=len(data), content_type="video/mp4", filename="film.mp4")
    assert put(ticket["file_upload_url"], data, **{"Content-Type": "video/mp4"}).status_code == 200
    assert sandbox.files()[0]["sha256"] == hashlib.sha256(data).hexdigest()
    links = api.post(f"/workflows/attachments/{ticket['id']}/links").json()
    assert requests.get(links["url"], timeout=60).content == data


def test_the_store_has_no_other_paths(sandbox: Sandbox) -> None:
    for path in (
        "/",
        "/templates",
        "/_sandbox/status",
        "/uploads/1",
        "/uploads/x/y",
        "/uploads/99/a?signature=b",
    ):
        response = requests.put(sandbox.files_url + path, timeout=60)
        assert response.status_code in {403, 404}
        assert response.headers["Content-Type"] == "application/xml"
