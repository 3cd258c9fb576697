"""The pages for browsers: launches and subscriptions as escaped text."""

from __future__ import annotations

import requests

from tests.fixtures.sandbox import Sandbox

from .conftest import Api


def test_the_front_page_shows_what_arrived(api: Api, sandbox: Sandbox) -> None:
    empty = requests.get(sandbox.url + "/", timeout=60)
    assert "None yet" in empty.text
    field = sandbox.template(1)["kickoff"]["fields"][2]
    option = field["selections"][1]
    kickoff = {"string-1": "<script>alert(1)</script>", "radio-3": option["id"], "user-9": 2}
    api.post("/templates/1/run", {"name": "<b>Bold & brave</b>", "kickoff": kickoff})
    page = requests.get(sandbox.url + "/", timeout=60)
    assert "<script" not in page.text
    assert "&lt;b&gt;Bold &amp; brave&lt;/b&gt;" in page.text
    for shown in (field["name"], option["value"], f"<code>{option['id']}</code>", "Bo Operator"):
        assert shown in page.text
    assert page.headers["Content-Security-Policy"].startswith("default-src 'none'")
    assert sandbox.key not in page.text


def test_the_front_page_works_after_a_template_was_deleted(api: Api, sandbox: Sandbox) -> None:
    api.post("/templates/1/run", {"name": "x", "kickoff": {"string-1": "\ud800", "user-9": 2}})
    sandbox.delete_template(1)
    sandbox.delete_user(2)
    assert requests.get(sandbox.url + "/", timeout=60).status_code == 200
    assert sandbox.workflows()[0]["kickoff"]["string-1"] == "\ud800"


def test_the_front_page_shows_the_newest_of_many(api: Api, sandbox: Sandbox) -> None:
    for number in range(60):
        api.post("/templates/2/run", {"name": f"Launch {number}"})
    text = requests.get(sandbox.url + "/", timeout=60).text
    assert "The last 50 of 60." in text
    assert "Launch 59<" in text
    assert "Launch 9<" not in text


def test_each_workflow_has_its_own_page(api: Api, sandbox: Sandbox) -> None:
    id_ = api.post("/templates/2/run", {"name": "Count <1>"}).json()["workflow_id"]
    page = requests.get(f"{sandbox.url}/workflows/{id_}", timeout=60)
    assert page.status_code == 200
    assert "<h1>Count &lt;1&gt;</h1>" in page.text
    assert "launched without answers" in page.text
    for path in ("/workflows/1", "/workflows/", "/workflows/x", f"/{id_}"):
        assert requests.get(sandbox.url + path, timeout=60).status_code == 404


def test_a_workflow_s_page_shows_how_far_it_is(api: Api, sandbox: Sandbox) -> None:
    sandbox.put_template(
        {
            "id": 9,
            "tasks": [
                {"name": "<First>", "fields": [{"name": "Why & how", "api_name": "why"}]},
                {"name": "Second", "responsible": [2]},
                {"name": "Third"},
            ],
        }
    )
    id_ = api.post("/templates/9/run", {"name": "x"}).json()["workflow_id"]
    sandbox.step(id_, outputs={"why": "<b>"})
    text = requests.get(f"{sandbox.url}/workflows/{id_}", timeout=60).text
    assert "<strong>running</strong>" in text
    for shown in (
        "1. &lt;First&gt;",
        "completed at",
        "Why &amp; how: &lt;b&gt;",
        "Bo Operator",
        "current since",
    ):
        assert shown in text
    assert text.count("<td>waits</td>") == 1
    sandbox.step(id_, "terminate")
    text = requests.get(f"{sandbox.url}/workflows/{id_}", timeout=60).text
    assert "<strong>terminated</strong>" in text
    assert text.count("<td>never started</td>") == 1


def test_the_front_page_shows_subscriptions_without_their_secrets(sandbox: Sandbox) -> None:
    assert "None: no one is notified" in requests.get(sandbox.url + "/", timeout=60).text
    sandbox.add_subscription(event="task_<b>", target="https://user:word@example.com/hooks/secret?token=1")
    text = requests.get(sandbox.url + "/", timeout=60).text
    assert "task_&lt;b&gt;" in text
    assert "https://example.com/…" in text
    for hidden in ("secret", "token", "word"):
        assert hidden not in text
