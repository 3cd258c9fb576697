"""The mirror of Pneumatic's users."""

from __future__ import annotations

import pytest

from apps.accounts.models import PneumaticUser
from apps.accounts.selectors import search_people
from tests.fixtures.sandbox import Sandbox
from tests.sync.running import sync

pytestmark = pytest.mark.django_db


def test_every_column_is_filled(sandbox: Sandbox) -> None:
    sync("users")
    ada = PneumaticUser.objects.get(pk=1)
    assert (ada.email, ada.first_name, ada.last_name, ada.name) == (
        "ada@example.com",
        "Ada",
        "Owner",
        "Ada Owner",
    )
    assert (ada.status, ada.is_admin, ada.is_account_owner) == ("active", True, True)
    assert ada.raw["email"] == "ada@example.com"
    assert ada.first_seen_at == ada.changed_at
    assert ada.removed_at is None


def test_somebody_without_a_name_is_called_by_the_email(sandbox: Sandbox) -> None:
    sync("users")
    invited = PneumaticUser.objects.get(pk=3)
    assert (invited.name, invited.status) == ("cy@example.com", "invited")


def test_somebody_new_can_be_found(sandbox: Sandbox) -> None:
    sandbox.put_user({"id": 77, "first_name": "Анна", "last_name": "Жукова", "email": "anna@example.com"})
    sync("users")
    assert [person.pk for person in search_people("жук анна")] == [77]


def test_somebody_who_left_is_found_no_more_and_keeps_the_name(sandbox: Sandbox) -> None:
    sandbox.reset("demo")
    sync("users")
    gone = PneumaticUser.objects.latest("pk")
    sandbox.delete_user(gone.pk)
    sync("users")
    assert search_people(gone.email) == []
    assert PneumaticUser.objects.get(pk=gone.pk).name == gone.name


def test_hostile_names_are_stored_as_they_are(sandbox: Sandbox) -> None:
    name = "<script>alert(1)</script> \u202e" + "\N{ROCKET}" * 3000
    sandbox.put_user({"id": 2, "first_name": name, "last_name": ""})
    assert sync("users").state == "done"
    assert PneumaticUser.objects.get(pk=2).first_name == name
    assert [person.pk for person in search_people("<script>alert(1)")] == [2]
