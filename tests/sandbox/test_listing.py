"""The lists of the documented API: bare array, envelope, ordering, pages."""

from __future__ import annotations

import pytest

from tests.fixtures.sandbox import Sandbox

from .conftest import Api


def test_templates_come_as_a_bare_array_without_limit_and_offset(api: Api) -> None:
    answer = api.get("/templates").json()
    assert [item["name"] for item in answer] == ["Inactive", "No fields", "Every field"]


@pytest.mark.parametrize("query", ["?limit=2", "?offset=0", "?limit=2&offset=0"])
def test_templates_come_in_an_envelope_with_limit_or_offset(api: Api, query: str) -> None:
    answer = api.get("/templates" + query).json()
    assert set(answer) == {"count", "next", "previous", "results"}
    assert answer["count"] == 3


def test_pages_link_to_each_other_on_the_host_of_the_request(api: Api) -> None:
    first = api.get("/templates?ordering=name&limit=2").json()
    assert first["previous"] is None
    assert first["next"] == f"{api.url}/templates?ordering=name&limit=2&offset=2"
    second = api.session.get(first["next"], timeout=60).json()
    assert [item["name"] for item in first["results"] + second["results"]] == [
        "Every field",
        "Inactive",
        "No fields",
    ]
    assert second["next"] is None
    assert second["previous"] == f"{api.url}/templates?ordering=name&limit=2&offset=0"


@pytest.mark.parametrize(
    ("ordering", "names"),
    [
        ("date", ["Every field", "No fields", "Inactive"]),
        ("-date", ["Inactive", "No fields", "Every field"]),
        ("name", ["Every field", "Inactive", "No fields"]),
        ("-name", ["No fields", "Inactive", "Every field"]),
    ],
)
def test_templates_are_ordered_as_requested(api: Api, ordering: str, names: list[str]) -> None:
    assert [item["name"] for item in api.get(f"/templates?ordering={ordering}").json()] == names


def test_the_page_size_is_cut_silently(api: Api, sandbox: Sandbox) -> None:
    sandbox.settings(page_maximum=2)
    answer = api.get("/templates?limit=1000").json()
    assert len(answer["results"]) == 2
    assert answer["next"].endswith("?limit=2&offset=2")


def test_twenty_is_the_default_page_size(api: Api, sandbox: Sandbox) -> None:
    sandbox.reset("large", large=30)
    assert len(api.get("/templates?offset=5").json()["results"]) == 20
    assert len(api.get("/accounts/users").json()["results"]) == 20


@pytest.mark.parametrize(
    ("query", "name"),
    [
        ("limit=0", "limit"),
        ("limit=-1", "limit"),
        ("limit=x", "limit"),
        ("limit=", "limit"),
        ("offset=-1", "offset"),
        ("offset=²", "offset"),
        ("ordering=size", "ordering"),
        ("ordering=", "ordering"),
    ],
)
def test_a_wrong_parameter_is_refused_by_name(api: Api, query: str, name: str) -> None:
    response = api.get("/templates?" + query)
    assert response.status_code == 400
    assert response.json()["details"]["name"] == name


def test_users_are_listed_in_order_of_creation(api: Api) -> None:
    upwards = api.get("/accounts/users?order=asc").json()["results"]
    downwards = api.get("/accounts/users?order=desc").json()["results"]
    assert [user["id"] for user in upwards] == [1, 2, 3]
    assert upwards == downwards[::-1]
    assert api.get("/accounts/users?order=up").status_code == 400


def test_an_offset_behind_the_end_gives_an_empty_page(api: Api) -> None:
    answer = api.get("/templates?offset=50&limit=10").json()
    assert answer["results"] == []
    assert answer["next"] is None
