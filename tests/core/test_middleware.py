from __future__ import annotations

import gzip
import re

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


def test_pages_and_exports_are_compressed_and_tokens_of_forms_never_the_same(operator_client: Client) -> None:
    bodies = []
    for _ in range(2):
        response = operator_client.get("/account/password/", headers={"Accept-Encoding": "gzip"})
        assert response["Content-Encoding"] == "gzip"
        bodies.append(gzip.decompress(response.content))
    export = operator_client.get("/launches/export.csv", headers={"Accept-Encoding": "gzip"})

    tokens = [re.findall(rb'csrfmiddlewaretoken" value="(\w+)"', body) for body in bodies]
    assert tokens[0]
    assert set(tokens[0]).isdisjoint(tokens[1])
    assert gzip.decompress(export.getvalue()).decode("utf-8-sig").count(",") > 3


def test_a_refusal_is_one_line_in_the_log(viewer_client: Client, caplog: pytest.LogCaptureFixture) -> None:
    assert viewer_client.get("/admin/launches/launch/").status_code in {302, 403}
    assert viewer_client.post("/sync/start/").status_code == 403

    refusals = [record for record in caplog.records if record.name == "django.request"]
    assert refusals
    assert not any(record.exc_info for record in refusals)
