"""Every recorded change of a subscription and every recorded upload, made again."""

from __future__ import annotations

import io
import json
import re
from dataclasses import replace

import pytest
from pytest_django import Settings

from apps.pneumatic.canonical.events import Kind
from apps.pneumatic.canonical.schemas import PublicFile
from apps.pneumatic.client import Client
from apps.pneumatic.dialects.current.dialect import Current
from apps.pneumatic.dialects.current.events import EVENT_NAMES
from apps.pneumatic.errors import (
    ConfigurationError,
    Contradicted,
    NotFound,
    PermissionDenied,
    PneumaticError,
    ValidationFailed,
)
from apps.pneumatic.transport.parsing import Node
from tests.contract.older_releases.covered import Replay, recordings
from tests.contract.older_releases.server import Play, ReplayServer
from tests.contract.recordings import Exchange
from tests.contract.releases_recorded import TAGS, recorded

CONTENT = b"12345"


def event_in(found: Exchange) -> str:
    return found.path.split("/")[3]


def kind_in(found: Exchange) -> Kind:
    (kind,) = [kind for kind, name in EVENT_NAMES.items() if event_in(found).removesuffix("_v2") == name]
    return kind


# -- Subscriptions


@pytest.mark.parametrize("tag", TAGS)
def test_subscribing(play: Play, server: ReplayServer, tag: str) -> None:
    every = {
        found.name.removeprefix("webhooks-subscribe-"): found for found in recordings(tag, Replay.SUBSCRIBE)
    }
    refusals: dict[str, type[PneumaticError]] = {
        "bad-url": ValidationFailed,
        "nonadmin": PermissionDenied,
        "unknown-event": Contradicted,
    }
    client = play()
    for name, found in every.items():
        if name in refusals:
            # The unknown event is requested under the name of another one.
            path = "/webhooks/events/workflow_started/subscribe"
            server.choose(replace(found, path=path))
            with pytest.raises(refusals[name]) as caught:
                client.subscribe(kind=Kind.WORKFLOW_STARTED, target=found.body["url"])
            assert caught.value.status == found.status, (tag, name)
            if isinstance(caught.value, ValidationFailed):
                assert caught.value.field == "url", (tag, name)
        elif name == "task_completed" and tag == "v1.0.0":
            # The first release has another name for it.
            server.choose(found, every["task_completed_v2"])
            made = client.subscribe(kind=Kind.TASK_COMPLETED, target=every["task_completed_v2"].body["url"])
            assert (made.event, made.kind) == ("task_completed_v2", Kind.TASK_COMPLETED)
            assert server.requested == [found.place, every["task_completed_v2"].place]
            assert made.id == Current()._subscription(Node({"event": "task_completed", "url": "x"})).id
        elif name != "task_completed_v2":
            server.choose(found)
            made = client.subscribe(kind=kind_in(found), target=found.body["url"])
            assert (made.event, made.target) == (event_in(found), found.body["url"]), (tag, name)
            (seen,) = server.seen
            assert (seen.method, seen.target, seen.json) == ("POST", found.path, found.body), (tag, name)
    assert {f"webhooks-subscribe-{name}" for name in every} == set(server.given)
    assert len(every) == (8 if tag == "v1.0.0" else 7)


@pytest.mark.parametrize("tag", TAGS)
def test_unsubscribing(play: Play, server: ReplayServer, tag: str) -> None:
    every, listed = recordings(tag, Replay.UNSUBSCRIBE), recorded(tag, "webhooks-events-all")
    client = play()
    for found in every:
        server.choose(found, listed)
        (mine,) = [row for row in client.list_subscriptions() if row.kind is kind_in(found)]
        assert mine.event == event_in(found), (tag, found.name)
        client.unsubscribe(mine)
        assert server.requested == [listed.place, listed.place, found.place], (tag, found.name)
        # Another subscription has this URL by now: nothing is ended.
        server.choose(found, recorded(tag, "webhooks-events-empty"))
        with pytest.raises(NotFound):
            client.unsubscribe(mine)
        assert found.place not in server.requested, (tag, found.name)
    assert {found.name for found in every} <= set(server.given)


