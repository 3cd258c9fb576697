"""The client against the sandbox as the current API: files go to the file service."""

from __future__ import annotations

import pytest
import requests
from pytest_django import Settings

from apps.pneumatic.canonical.schemas import Answer
from apps.pneumatic.client import Client, connect
from apps.pneumatic.errors import AuthenticationFailed, RateLimited, ValidationFailed
from tests.contract.actions import every_field, upload
from tests.fixtures.sandbox import Sandbox, only_current

pytestmark = only_current


def test_a_file_goes_to_the_file_service_with_the_key(sandbox: Sandbox, client: Client) -> None:
    content = bytes(range(256)) * 2000

    public = upload(client, content)

    (sent,) = sandbox.requests(server="files", method="POST")
    assert sent["brought_authorization"]
    assert public.url.startswith(f"{sandbox.files_url}/")
    assert public.id == public.url.rpartition("/")[2]
    got = requests.get(public.url, headers={"Authorization": f"Bearer {sandbox.key}"}, timeout=60)
    assert got.content == content


def test_a_key_that_the_file_service_forgot_is_put_back(sandbox: Sandbox, client: Client) -> None:
    client.list_templates()
    sandbox.forget_keys_at_files()
    sandbox.clear_requests()

    upload(client)

    assert [(entry["server"], entry["path"]) for entry in sandbox.requests()] == [
        ("files", "/upload"), ("api", "/templates"), ("files", "/upload"),
    ]  # fmt: skip


def test_a_file_that_is_too_large_is_refused(sandbox: Sandbox, client: Client) -> None:
    sandbox.settings(upload_maximum=1000)

    with pytest.raises(ValidationFailed, match="too large"):
        upload(client, b"x" * 1001)

    assert upload(client, b"x" * 1000).size == 1000


def test_a_limit_of_uploads_is_raised_with_its_seconds(sandbox: Sandbox, client: Client) -> None:
    sandbox.settings(upload_limit=2, upload_retry_after=7)
    upload(client)
    upload(client)

    with pytest.raises(RateLimited) as caught:
        upload(client)

    assert caught.value.retry_after == 7


def test_a_wrong_key_brings_no_file(sandbox: Sandbox, client: Client, settings: Settings) -> None:
    settings.PNEUMATIC_API_KEY = "wrong"

    with connect() as other, pytest.raises(AuthenticationFailed):
        upload(other)

    assert sandbox.files() == []


def test_checking_the_file_service_stores_nothing(sandbox: Sandbox, client: Client) -> None:
    assert client.check_files()
    assert sandbox.files() == []


def test_where_files_are_is_seen_once_one_is_in_a_workflow(sandbox: Sandbox, client: Client) -> None:
    assert client.find_files_url() == ""
    template = every_field(client)
    fields = {field.type: field for field in template.kickoff.fields}
    answers = [Answer(fields["string"], "s"), Answer(fields["file"], (upload(client),))]
    client.run(template.id, payload=client.run_payload(template.id, name="x", answers=answers))

    assert client.find_files_url() == sandbox.files_url
