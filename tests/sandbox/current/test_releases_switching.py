"""Which release the sandbox plays: by its command line, a reset, and an upgrade while it runs."""

from __future__ import annotations

import subprocess
from typing import Any

import pytest
import requests

from tests.fixtures.sandbox import RELEASES, Sandbox
from tests.sandbox.conftest import Api
from tests.sandbox.test_process import MODULE, address, running

from .conftest import ADA, BO

DIGITS = [{"id": 45, "value": "46"}, {"id": 46, "value": "45"}]


def release_of(sandbox: Sandbox) -> Any:
    status = sandbox.control("GET", "status")
    return status["dialect"], status["release"]


def refused(sandbox: Sandbox, path: str, body: dict[str, Any]) -> str:
    """Return the name of the key for which a control request was refused."""
    answer = requests.post(f"{sandbox.url}/_sandbox/{path}", json=body, timeout=60)
    assert answer.status_code == 400, answer.text
    return str(answer.json()["details"]["name"])


def test_a_reset_selects_a_release_and_a_dialect_without_one_the_newest(sandbox: Sandbox) -> None:
    assert release_of(sandbox) == ("documented", None)
    sandbox.reset(release="4.0")
    assert release_of(sandbox) == ("current", "4.0")
    sandbox.reset()
    assert release_of(sandbox) == ("current", "4.0")
    sandbox.reset(dialect="current")
    assert release_of(sandbox) == ("current", "7.3")
    sandbox.reset(dialect="documented")
    assert release_of(sandbox) == ("documented", None)


def test_what_is_no_release_of_the_server_is_refused(sandbox: Sandbox) -> None:
    assert refused(sandbox, "reset", {"release": "8.0"}) == "release"
    assert refused(sandbox, "reset", {"release": "4.0", "dialect": "documented"}) == "release"
    assert refused(sandbox, "upgrade", {"release": "6.0"}) == "release"
    sandbox.reset(release="6.0")
    assert refused(sandbox, "upgrade", {"release": "5.0"}) == "release"
    assert refused(sandbox, "upgrade", {}) == "release"
    assert release_of(sandbox) == ("current", "6.0")


def test_the_command_line_selects_a_release_and_a_reset_goes_back_to_it() -> None:
    key = {"Authorization": "Bearer sandbox-key"}
    with running(MODULE, "--release", "1.0", "--dataset", "small") as (_, line):
        url = address(line)
        for body in ({"dialect": "documented"}, {}):
            requests.post(f"{url}/_sandbox/reset", json=body, timeout=60).raise_for_status()
        row = requests.get(f"{url}/templates", headers=key, timeout=60).json()[0]
        assert row["template_owners"] == [ADA, BO]


@pytest.mark.parametrize("options", [["--release", "0.9"], ["--release", "4.0", "--dialect", "documented"]])
def test_a_release_that_cannot_be_is_refused_by_the_command_line(options: list[str]) -> None:
    result = subprocess.run([*MODULE, *options], capture_output=True, text=True, check=False)
    assert result.returncode == 2
    assert "--release" in result.stderr


def test_an_upgrade_keeps_everything_and_answers_as_the_newer_release(sandbox: Sandbox, api: Api) -> None:
    sandbox.reset(release=RELEASES[0])
    key = {"Authorization": f"Bearer {sandbox.add_key('pn-key', ADA)}"}
    sandbox.put_template(
        {
            "id": 50,
            "kickoff": {"fields": [{"type": "dropdown", "api_name": "digit", "selections": DIGITS}]},
            "run_allowed": [ADA],
        }
    )
    sandbox.add_subscription(event="workflow_started", target="http://127.0.0.1:9/hooks")
    file = api.post(
        "/workflows/attachments", {"filename": "a.txt", "content_type": "text/plain", "size": 2}
    ).json()
    api.session.put(
        file["file_upload_url"],
        data=b"hi",
        headers={"Content-Type": "text/plain", "Authorization": None},
        timeout=60,
    ).raise_for_status()
    # The text of the first option is read as the id of the second, and stored so.
    started = api.post("/templates/50/run", {"name": "x", "kickoff": {"digit": "46"}}).json()
    stored = {}
    for release in RELEASES[1:]:
        sandbox.upgrade(release)
        shown = requests.get(f"{sandbox.url}/workflows/{started['id']}", headers=key, timeout=60).json()
        stored[release] = shown["kickoff"]["output"][0]["value"]

    assert stored == dict.fromkeys(RELEASES[1:], "45")
    assert release_of(sandbox) == ("current", "7.3")
    status = sandbox.control("GET", "status")
    assert (status["workflows"], status["subscriptions"], status["files"]) == (1, 1, 1)
    assert sandbox.files()[0]["uploaded"]
    assert (
        api.post("/templates/50/run", {"kickoff": {"digit": "46"}}).json()["kickoff"]["output"][0]["value"]
        == "46"
    )
