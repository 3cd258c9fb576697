"""Files on releases that know them by ids: announced, uploaded, published, answered with; and after an upgrade."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import requests

from tests.fixtures.depth import exhaustive
from tests.fixtures.sandbox import RELEASES, Sandbox
from tests.sandbox.conftest import Api

from .conftest import DANA

WITH_IDS = RELEASES[: RELEASES.index("7.0")]
CONTENT = b"\x00\xffbytes"
TYPE = "application/octet-stream"
FILE = {"filename": "a b.bin", "content_type": TYPE, "size": len(CONTENT)}


@pytest.fixture(params=exhaustive(WITH_IDS, but=("1.0", "6.0")))
def release(request: pytest.FixtureRequest) -> str:
    """Return a release that knows files by ids; the sandbox is of it."""
    return str(request.param)


@pytest.fixture
def store() -> Iterator[requests.Session]:
    """Return a client without a key."""
    with requests.Session() as session:
        session.trust_env = False
        yield session


def announced(api: Api, store: requests.Session) -> dict[str, Any]:
    """Announce and upload a file; return the response to its announcement."""
    file: dict[str, Any] = api.post("/workflows/attachments", FILE).json()
    headers = {"Content-Type": TYPE}
    assert store.put(file["file_upload_url"], data=CONTENT, headers=headers, timeout=60).status_code == 200
    return file


def launched(api: Api, *ids: object) -> requests.Response:
    return api.post("/templates/1/run", {"kickoff": {"string-1": "x", "file-8": list(ids)}})


def test_a_published_file_can_be_answered_with_once_and_read_by_all(
    sandbox: Sandbox, api: Api, store: requests.Session, release: str
) -> None:
    file = announced(api, store)
    link = api.post(f"/workflows/attachments/{file['id']}/publish").json()
    assert store.get(link["url"], timeout=60).content == CONTENT
    assert link["name"].endswith("a b.bin")

    first = launched(api, file["id"])
    (shown,) = [item for item in first.json()["kickoff"]["output"] if item["type"] == "file"]
    assert shown["value"] == link["url"]
    assert shown["attachments"] == [link]

    for ids in ([file["id"]], [str(file["id"])], [99_999], [file["id"], file["id"]]):
        again = launched(api, *ids)
        assert (again.status_code, again.json()["details"]) == (
            400,
            {"reason": "Attachment not found.", "api_name": "file-8"},
        )
    assert len(sandbox.workflows()) == 1


def test_the_store_takes_what_was_announced_and_no_key(
    sandbox: Sandbox, api: Api, store: requests.Session, release: str
) -> None:
    url = api.post("/workflows/attachments", FILE).json()["file_upload_url"]
    headers = {"Content-Type": TYPE, "Authorization": f"Bearer {sandbox.key}"}
    assert store.put(url, data=CONTENT, headers=headers, timeout=60).status_code == 400
    assert store.put(url, data=CONTENT, headers={"Content-Type": "text/plain"}, timeout=60).status_code == 403
    assert store.post(f"{sandbox.files_url}/upload", files={"file": b"x"}, timeout=60).status_code == 404
    assert not sandbox.files()[0]["uploaded"]


def test_an_upgrade_to_7_moves_files_to_the_file_service(
    sandbox: Sandbox, api: Api, store: requests.Session, release: str
) -> None:
    file = announced(api, store)
    id_ = launched(api, file["id"]).json()["id"]
    sandbox.upgrade("7.0")

    output = api.get(f"/workflows/{id_}").json()["kickoff"]["output"]
    (shown,) = [item for item in output if item["type"] == "file"]
    assert "attachments" not in shown
    assert api.session.get(shown["value"], timeout=60).content == CONTENT
    key = {"Authorization": f"Bearer {sandbox.add_key('pn-dana', DANA)}"}
    assert store.get(shown["value"], headers=key, timeout=60).status_code == 403

    assert api.post("/workflows/attachments", FILE).status_code == 405
    assert api.post(f"/workflows/attachments/{file['id']}/publish").status_code == 404
    assert launched(api, file["id"]).json()["message"] == "File value should be a list of Markdown links."
