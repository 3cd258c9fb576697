from __future__ import annotations

import pytest
from django.test import Client

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true", "HX-Current-URL": "http://testserver/templates/?q=a"}


def test_htmx_is_sent_to_the_login_page_as_a_whole(client: Client) -> None:
    response = client.get("/templates/?q=ab", headers=HTMX)

    assert response.status_code == 200
    assert response.headers["HX-Redirect"] == "/login/?next=/templates/%3Fq%3Da"
    assert "HX-Request" in response.headers["Vary"]
    assert response.content == b""


def test_it_does_not_come_back_to_another_site(client: Client) -> None:
    response = client.get("/templates/", headers={**HTMX, "HX-Current-URL": "https://example.com/x"})

    assert response.headers["HX-Redirect"] == "/login/?next=/"


def test_browsers_are_redirected_as_ever(client: Client) -> None:
    response = client.get("/templates/")

    assert response.status_code == 302
    assert response.headers["Location"] == "/login/?next=/templates/"


def test_other_redirects_are_left_alone(operator_client: Client) -> None:
    response = operator_client.get("/templates", headers=HTMX)

    assert response.status_code == 301
    assert "HX-Redirect" not in response.headers
