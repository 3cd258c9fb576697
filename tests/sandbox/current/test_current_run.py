"""Launching in the current dialect: what is validated, in which order, what is silently dropped, cut or kept."""

from __future__ import annotations

from typing import Any

import pytest
import requests

from tests.fixtures.sandbox import Sandbox
from tests.sandbox.conftest import Api

from .conftest import BO, launch

FILL_IN = "Please fill in the required fields."


def run(api: Api, template_id: int, kickoff: object = None, **body: Any) -> requests.Response:
    return api.post(f"/templates/{template_id}/run", {"name": "Work", "kickoff": kickoff, **body})


def outputs(workflow: dict[str, Any]) -> dict[str, dict[str, Any]]:
    kickoff = workflow["kickoff"]
    parts = [kickoff["output"], *(fieldset["fields"] for fieldset in kickoff["fieldsets"])]
    return {item["api_name"]: item for part in parts for item in part}


def test_answers_are_kept_in_the_form_of_both_dialects(ada: Api, current: Sandbox) -> None:
    link = f"[there.pdf]({current.files_url}/11111111-2222-3333-4444-555555555555)"
    kickoff = {
        "string-1": "x",
        "radio-3": "High",
        "checkbox-4": ["Support", "Sales", "Support"],
        "date-5": 1767225600.5,
        "dropdown-7": "Prague",
        "file-8": [link],
        "user-9": "BO@EXAMPLE.COM",
        "number-10": 1e22,
    }
    answer = run(ada, 1, kickoff).json()
    form = {field["api_name"]: field for field in current.template(1)["kickoff"]["fields"]}
    ids = {option["value"]: option["id"] for field in form.values() for option in field["selections"]}
    (workflow,) = current.workflows()
    assert workflow["kickoff"] == {
        "string-1": "x",
        "radio-3": ids["High"],
        "checkbox-4": [ids["Support"], ids["Sales"], ids["Support"]],
        "date-5": 1767225600.5,
        "dropdown-7": ids["Prague"],
        "file-8": [link],
        "user-9": BO,
        "number-10": "1E+22",
    }
    shown = {name: item["value"] for name, item in outputs(answer).items()}
    assert shown["checkbox-4"] == "Support, Sales, Support"
    assert shown["file-8"] == f"{current.files_url}/11111111-2222-3333-4444-555555555555"
    assert (shown["date-5"], shown["number-10"], shown["user-9"]) == ("1767225600.5", "1E+22", "Bo Operator")
    assert shown["text-2"] == ""


def test_a_group_is_selected_by_its_name(ada: Api, current: Sandbox) -> None:
    answer = run(ada, 8, {"who": "reviewers ü"}).json()
    who = outputs(answer)["who"]
    assert (who["value"], who["user_id"], who["group_id"]) == ("Reviewers Ü", None, 1)
    assert current.workflows()[0]["kickoff"] == {"who": {"group": 1}}
    assert answer["tasks"][0]["performers"] == [
        {"is_completed": False, "date_completed_tsp": None, "type": "group", "source_id": 1}
    ]


@pytest.mark.parametrize("value", ["emil@example.com", "Bo Operator", "2", 2, ["bo@example.com"], "Nobody"])
def test_other_values_name_no_user(ada: Api, value: object) -> None:
    body = run(ada, 8, {"who": value}).json()
    assert body["details"]["api_name"] == "who"


def test_only_the_first_wrong_field_is_reported_in_the_order_of_the_form(ada: Api) -> None:
    body = run(ada, 1, {"number-10": "x", "radio-3": "x", "string-1": "x" * 141}).json()
    assert body["details"]["api_name"] == "string-1"
    assert body["message"] == body["details"]["reason"]
    assert "errors" not in body
    assert run(ada, 4, {"top-field": "x", "zip": "x"}).json()["details"]["api_name"] == "street"


def test_fields_of_fieldsets_are_sent_flat_and_come_back_in_their_fieldsets(ada: Api) -> None:
    answer = run(ada, 4, {"top-field": "x", "street": "Main", "zip": 99, "branch": "Łódź"}).json()
    assert [item["api_name"] for item in answer["kickoff"]["output"]] == ["top-field"]
    address, choices, _ = answer["kickoff"]["fieldsets"]
    assert [item["value"] for item in address["fields"]] == ["Main", "99"]
    assert (choices["title"], choices["fields"][1]["value"]) == ("Choices", "Łódź")
    nested = run(ada, 4, {"top-field": "x", "fieldset-address": {"street": "Main"}})
    assert nested.json()["details"] == {"api_name": "street", "reason": FILL_IN}


