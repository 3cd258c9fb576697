"""Lists of the current dialect: arrays or pages, orders, filters, and errors of parameters."""

from __future__ import annotations

from typing import Any

import pytest

from tests.fixtures.sandbox import Sandbox
from tests.sandbox.conftest import Api

from .conftest import launch


def ids(answer: Any) -> list[int]:
    rows = answer.json()
    return [row["id"] for row in (rows if isinstance(rows, list) else rows["results"])]


def test_without_a_limit_all_come_as_an_array(ada: Api) -> None:
    for query in ("", "?offset=3", "?limit=0", "?limit=0&offset=3"):
        assert ids(ada.get(f"/templates{query}")) == [1, 2, 4, 5, 6, 8, 3, 9]


def test_a_walk_over_pages_sees_each_once_and_the_links_drop_what_is_zero(ada: Api, current: Sandbox) -> None:
    first = ada.get("/templates?limit=3&ordering=name").json()
    assert (first["count"], first["previous"]) == (8, None)
    assert first["next"] == f"{current.url}/templates?limit=3&offset=3&ordering=name"
    second = ada.get(first["next"].removeprefix(current.url)).json()
    assert second["previous"] == f"{current.url}/templates?limit=3&ordering=name"
    last = ada.get(second["next"].removeprefix(current.url)).json()
    assert last["next"] is None
    seen = [row["id"] for page in (first, second, last) for row in page["results"]]
    assert seen == ids(ada.get("/templates?ordering=name"))


def test_active_templates_come_first_in_every_order(ada: Api) -> None:
    assert ids(ada.get("/templates?ordering=-date")) == [8, 6, 5, 4, 2, 1, 9, 3]
    assert ids(ada.get("/templates?ordering=-name"))[-2:] == [9, 3]
    launch(ada)
    used = ada.get("/templates?ordering=-usage").json()
    assert (used[0]["id"], used[0]["workflows_count"]) == (2, 1)
    assert "workflows_count" not in ada.get("/templates").json()[0]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("is_active=false", [3, 9]),
        ("is_active=true&search=FIELD", [1, 2, 4]),
        ("search=every%20field", [1]),
        ("is_public=true", []),
        ("colour=red&search=data", [5]),
    ],
)
def test_templates_are_filtered(ada: Api, query: str, expected: list[int]) -> None:
    assert ids(ada.get(f"/templates?{query}")) == expected


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/templates?limit=-1", "limit"),
        ("/templates?limit=1.5", "limit"),
        ("/templates?limit=2&offset=-1", "offset"),
        ("/templates?ordering=id", "ordering"),
        ("/templates?is_active=perhaps", "is_active"),
        ("/workflows?limit=1001", "limit"),
        ("/workflows?status=terminated", "status"),
        ("/workflows?ordering=name", "ordering"),
        ("/workflows?template_id=1,x", "template_id"),
    ],
)
def test_a_wrong_parameter_is_refused_by_name(ada: Api, path: str, name: str) -> None:
    answer = ada.get(path)
    body = answer.json()
    assert (answer.status_code, body["code"], body["details"]["name"]) == (400, "validation_error", name)
    assert body["message"] == body["details"]["reason"]


def test_the_list_shows_texts_where_the_template_shows_objects(ada: Api) -> None:
    (row,) = ada.get("/templates?search=data%20set").json()
    city = row["kickoff"]["fields"][0]
    assert (city["selections"], city["dataset"]) == (["København", "Łódź", "New York, NY"], 1)
    detail = ada.get(f"/templates/{row['id']}").json()["kickoff"]["fields"][0]
    assert (detail["selections"], detail["dataset"]) == ([], 1)
    assert [item["value"] for item in ada.get("/datasets/1").json()["items"]] == city["selections"]
    assert ada.get("/datasets/9").status_code == 404


