"""The client against the sandbox over HTTP: files, with every documented parameter.

The sandbox shares no code with the client and judges strictly: what it takes is what the reference describes.
"""

from __future__ import annotations

import hashlib
import io
from urllib.parse import urlsplit

import pytest
import requests

from apps.pneumatic.client import Client
from apps.pneumatic.errors import Unavailable, ValidationFailed
from tests.contract.actions import upload
from tests.fixtures.sandbox import Sandbox


def test_a_file_goes_to_the_other_origin_and_is_public(sandbox: Sandbox, client: Client) -> None:
    content = bytes(range(256)) * 2000

    public = upload(client, content)

    (stored,) = sandbox.files()
    assert (stored["name"], stored["size"], stored["public"]) == ("offer.pdf", len(content), True)
    assert stored["sha256"] == hashlib.sha256(content).hexdigest()
    assert stored["content_type"] == "application/pdf"
    assert public.size == len(content)
    assert requests.get(public.url, timeout=60).content == content
    puts = sandbox.requests(method="PUT")
    assert [entry["brought_authorization"] for entry in puts] == [False]
    assert {entry["server"] for entry in puts} == {"files"}


def test_an_empty_file_can_be_sent(sandbox: Sandbox, client: Client) -> None:
    upload(client, b"", "empty.pdf")

    assert sandbox.files()[0]["size"] == 0


def test_an_image_brings_its_thumbnail(sandbox: Sandbox, client: Client) -> None:
    public = client.upload(
        io.BytesIO(b"abc"), filename="a.png", content_type="image/png", size=3, thumbnail=b"a"
    )

    assert public.thumbnail_url
    assert urlsplit(public.thumbnail_url).netloc == urlsplit(sandbox.files_url).netloc
    assert len(sandbox.requests(method="PUT")) == 2
    assert requests.get(public.thumbnail_url, timeout=60).content == b"a"


def test_a_document_has_no_place_for_a_thumbnail(sandbox: Sandbox, client: Client) -> None:
    public = client.upload(
        io.BytesIO(b"abc"), filename="a.txt", content_type="text/plain", size=3, thumbnail=b"a"
    )

    assert public.thumbnail_url == ""
    assert len(sandbox.requests(method="PUT")) == 1


@pytest.mark.parametrize("size", [104_857_600, -1])
def test_a_file_of_an_impossible_size_is_refused_before_it_is_sent(
    sandbox: Sandbox, client: Client, size: int
) -> None:
    with pytest.raises(ValidationFailed) as caught:
        client.upload(io.BytesIO(), filename="a", content_type="text/plain", size=size)

    assert caught.value.field == "size"
    assert sandbox.requests(method="PUT") == []


def test_a_file_that_was_never_stored_is_not_made_public(sandbox: Sandbox, client: Client) -> None:
    sandbox.fault(kind="status", status=403, method="PUT", server="files", times=0)

    with pytest.raises(Unavailable):
        upload(client)

    assert [entry["path"] for entry in sandbox.requests(method="POST")] == ["/workflows/attachments"]