def test_unknown_keys_are_silently_dropped(ada: Api, current: Sandbox) -> None:
    answer = run(ada, 2, {"misspelt": "lost"}, id=3, tasks=[{"number": 1}], colour="red")
    assert answer.status_code == 200
    assert current.workflows()[0]["kickoff"] == {}


def test_presets_are_for_forms_and_do_not_replace_missing_answers(ada: Api) -> None:
    answer = run(ada, 6, {"hidden-string": "api"}).json()
    values = {name: item["value"] for name, item in outputs(answer).items()}
    assert values.pop("hidden-string") == "api"
    assert set(values.values()) == {""}


@pytest.mark.parametrize("empty", [None, "", []])
def test_a_required_field_wants_a_value_of_any_type_but_nothing(
    ada: Api, current: Sandbox, empty: object
) -> None:
    fields = [{**field, "is_required": True} for field in current.template(1)["kickoff"]["fields"]]
    for field in fields:
        current.put_template({"id": 1, "kickoff": {"fields": [field]}})
        body = run(ada, 1, {field["api_name"]: empty}).json()
        assert body["details"] == {"reason": FILL_IN, "api_name": field["api_name"]}
    assert current.workflows() == []


@pytest.mark.parametrize("value", [0, "0", 0.0, "-0", " 7 ", "NaN", "Infinity"])
def test_a_number_may_be_nothing_and_even_not_a_number(ada: Api, value: object) -> None:
    assert run(ada, 1, {"string-1": "x", "number-10": value}).status_code == 200


@pytest.mark.parametrize("value", ["1,5", "abc", [1], {"a": 1}, True, "0x10"])
def test_a_number_is_decimal(ada: Api, value: object) -> None:
    body = run(ada, 1, {"string-1": "x", "number-10": value}).json()
    assert body["details"] == {"reason": "The value must be a number.", "api_name": "number-10"}


@pytest.mark.parametrize(
    "value",
    [
        "example.com",
        "example.com/x?y#z",
        "https://user:pass@example.com:8443/",
        "ftps://example.com",
        "HTTP://localhost",
    ],
)
def test_a_url_needs_no_scheme(ada: Api, value: str) -> None:
    assert run(ada, 1, {"string-1": "x", "url-6": value}).status_code == 200


@pytest.mark.parametrize(
    "value", ["word", "two words.com", "javascript:alert(1)", "https://", "gopher://example.com", 7]
)
def test_what_is_no_url_is_refused(ada: Api, value: object) -> None:
    assert run(ada, 1, {"string-1": "x", "url-6": value}).json()["details"]["api_name"] == "url-6"


@pytest.mark.parametrize(
    "kickoff",
    [
        {"string-1": "a\0b"},
        {"string-1": "x", "text-2": "\0"},
        {"string-1": "x", "date-5": 253402300800},
        {"string-1": "x", "date-5": -62135596801},
        {"string-1": "x", "date-5": 10**30},
    ],
)
def test_the_server_breaks_on_some_values_and_nothing_is_launched(
    ada: Api, current: Sandbox, kickoff: dict[str, object]
) -> None:
    answer = run(ada, 1, kickoff)
    assert (answer.status_code, answer.headers["Content-Type"]) == (500, "text/html")
    assert answer.text == "<h1>Server Error (500)</h1>"
    assert current.workflows() == []


def test_a_value_that_breaks_the_server_comes_after_a_wrong_one_before_it(ada: Api) -> None:
    assert run(ada, 1, {"string-1": 5, "text-2": "\0"}).status_code == 400


