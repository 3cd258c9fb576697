"""What a form opens with that is copied from an earlier launch: a fresh name, and what has changed since."""

from __future__ import annotations

import datetime as dt

import pytest
from django.test import Client
from django.utils import timezone

from apps.accounts.models import User
from tests.factories import make_field, make_launch, make_template, make_version
from tests.fixtures.filled_form import FilledForm

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def today(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        timezone, "localtime", lambda *_arguments: dt.datetime(2026, 12, 1, 9, 30, tzinfo=dt.UTC)
    )


@pytest.mark.parametrize(
    ("pattern", "earlier", "name"),
    [
        ("", "Supplier - 2026-11-02 08:15", "Supplier - 2026-12-01 09:30"),
        ("", "Supplier, Ada Ltd - 2026-11-02 08:15", "Supplier, Ada Ltd - 2026-12-01 09:30"),
        ("", "Ada Ltd, offer of 2026-11-02", "Ada Ltd, offer of 2026-11-02"),
        ("{{date}} Supplier", "Supplier - 2026-11-02 08:15", "{{date}} Supplier"),
        ("{{date}} Supplier", "{{date}} Supplier for Ada", "{{date}} Supplier for Ada"),
        ("", "Supplier - 2026-11-02 08:15 for Ada", "Supplier - 2026-11-02 08:15 for Ada"),
    ],
)
def test_the_name_has_todays_time_and_the_users_words(
    pattern: str, earlier: str, name: str, operator_client: Client, operator: User
) -> None:
    template = make_template(name="Supplier", workflow_name=pattern)
    launch = make_launch(template, operator, name=earlier)

    form = FilledForm.open(operator_client, f"/templates/{template.pk}/launch/?from={launch.pk}")
    linked = FilledForm.open(operator_client, f"/templates/{template.pk}/launch/?from={launch.pk}&name=Mine")

    assert form.controls["name"] == [name]
    assert linked.controls["name"] == ["Mine"]


def test_a_long_name_stays_below_the_servers_limit(operator_client: Client, operator: User) -> None:
    template = make_template(name="Supplier " * 40)
    form = FilledForm.open(operator_client, f"/templates/{template.pk}/launch/")
    launch = make_launch(template, operator, name=form.controls["name"][0].replace("09:30", "08:00"))

    again = FilledForm.open(operator_client, f"/templates/{template.pk}/launch/?from={launch.pk}")

    assert again.controls["name"] == form.controls["name"]


def test_what_has_changed_since_then_is_listed_and_answers_are_kept(
    operator_client: Client, operator: User
) -> None:
    template = make_template(fields=[make_field("text-1", name="Reason")])
    launch = make_launch(template, operator, answers={"text-1": "Because"})
    address = f"/templates/{template.pk}/launch/?from={launch.pk}"
    assert "has changed since" not in operator_client.get(address).content.decode()

    make_version(template, fields=[make_field("text-1", name="Reason"), make_field("text-2", name="Amount")])
    page = operator_client.get(address)

    assert "The template has changed since that launch" in page.content.decode()
    assert "“Amount” is new" in page.content.decode()
    assert FilledForm.read(operator_client, page).controls["kickoff-text-1"] == ["Because"]
