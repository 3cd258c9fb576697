"""Which keys are accepted, and the responses to all others."""

from __future__ import annotations

import pytest
import requests

from tests.fixtures.sandbox import Sandbox

from .conftest import Api

DOCUMENTED = [
    ("GET", "/templates"),
    ("GET", "/templates/1"),
    ("POST", "/templates/1/run"),
    ("GET", "/accounts/users"),
    ("POST", "/workflows/attachments"),
    ("POST", "/workflows/attachments/1/links"),
]


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "Bearer",
        "Bearer ",
        "Bearer wrong",
        "Token {key}",
        "{key}",
        "Bearer {key}x",
        "Bearer {key} {key}",
    ],
)
def test_only_the_right_key_is_accepted(sandbox: Sandbox, header: str | None) -> None:
    headers = {} if header is None else {"Authorization": header.format(key=sandbox.key)}
    for method, path in DOCUMENTED:
        response = requests.request(method, sandbox.url + path, headers=headers, timeout=60)
        assert response.status_code == 401
        assert set(response.json()) == {"detail"}
        assert response.headers["WWW-Authenticate"] == "Bearer"


def test_a_refused_launch_starts_nothing(sandbox: Sandbox) -> None:
    requests.post(f"{sandbox.url}/templates/2/run", json={"name": "x"}, timeout=60)
    assert sandbox.workflows() == []


def test_the_key_may_contain_any_character(sandbox: Sandbox) -> None:
    response = requests.get(
        f"{sandbox.url}/templates", headers={"Authorization": "Bearer clé".encode()}, timeout=60
    )
    assert response.status_code == 401


@pytest.mark.parametrize(("method", "path"), DOCUMENTED)
def test_a_wrong_method_is_answered_with_the_right_ones(api: Api, method: str, path: str) -> None:
    for other in {"GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"} - {method}:
        response = api.session.request(other, api.url + path, timeout=60)
        assert response.status_code == 405
        assert response.headers["Allow"] == method
        assert set(response.json()) == {"detail"}
    head = api.session.head(api.url + path, timeout=60)
    assert (head.status_code, head.content) == (405, b"")


@pytest.mark.parametrize(
    "path",
    ["/templates/", "/Templates", "/templates/1/", "/templates/1/run/", "/api/templates", "/favicon.ico"],
)
def test_an_unknown_path_is_an_html_page(api: Api, path: str) -> None:
    response = api.get(path)
    assert response.status_code == 404
    assert response.headers["Content-Type"].startswith("text/html")


@pytest.mark.parametrize("id_", ["999", "0", "-1", "x", "1.0", "9" * 30, "%31%20", "\u0661"])
def test_an_unknown_template_is_not_found(api: Api, id_: str) -> None:
    for response in (api.get(f"/templates/{id_}"), api.post(f"/templates/{id_}/run", {"name": "x"})):
        assert response.status_code == 404
        assert response.json() == {"detail": "Not found."}
