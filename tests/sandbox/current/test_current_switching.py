"""One process, two dialects: what a switch changes, how it is shown, and what stays separate."""

from __future__ import annotations

from pathlib import Path

import pytest
import requests

from tests.fixtures.sandbox import Sandbox
from tests.fixtures.waiting import HANG_SECONDS
from tests.sandbox.conftest import Api
from tests.sandbox.test_process import MODULE, address, running

from .conftest import ADA, BO, launch

KEY = {"Authorization": "Bearer sandbox-key"}


def test_a_reset_switches_the_running_process_there_and_back(api: Api, sandbox: Sandbox) -> None:
    assert sandbox.control("GET", "status")["dialect"] == "documented"
    sandbox.reset(dialect="current")
    assert sandbox.control("GET", "status")["dialect"] == "current"
    assert "run_allowed" not in api.get("/templates").json()[0]
    sandbox.reset(dialect="documented")
    assert sandbox.control("GET", "status")["dialect"] == "documented"
    assert "run_allowed" in api.get("/templates").json()[0]


def test_an_unknown_dialect_is_refused(sandbox: Sandbox) -> None:
    answer = requests.post(f"{sandbox.url}/_sandbox/reset", json={"dialect": "future"}, timeout=60)
    assert (answer.status_code, answer.json()["details"]["name"]) == (400, "dialect")
    assert sandbox.control("GET", "status")["dialect"] == "documented"


@pytest.mark.parametrize(
    "path", ["/webhooks", "/workflows/attachments/1/links", "/templates/1/run/", "/nope"]
)
def test_documented_paths_are_html_in_the_current_dialect_without_a_key_too(
    current: Sandbox, path: str
) -> None:
    answer = requests.get(current.url + path, timeout=60)
    assert (answer.status_code, answer.headers["Content-Type"]) == (404, "text/html")


@pytest.mark.parametrize("path", ["/workflows", "/accounts/groups", "/auth/context", "/datasets/1"])
def test_current_paths_are_not_in_the_documented_dialect(api: Api, path: str) -> None:
    assert api.get(path).status_code == 404


def test_only_a_browser_gets_pages_at_paths_of_objects(ada: Api, current: Sandbox) -> None:
    id_ = launch(ada, name="Seen by people")
    assert ada.get("/").status_code == 204
    assert ada.get(f"/workflows/{id_}").json()["id"] == id_
    browser = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
    front = requests.get(f"{current.url}/", headers=browser, timeout=60)
    assert front.status_code == 200
    assert "as the current server implements it" in front.text
    page = requests.get(f"{current.url}/workflows/{id_}", headers=browser, timeout=60)
    assert "<h1>Seen by people</h1>" in page.text


def test_pages_show_answers_of_the_current_dialect_as_text(ada: Api, current: Sandbox) -> None:
    kickoff = {
        "string-1": "x",
        "radio-3": "High",
        "date-5": 1767225600,
        "user-9": "reviewers ü",
        "number-10": "1e5",
    }
    id_ = launch(ada, 1, kickoff=kickoff)
    launch(ada, 4, kickoff={"top-field": "t", "street": "Main Street", "branch": "Łódź"})
    text = requests.get(f"{current.url}/", headers={"Accept": "text/html"}, timeout=60).text
    for shown in ("High", "2026-01-01 00:00 UTC", "Reviewers Ü", "1E+5", "Main Street", "Łódź", "Branch"):
        assert f">{shown}<" in text, shown
    assert f"/workflows/{id_}" in text


def test_faults_work_for_both_dialects(ada: Api, current: Sandbox) -> None:
    current.fault(kind="rate_limit", path_prefix="/templates", retry_after=7)
    limited = ada.get("/templates")
    assert (limited.status_code, limited.headers["Retry-After"]) == (429, "7")
    current.fault(kind="drop_after", method="POST", path_prefix="/templates/")
    with pytest.raises(requests.ConnectionError):
        launch(ada)
    assert len(current.workflows()) == 1
    current.fault(kind="page_shift", path_prefix="/templates", action="insert")
    before = len(ada.get("/templates?limit=2").json()["results"])
    assert before == 2
    assert ada.get("/templates?limit=100").json()["count"] == 9


def test_keys_are_forgotten_by_a_reset(current: Sandbox) -> None:
    key = {"Authorization": f"Bearer {current.add_key('pn-another', BO)}"}
    assert requests.get(f"{current.url}/auth/context", headers=key, timeout=60).json()["id"] == BO
    current.reset(dialect="current")
    assert requests.get(f"{current.url}/auth/context", headers=key, timeout=60).status_code == 401


@pytest.mark.parametrize(
    "body", [{"key": "a b", "user_id": ADA}, {"key": "", "user_id": ADA}, {"key": "x", "user_id": 99}]
)
def test_a_key_that_cannot_be_sent_or_has_no_user_is_refused(
    current: Sandbox, body: dict[str, object]
) -> None:
    answer = requests.post(f"{current.url}/_sandbox/keys", json=body, timeout=60)
    assert answer.status_code == 400


def test_the_command_line_chooses_the_dialect_and_a_reset_goes_back_to_it() -> None:
    with running(MODULE, "--dialect", "current", "--dataset", "small") as (_, line):
        url = address(line)
        assert (
            requests.get(f"{url}/auth/context", headers=KEY, timeout=60).json()["email"] == "ada@example.com"
        )
        for body, dialect in (({"dialect": "documented"}, "documented"), ({}, "current")):
            requests.post(f"{url}/_sandbox/reset", json=body, timeout=60).raise_for_status()
            status = requests.get(f"{url}/_sandbox/status", timeout=60).json()
            assert status["dialect"] == dialect


def test_kept_state_continues_in_its_dialect_and_is_refused_by_the_other(tmp_path: Path) -> None:
    kept = tmp_path / "kept.json"
    options = ("--dataset", "small", "--keep", str(kept))
    with running(MODULE, "--dialect", "current", *options) as (process, line):
        body = {"name": "Kept", "kickoff": {"string-1": "x", "date-5": 0, "user-9": "reviewers ü"}}
        run = requests.post(f"{address(line)}/templates/1/run", json=body, headers=KEY, timeout=60)
        assert process.stdin
        process.stdin.close()
        assert process.wait(timeout=HANG_SECONDS) == 0
    with running(MODULE, "--dialect", "current", *options) as (_, line):
        shown = requests.get(f"{address(line)}/workflows/{run.json()['id']}", headers=KEY, timeout=60)
        assert shown.json() == run.json()
    with running(MODULE, *options) as (process, line):
        assert process.stderr
        assert line == ""
        assert "it was kept with --dialect current" in process.stderr.read()
        assert process.wait(timeout=HANG_SECONDS) == 1
