"""The banner: every page says what makes users wait in vain, at the cost of one query."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from apps.accounts.models import User
from apps.pneumatic import server
from tests.core.processes.test_heartbeat import another
from tests.factories import make_template

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("live_notices")]


REJECTED = "Pneumatic rejects the API key"


def test_every_page_says_that_the_key_is_revoked(
    operator_client: Client, administrator_client: Client, client: Client
) -> None:
    template = make_template(1)
    another()
    pages = ("/", "/templates/", f"/templates/{template.pk}/launch/", "/launches/", "/workflows/", "/sync/")
    for page in pages:
        assert REJECTED not in operator_client.get(page).content.decode(), page

    server.remember_key(is_accepted=False)
    for page in pages:
        content = operator_client.get(page).content.decode()
        assert REJECTED in content, page
        assert "Contact an administrator." in content
    assert "/admin/dashboard/system/" in administrator_client.get("/").content.decode()
    assert REJECTED not in client.get("/login/").content.decode()


def test_the_banner_adds_one_query_to_a_page_and_none_to_a_fragment(
    operator_client: Client, operator: User
) -> None:
    another()
    operator_client.get("/launches/")
    with CaptureQueriesContext(connection) as queries:
        operator_client.get("/launches/")
    about_workers = [query["sql"] for query in queries if "core_workerprocess" in query["sql"]]
    assert len(about_workers) == 1

    with CaptureQueriesContext(connection) as queries:
        operator_client.get("/launches/", headers={"HX-Request": "true"})
    assert not [query["sql"] for query in queries if "core_workerprocess" in query["sql"]]
