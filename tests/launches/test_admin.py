"""Django admin shows launches and files, and changes nothing."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from apps.accounts.models import User
from apps.launches.models import Launch, UploadedFile
from tests.factories import NOW, make_launch, make_template, make_user


@pytest.fixture
def launch(operator: User) -> Launch:
    return make_launch(make_template(), operator, name="Of Ada", workflow_id=4711)


@pytest.fixture
def file(operator: User) -> UploadedFile:
    return UploadedFile.objects.create(
        owner=operator,
        name="plan.pdf",
        content_type="application/pdf",
        size=12,
        attachment_id="5",
        url="https://files.example.com/secret",
        created_at=NOW,
        search="plan.pdf",
    )


def test_launches_are_listed_found_and_shown(administrator_client: Client, launch: Launch) -> None:
    assert (
        "Of Ada"
        in administrator_client.get("/admin/launches/launch/?q=ada&state__exact=launched").content.decode()
    )
    assert "Of Ada" in administrator_client.get("/admin/launches/launch/?q=4711").content.decode()
    assert administrator_client.get(f"/admin/launches/launch/{launch.pk}/change/").status_code == 200


def test_files_are_shown_without_their_links(administrator_client: Client, file: UploadedFile) -> None:
    assert "plan.pdf" in administrator_client.get("/admin/launches/uploadedfile/?q=plan").content.decode()
    page = administrator_client.get(f"/admin/launches/uploadedfile/{file.pk}/change/").content.decode()
    assert "plan.pdf" in page
    assert "secret" not in page


def test_nothing_is_changed(administrator_client: Client, launch: Launch, file: UploadedFile) -> None:
    for model, row in (("launch", launch), ("uploadedfile", file)):
        assert administrator_client.get(f"/admin/launches/{model}/add/").status_code == 403
        assert administrator_client.post(f"/admin/launches/{model}/{row.pk}/change/", {}).status_code == 403
        assert (
            administrator_client.post(
                f"/admin/launches/{model}/{row.pk}/delete/", {"post": "yes"}
            ).status_code
            == 403
        )


def test_the_number_of_queries_does_not_grow(administrator_client: Client, launch: Launch) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            administrator_client.get("/admin/launches/launch/")
        return len(captured)

    few = queries()
    for number in range(30):
        make_launch(make_template(), make_user(f"user{number}"), workflow_id=number)

    assert queries() == few
