"""Files on the recorded releases before 7.0: announced, sent to the storage, published, and answered by id."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable
from dataclasses import replace

import pytest
from pytest_django import Settings

from apps.pneumatic.canonical.schemas import Answer, FieldDefinition, FileValue, PublicFile
from apps.pneumatic.client import Client
from apps.pneumatic.dialects.current import events
from apps.pneumatic.dialects.current.dialect import Current
from apps.pneumatic.errors import ConfigurationError, ValidationFailed
from apps.pneumatic.transport.parsing import Node
from tests.contract.recordings import Exchange, give
from tests.contract.releases_recorded import TAGS, recorded
from tests.fixtures.depth import exhaustive
from tests.pneumatic.conftest import Connect, Serve
from tests.pneumatic.servers import Seen, Server, Talk

pytestmark = pytest.mark.usefixtures("memory")

BEFORE_7 = [tag for tag in TAGS if tag < "v7"]
FILE = FieldDefinition("o-file", "File", "file")
CONTENT = b"12345"
FILE_ID = "3fa85f64-5717-4562-b3fc-2c963f66afa6"

Play = Callable[..., tuple[Server, Client]]


@pytest.fixture
def play(serve: Serve, connect_to: Connect, settings: Settings) -> Play:
    """Return a function that plays recordings of a release, with its storage at the same address."""

    def start(
        tag: str, announced: str = "attachments-old-post", upgraded: Server | None = None, files_url: str = ""
    ) -> tuple[Server, Client]:
        """Play a release with a server that is started for it, or that is ``upgraded`` to it while it runs."""
        names = ["auth-context", "probe-google-token", "probe-attachments"]
        answers = {recorded(tag, name).place: recorded(tag, name) for name in names}
        answers["POST /workflows/attachments"] = recorded(tag, announced)
        if tag in BEFORE_7:
            published = recorded(tag, "attachments-old-publish")
            answers[published.place] = published

        def behave(seen: Seen, talk: Talk) -> None:
            found = answers.get(f"{seen.method} {seen.target.partition('?')[0]}")
            if seen.method == "PUT":
                talk.answer(200, b"", kind="text/plain")
            elif found is None:
                talk.answer(404, b"<h1>Not Found</h1>", kind="text/html")
            else:
                give(at_home(found, server.url), talk)

        server = upgraded or serve(behave)
        server.behaviour = behave
        settings.PNEUMATIC_API_URL = server.url
        settings.PNEUMATIC_FILES_URL = files_url
        client = connect_to(server.url, dialect=Current())
        if upgraded is None:
            client.key_holder()
        return server, client

    return start


def at_home(found: Exchange, url: str) -> Exchange:
    """Return a recording with the storage at ``url``: the recorded one no longer runs."""
    text = re.sub(r"http://127\.0\.0\.1:\d+", url, json.dumps(found.answer))
    return replace(found, answer=json.loads(text)) if isinstance(found.answer, dict) else found


@pytest.mark.parametrize("tag", BEFORE_7)
def test_a_file_is_uploaded_without_a_file_service(play: Play, tag: str) -> None:
    server, client = play(tag)
    assert client.capabilities.no_files == ""

    uploaded = client.upload(io.BytesIO(CONTENT), filename="a.png", content_type="image/png", size=5)

    published = recorded(tag, "attachments-old-publish").answer
    assert (uploaded.id, uploaded.url) == (str(published["id"]), published["url"])
    assert uploaded.name == "a.png"
    announced, put, publish = [seen for seen in server.seen if seen.method != "GET"]
    assert announced.json == recorded(tag, "attachments-old-post").body
    assert (put.method, put.body) == ("PUT", CONTENT)
    assert "authorization" not in {name.lower() for name in put.headers}
    assert publish.target == recorded(tag, "attachments-old-publish").path


@pytest.mark.parametrize("tag", BEFORE_7)
def test_a_file_is_answered_by_its_id(play: Play, tag: str) -> None:
    _server, client = play(tag)
    found = recorded(tag, "run-file-id-int")
    (id_,) = found.body["kickoff"]["o-file"]
    value = (FileValue(str(id_), "a.png", "https://storage.example.com/a.png", 5),)

    kickoff = client.run_payload(2, name="Run", answers=[Answer(FILE, value)])["kickoff"]

    assert found.status == 200
    assert kickoff == {"o-file": [id_]}
    snapshot = events.parse_workflow(Node(found.answer))
    (stored,) = [output.files for output in snapshot.kickoff if output.api_name == "o-file"]
    assert [file.id for file in stored] == [str(id_)]


@pytest.mark.parametrize("tag", BEFORE_7)
def test_a_file_of_a_file_service_must_be_uploaded_again(play: Play, tag: str) -> None:
    _server, client = play(tag)
    value = (FileValue("3fa85f64-5717-4562-b3fc-2c963f66afa6", "a.png", "https://files.example.com/a"),)

    with pytest.raises(ValidationFailed) as caught:
        client.run_payload(2, name="Run", answers=[Answer(FILE, value)])

    assert caught.value.field == "o-file"


def test_a_server_without_a_storage_says_so(play: Play) -> None:
    _server, client = play("v6.0.0", announced="attachments-old-post-storage-off")

    with pytest.raises(ConfigurationError, match="file storage"):
        client.upload(io.BytesIO(CONTENT), filename="a.png", content_type="image/png", size=5)


def test_the_file_service_is_needed_from_7_0(play: Play) -> None:
    _server, client = play("v7.0.0", announced="probe-attachments")

    assert "PNEUMATIC_FILES_URL" in client.capabilities.no_files
    with pytest.raises(ConfigurationError):
        client.check_files()


@pytest.mark.parametrize("tag", BEFORE_7)
def test_only_an_upload_would_show_whether_files_can_be_stored(play: Play, tag: str) -> None:
    server, client = play(tag)

    assert client.check_files() is False
    assert {seen.method for seen in server.seen} == {"GET"}


@pytest.mark.parametrize("files_url", ["", "https://pneumatic.example.com/files"])
def test_a_release_just_before_7_0_is_recognised_by_its_files(
    serve: Serve, connect_to: Connect, settings: Settings, files_url: str
) -> None:
    """The user's data of 7.0 on a server without its list of files: no such release was recorded."""

    def behave(seen: Seen, talk: Talk) -> None:
        if seen.target == "/auth/context":
            give(recorded("v7.0.0", "auth-context"), talk)
        else:
            give(recorded("v6.0.0", "probe-attachments"), talk)

    settings.PNEUMATIC_FILES_URL = files_url
    server = serve(behave)
    client = connect_to(server.url, dialect=Current())
    client.key_holder()

    assert client.capabilities.no_files == ""
    assert client.capabilities.thumbnails
    assert len(server.seen) == 2