@pytest.mark.parametrize(
    "link",
    [
        "[a.txt](http://elsewhere.example.com/1234)",
        "[a[1].txt]({files}/1234)",
        "[](  {files}/1234)",
        "{files}/1234",
        "[a.txt]({files}/1234) and more",
        "[a.txt]({files}/)x",
        5,
        None,
    ],
)
def test_a_file_is_one_link_to_the_file_service(ada: Api, current: Sandbox, link: object) -> None:
    item = link.format(files=current.files_url) if isinstance(link, str) else link
    body = run(ada, 1, {"string-1": "x", "file-8": [item]}).json()
    assert body["details"]["api_name"] == "file-8"


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("  padded  ", "padded"),
        ("{{string-1}} & {{radio-3}} {{ unknown }}", "Kiel & High {{ unknown }}"),
        ("{{workflow-starter}} {{template-name}} {{workflow-id}}", "Ada Owner Every field 1001"),
        ("{{user_first_name}} {{ user_last_name }} {{user_email}}", "Ada Owner ada@example.com"),
        ("{{text-2}}|", "|"),
        ("n" * 120, "n" * 120),
        ("n" * 121, "n" * 119 + "…"),
        ("{{template-name}}" * 12, ("Every field" * 12)[:119] + "…"),
        (5, "5"),
    ],
)
def test_the_server_makes_the_name(ada: Api, name: object, shown: str) -> None:
    answer = run(ada, 1, {"string-1": "Kiel", "radio-3": "High"}, name=name)
    assert answer.json()["name"] == shown


def test_without_a_name_the_template_has_a_pattern_or_the_server_takes_the_day(ada: Api) -> None:
    assert run(ada, 5, {"city": "Łódź", "subject": "Sub"}, name=None).json()["name"] == "Sub in Łódź"
    answer = ada.post("/templates/2/run").json()
    assert answer["name"].endswith("M — No fields")
    assert answer["kickoff"] == {"id": answer["id"], "output": [], "fieldsets": []}


@pytest.mark.parametrize(
    ("body", "name"),
    [
        ({"name": " "}, "name"),
        ({"name": True}, "name"),
        ({"name": ["x"]}, "name"),
        ({"name": "a\0"}, "name"),
        ({"kickoff": [1]}, "kickoff"),
        ({"is_urgent": "very"}, "is_urgent"),
        ({"due_date_tsp": 1}, "due_date_tsp"),
        ({"due_date_tsp": "soon"}, "due_date_tsp"),
    ],
)
def test_a_wrong_key_of_the_body_is_reported_by_its_name(
    ada: Api, current: Sandbox, body: dict[str, object], name: str
) -> None:
    answer = ada.post("/templates/2/run", body)
    assert (answer.status_code, answer.json()["details"]["name"]) == (400, name)
    assert current.workflows() == []


@pytest.mark.parametrize("template_id", [3, 9])
def test_an_inactive_template_is_refused_without_details(ada: Api, template_id: int) -> None:
    answer = run(ada, template_id, {})
    assert answer.status_code == 400
    assert set(answer.json()) == {"message", "code"}


def test_dates_are_shown_in_the_zone_and_the_format_of_who_launched(ada: Api, current: Sandbox) -> None:
    current.put_user({"id": 1, "timezone": "Asia/Tokyo", "date_fmt": "dd MMM, yyy, HH:mm"})
    answer = run(ada, 1, {"string-1": "x", "date-5": 1767225600}).json()
    assert outputs(answer)["date-5"]["markdown_value"] == "01 Jan, 2026, 09:00"


def test_the_same_request_twice_launches_twice(ada: Api, current: Sandbox) -> None:
    headers = {"Idempotency-Key": "1"}
    ids = {ada.post("/templates/2/run", {"name": "x"}, headers=headers).json()["id"] for _ in range(2)}
    assert {workflow["id"] for workflow in current.workflows()} == ids
    assert len(ids) == 2


def test_urgency_and_the_date_that_it_is_due_come_back(ada: Api) -> None:
    answer = ada.get(f"/workflows/{launch(ada, is_urgent=True, due_date_tsp=2000000000.5)}").json()
    assert (answer["is_urgent"], answer["due_date_tsp"]) == (True, 2000000000.5)


def test_a_body_may_be_a_form_and_nothing_else_but_json(ada: Api, current: Sandbox) -> None:
    url = f"{current.url}/templates/2/run"
    assert ada.session.post(url, data={"name": "form name"}, timeout=60).json()["name"] == "form name"
    assert (
        ada.session.post(url, data=b"name: x", headers={"Content-Type": "text/yaml"}, timeout=60).status_code
        == 415
    )
    assert (
        ada.session.post(
            url, data=b"[1", headers={"Content-Type": "application/json"}, timeout=60
        ).status_code
        == 400
    )