# -- Uploads


def at_home(found: Exchange, server: ReplayServer) -> Exchange:
    """Return a recording with the storage at ``server``: the recorded one no longer runs."""
    text = re.sub(r"http://127\.0\.0\.1:\d+", server.url, json.dumps(found.answer))
    return replace(found, answer=json.loads(text))


def upload(client: Client, found: Exchange) -> PublicFile:
    """Upload the file that a recording announces."""
    thumbnail = b"123" if found.body.get("thumbnail") else None
    return client.upload(
        io.BytesIO(CONTENT),
        filename=found.body["filename"],
        content_type=found.body["content_type"],
        size=len(CONTENT),
        thumbnail=thumbnail,
    )


@pytest.mark.parametrize("tag", [tag for tag in TAGS if tag < "v7"])
def test_uploads(play: Play, server: ReplayServer, settings: Settings, tag: str) -> None:
    settings.PNEUMATIC_FILES_URL = ""
    every = {found.name.removeprefix("attachments-old-"): found for found in recordings(tag, Replay.UPLOAD)}
    known = [recorded(tag, name) for name in ("auth-context", "probe-google-token", "probe-attachments")]
    errors: dict[str, type[PneumaticError]] = {
        "post-no-size": ValidationFailed,
        "post-storage-off": ConfigurationError,
        "publish-storage-off": ConfigurationError,
        "publish-unknown": NotFound,
    }

    for name, found in every.items():
        is_announcement = found.body != {}
        announced = at_home(found if is_announcement else every["post"], server)
        id_ = announced.answer.get("id", 1)
        published = every["publish"] if is_announcement else found
        client = play(*known, announced, replace(published, path=f"/workflows/attachments/{id_}/publish"))
        client.key_holder()
        if name in errors:
            with pytest.raises(errors[name]) as caught:
                upload(client, announced)
            assert caught.value.status == found.status, (tag, name)
            if isinstance(found.answer, dict) and "detail" in found.answer and found.status == 403:
                assert found.answer["detail"] in caught.value.message, (tag, name)
            if name == "post-no-size":
                assert isinstance(caught.value, ValidationFailed)
                assert caught.value.errors == {"size": ["This field is required."]}
            continue
        public = upload(client, announced)
        stored = published.answer
        assert (public.id, public.url, public.size) == (str(stored["id"]), stored["url"], stored["size"]), (
            tag,
            name,
        )
        assert public.name == announced.body["filename"], (tag, name)  # 1.0 returns the name in its storage
        sent = [seen for seen in server.seen if seen.method != "GET"]
        assert sent[0].json == announced.body, (tag, name)
        puts = [seen for seen in sent if seen.method == "PUT"]
        assert [seen.body for seen in puts] == [CONTENT] + ([b"123"] if announced.body["thumbnail"] else [])
        assert not any("authorization" in seen.headers for seen in puts), (tag, name)
    assert {f"attachments-old-{name}" for name in every} == set(server.given) - {
        found.name for found in known
    }


def test_a_release_with_a_file_service_takes_no_attachments(
    play: Play, server: ReplayServer, settings: Settings
) -> None:
    """The server is upgraded from 6.0 to 7.0, and then refuses what was right until now."""
    settings.PNEUMATIC_FILES_URL = ""
    names = ["auth-context", "probe-google-token", "probe-attachments"]
    old = [recorded("v6.0.0", name) for name in names]
    new = [recorded("v7.0.0", name) for name in names]
    announced = at_home(recorded("v6.0.0", "attachments-old-post"), server)
    for found in recordings("v7.0.0", Replay.UPLOAD):
        client = play(*old)
        client.key_holder()
        if "post" in found.name:
            server.choose(*new, found)
        else:
            server.choose(*new, announced, replace(found, path="/workflows/attachments/1/publish"))

        with pytest.raises(ConfigurationError if "post" in found.name else NotFound) as caught:
            upload(client, announced)

        assert "<" not in caught.value.message
        assert found.name in server.given