def file_service(seen: Seen, talk: Talk) -> None:
    """Store a file as the file service does."""
    assert (seen.method, seen.target) == ("POST", "/files/upload")
    talk.answer(200, {"file_id": FILE_ID, "public_url": f"https://pneumatic.example.com/files/{FILE_ID}"})


def upload(client: Client) -> PublicFile:
    return client.upload(io.BytesIO(CONTENT), filename="a.png", content_type="image/png", size=5)


@pytest.mark.parametrize("tag", exhaustive(BEFORE_7, but=["v6.0.0"]))
def test_a_server_that_was_upgraded_to_7_0_is_noticed_by_an_upload(
    play: Play, serve: Serve, tag: str
) -> None:
    server, _client = play(tag)
    files = serve(file_service)

    _server, client = play("v7.0.0", upgraded=server, files_url=f"{files.url}/files")
    assert upload(client).id == FILE_ID

    assert [len(seen.body) > len(CONTENT) and CONTENT in seen.body for seen in files.seen] == [True]
    # What was uploaded before is in no answer any more, and a launch says so before it is sent.
    with pytest.raises(ValidationFailed, match="Upload it again"):
        client.run_payload(
            2, name="Run", answers=[Answer(FILE, (FileValue("4", "a.png", "https://s/a.png"),))]
        )


def test_an_upload_says_what_a_server_needs_that_was_upgraded_to_7_0(play: Play) -> None:
    server, before = play("v6.0.0")
    assert before.capabilities.no_files == ""

    _server, client = play("v7.0.0", upgraded=server)
    with pytest.raises(ConfigurationError, match="PNEUMATIC_FILES_URL"):
        upload(client)

    assert "PNEUMATIC_FILES_URL" in client.capabilities.no_files


@pytest.mark.parametrize("has_url", [True, False])
def test_a_server_without_a_file_service_after_all_is_noticed_by_an_upload(
    play: Play, serve: Serve, has_url: bool
) -> None:
    """Such as one that was restored from a backup, or 7.0 that was taken back."""
    server, _client = play("v7.0.0")
    files = serve(lambda seen, talk: talk.answer(404, b"<h1>Not Found</h1>", kind="text/html"))

    _server, client = play("v6.0.0", upgraded=server, files_url=f"{files.url}/files" if has_url else "")

    assert upload(client).id == str(recorded("v6.0.0", "attachments-old-publish").answer["id"])