def test_in_fieldsets_the_list_shows_objects_too_and_no_items_of_data_sets(ada: Api) -> None:
    (row,) = ada.get("/templates?search=fieldsets").json()
    colour, branch = row["kickoff"]["fieldsets"][1]["fields"]
    assert [option["value"] for option in colour["selections"]] == ["Red", "Blue"]
    assert set(colour["selections"][0]) == {"value", "api_name"}
    assert (branch["selections"], branch["dataset"]) == ([], 1)
    assert row["kickoff"]["fieldsets"] == ada.get(f"/templates/{row['id']}").json()["kickoff"]["fieldsets"]


def test_a_draft_is_empty_in_the_list_and_lacks_keys_by_its_id(ada: Api) -> None:
    row = ada.get("/templates?search=never").json()[0]
    assert (row["tasks_count"], row["description"], row["kickoff"]["fields"]) == (0, None, [])
    detail = ada.get(f"/templates/{row['id']}").json()
    assert detail["kickoff"]["fields"][0]["api_name"] == "draft-field"
    assert not {"is_hidden", "default"} & set(detail["kickoff"]["fields"][0])
    assert "id" not in detail["tasks"][0]


def test_users_of_every_status_come_by_last_name_and_a_limit_of_nonsense_is_none(ada: Api) -> None:
    everybody = [3, 4, 5, 2, 1, 6]
    for query in ("", "?limit=abc", "?limit=-5", "?limit=0", "?order=desc"):
        assert ids(ada.get(f"/accounts/users{query}")) == everybody
    page = ada.get("/accounts/users?limit=4&offset=4").json()
    assert ([row["id"] for row in page["results"]], page["count"], page["next"]) == ([1, 6], 6, None)
    assert ids(ada.get("/accounts/users?ordering=-last_name")) == everybody[::-1]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("status=active,invited", {1, 2, 3, 4, 6}),
        ("status=inactive", {5}),
        ("groups=1", {2, 4}),
        ("groups=1,2", {2, 4}),
        ("type=user", {1, 2, 3, 4, 5, 6}),
        ("type=guest", set()),
    ],
)
def test_users_are_filtered(ada: Api, query: str, expected: set[int]) -> None:
    assert set(ids(ada.get(f"/accounts/users?{query}"))) == expected


@pytest.mark.parametrize(
    ("query", "body"),
    [
        (
            "ordering=email",
            {"ordering": ["Select a valid choice. email is not one of the available choices."]},
        ),
        ("status=gone", ["'gone' is an invalid value for the filter"]),
        ("type=robot", ["'robot' is an invalid value for the filter"]),
    ],
)
def test_the_list_of_users_refuses_in_other_shapes(ada: Api, query: str, body: object) -> None:
    answer = ada.get(f"/accounts/users?{query}")
    assert (answer.status_code, answer.json()) == (400, body)


def test_a_user_knows_the_groups_and_a_group_its_users(ada: Api) -> None:
    groups = ada.get("/accounts/groups").json()
    assert [(group["name"], group["users"]) for group in groups] == [
        ("Reviewers Ü", [2, 4]),
        ("No members yet", []),
    ]
    users = {user["id"]: user for user in ada.get("/accounts/users").json()}
    assert (users[2]["groups"], users[1]["groups"]) == ([1], [])
    assert "is_staff" not in users[1]


def test_groups_come_and_go(ada: Api, current: Sandbox) -> None:
    new = current.put_group({"name": "Night shift", "users": [1, 2]})
    assert (new["id"], new["users"]) == (3, [1, 2])
    assert {user["id"] for user in ada.get("/accounts/users?groups=3").json()} == {1, 2}
    current.put_group({"id": 3, "users": [1]})
    group = {"id": 3, "name": "Night shift", "photo": "", "users": [1], "type": "regular"}
    assert ada.get("/accounts/groups").json()[2] == group
    assert ada.get("/accounts/users/2").json()["groups"] == [1]
    current.delete_group(3)
    assert ada.get("/accounts/users/1").json()["groups"] == []
