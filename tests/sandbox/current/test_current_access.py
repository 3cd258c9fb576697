"""What a key may read and do depends on its user: on roles, groups and the status in the account."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import requests

from tests.fixtures.sandbox import Sandbox
from tests.sandbox.conftest import Api

from .conftest import ADA, BO, DANA, EMIL, GRETA, launch

SignIn = Callable[[int], Api]
HIDDEN, SHARED = 7, 8  # the template of another administrator, and the one that a group may see


def listed(api: Api) -> list[int]:
    return [template["id"] for template in api.get("/templates").json()]


def test_the_list_has_the_templates_on_which_the_user_has_a_role(ada: Api, client_of: SignIn) -> None:
    assert listed(ada) == [1, 2, 4, 5, 6, SHARED, 3, 9]
    assert listed(client_of(BO)) == [1, 2, 4, 5, 6, SHARED]
    assert listed(client_of(DANA)) == [HIDDEN, SHARED]
    assert listed(client_of(GRETA)) == []


def test_only_administrators_can_change_what_they_own(ada: Api, client_of: SignIn) -> None:
    assert all(template["is_editable"] for template in ada.get("/templates").json())
    assert not any(template["is_editable"] for template in client_of(BO).get("/templates").json())
    assert [item["is_editable"] for item in client_of(DANA).get("/templates").json()] == [True, False]


@pytest.mark.parametrize(
    ("user_id", "template_id", "status"),
    [
        (ADA, HIDDEN, 200),
        (ADA, 99, 404),
        (ADA, "x", 403),
        (DANA, HIDDEN, 200),
        (DANA, SHARED, 403),
        (DANA, 1, 403),
        (DANA, 99, 403),
        (BO, 1, 403),
        (BO, 99, 403),
    ],
)
def test_a_template_is_for_administrators_who_own_it(
    client_of: SignIn, user_id: int, template_id: int | str, status: int
) -> None:
    answer = client_of(user_id).get(f"/templates/{template_id}")
    assert answer.status_code == status
    assert status == 200 or list(answer.json()) == ["detail"]


@pytest.mark.parametrize(
    ("user_id", "template_id", "status"),
    [
        (ADA, HIDDEN, 200),
        (ADA, 99, 404),
        (BO, 2, 200),
        (BO, SHARED, 400),
        (BO, HIDDEN, 403),
        (BO, 99, 403),
        (DANA, SHARED, 400),
        (DANA, 2, 403),
        (GRETA, 2, 403),
    ],
)
def test_launching_needs_a_role_or_the_account(
    client_of: SignIn, user_id: int, template_id: int, status: int
) -> None:
    """400 is that of a required field: a user who gets it may launch."""
    body = {"name": "x", "kickoff": {"subject": "x"}}
    assert client_of(user_id).post(f"/templates/{template_id}/run", body).status_code == status


def test_a_workflow_belongs_to_who_launched_it(client_of: SignIn) -> None:
    bo = client_of(BO)
    id_ = launch(bo)
    assert bo.get(f"/workflows/{id_}").json()["workflow_starter"] == BO


def test_workflows_are_for_those_who_take_part(ada: Api, client_of: SignIn) -> None:
    bo, dana, greta = client_of(BO), client_of(DANA), client_of(GRETA)
    by_bo, with_reviewers = launch(bo), launch(ada, 5, kickoff={"city": "Łódź", "subject": "x"})
    for api, id_, status in (
        (ada, by_bo, 200),
        (bo, by_bo, 200),
        (greta, by_bo, 403),
        (greta, 99, 403),
        (ada, 99, 404),
    ):
        assert api.get(f"/workflows/{id_}").status_code == status
    assert [item["id"] for item in greta.get("/workflows").json()["results"]] == []
    assert [item["id"] for item in bo.get("/workflows").json()["results"]] == [by_bo]
    owned = [
        item["id"]
        for item in ada.get("/workflows").json()["results"]
        if item["id"] in (with_reviewers, by_bo)
    ]
    assert with_reviewers in owned
    assert dana.get("/workflows").json()["results"] == []  # an administrator who owns no template of theirs
    assert ada.post(f"/v2/tasks/{with_reviewers}001/complete", {}).status_code == 200
    assert bo.get(f"/workflows/{with_reviewers}").status_code == 200  # a task waits for his group now


def test_administrators_read_single_users_and_all_read_the_list(ada: Api, client_of: SignIn) -> None:
    assert ada.get(f"/accounts/users/{BO}").json()["email"] == "bo@example.com"
    assert ada.get("/accounts/users/99").status_code == 404
    bo = client_of(BO)
    assert bo.get(f"/accounts/users/{ADA}").status_code == 403
    assert len(bo.get("/accounts/users").json()) == 6


def test_the_context_names_the_user_of_the_key(client_of: SignIn) -> None:
    context = client_of(DANA).get("/auth/context").json()
    assert (context["id"], context["is_admin"], context["is_account_owner"]) == (DANA, True, False)


def test_the_key_of_a_user_who_left_is_not_valid(current: Sandbox, client_of: SignIn) -> None:
    emil = client_of(EMIL)
    assert emil.get("/templates").json()["code"] == "token_not_valid"
    current.put_user({"id": EMIL, "status": "active"})
    assert emil.get("/templates").status_code == 200


@pytest.mark.parametrize(
    ("header", "detail"),
    [
        ("", "Authentication credentials were not provided."),
        ("Token {key}", "Authentication credentials were not provided."),
        ("Bearer", "Invalid token header. No credentials provided."),
        ("Bearer {key} more", "Invalid token header. Token string should not contain spaces."),
        ("Bearer {key}x", "Given token not valid for any token type"),
        ("Bearer \u00e9", "Given token not valid for any token type"),
    ],
)
def test_a_key_that_is_not_right_is_refused(current: Sandbox, header: str, detail: str) -> None:
    headers = {"Authorization": header.format(key=current.key).encode("latin-1")} if header else {}
    answer = requests.get(f"{current.url}/templates", headers=headers, timeout=60)
    assert (answer.status_code, answer.json()["detail"]) == (401, detail)
    assert "Set-Cookie" not in answer.headers


@pytest.mark.parametrize("scheme", ["bearer", "BEARER", "Bearer"])
def test_the_server_hands_the_key_back_in_a_cookie(current: Sandbox, scheme: str) -> None:
    headers = {"Authorization": f"{scheme} {current.key}"}
    for path, status in (("/templates", 200), ("/templates/99", 404)):
        answer = requests.get(current.url + path, headers=headers, timeout=60)
        assert answer.status_code == status
        assert f"file_service_auth={current.key}; " in answer.headers["Set-Cookie"]
        assert "sessionid=" in answer.headers["Set-Cookie"]


def test_refusals_are_in_the_language_of_the_key_s_user(client_of: SignIn) -> None:
    greta = client_of(GRETA)
    refused = greta.post("/templates/2/run", {"name": "x"}, headers={"Accept-Language": "en"})
    assert refused.json() == {"detail": "Zugriff verweigert. Sie haben keinen Zugriff auf diese Vorlage."}
    forbidden = {"detail": "Sie sind nicht berechtigt, diese Aktion durchzuführen."}
    assert greta.get("/workflows/99").json() == forbidden


def test_without_a_user_the_browser_s_language_decides(current: Sandbox) -> None:
    answer = requests.get(f"{current.url}/templates", headers={"Accept-Language": "fr-CH, en"}, timeout=60)
    assert answer.json() == {"detail": "Informations d'authentification non fournies."}
