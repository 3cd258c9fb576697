"""The mirror of Pneumatic's users and of their groups."""

from __future__ import annotations

import pytest

from apps.accounts.models import PneumaticGroup, PneumaticUser
from apps.accounts.selectors import groups_of, groups_to_choose, search_groups, search_people
from apps.core.people import Group, resolve_groups
from apps.kickoff.fields.user import unavailable_message
from apps.sync.models import SyncResult, SyncRun
from tests.factories import make_pneumatic_group
from tests.fixtures.sandbox import Sandbox, only_current
from tests.sync.running import counts, result, sync

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


def test_a_user_without_a_name_is_called_by_the_email(sandbox: Sandbox) -> None:
    sync("users")
    invited = PneumaticUser.objects.get(pk=3)
    assert (invited.name, invited.status) == ("cy@example.com", "invited")


def test_a_new_user_can_be_found(sandbox: Sandbox) -> None:
    sandbox.put_user({"id": 77, "first_name": "Анна", "last_name": "Жукова", "email": "anna@example.com"})
    sync("users")
    assert [person.pk for person in search_people("жук анна")] == [77]


def test_a_removed_user_is_not_found_and_keeps_the_name(sandbox: Sandbox) -> None:
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


@only_current
def test_a_deactivated_user_is_mirrored_and_not_offered(
    sandbox: Sandbox,
) -> None:
    sync("users")
    left = PneumaticUser.objects.get(email="emil@example.com")
    assert (left.status, left.removed_at) == ("inactive", None)
    assert search_people("emil") == []
    assert search_people("emil", with_inactive=True) == [left]


@only_current
def test_a_user_who_is_deactivated_later_stays_and_is_updated(sandbox: Sandbox) -> None:
    sync("users")
    sandbox.put_user({"id": 2, "status": "inactive"})
    assert counts(sync("users"), "users") == (0, 1, 0, 5)
    assert search_people("bo operator") == []


# -- Groups


@only_current
def test_groups_are_mirrored_with_their_members(sandbox: Sandbox) -> None:
    run = sync()
    assert [found.resource for found in run.results.all()] == [
        "users",
        "groups",
        "templates",
        "subscriptions",
    ]
    assert counts(run, "groups") == (2, 0, 0, 0)
    group = PneumaticGroup.objects.get(name="Reviewers Ü")
    assert (group.users, group.size, group.raw["name"]) == ([2, 4], 2, "Reviewers Ü")
    assert search_groups("ü REVIEW", limit=9) == [group]
    assert resolve_groups([group.pk]) == {group.pk: Group(group.pk, "Reviewers Ü", size=2, status="active")}
    assert counts(sync(), "groups") == (0, 0, 0, 2)


@only_current
def test_substitutes_of_a_user_on_vacation_are_never_offered(sandbox: Sandbox) -> None:
    """Pneumatic shows them as a group of the type "personal", and refuses it as an answer."""
    sandbox.put_group({"id": 8, "name": "Substitutes John Doe", "users": [2], "type": "personal"})
    sandbox.put_group({"id": 9, "name": "substitutes john doe", "users": [1, 2]})

    sync("groups")

    assert [group.id for group in search_groups("substitutes", limit=9)] == [9]
    chosen = groups_to_choose([8, 9])
    assert [(group.status, group.has_twin) for group in chosen.values()] == [
        ("personal", False),
        ("active", False),
    ]
    assert "substitutes a user" in unavailable_message(chosen[8])
    assert unavailable_message(chosen[9]) == ""
    assert resolve_groups([8])[8].name == "Substitutes John Doe"
    assert groups_of([2]) >= {8, 9}, "the tasks are theirs anyway"


@only_current
def test_any_number_of_missing_groups_is_marked(sandbox: Sandbox) -> None:
    make_pneumatic_group(7, name="Dissolved", users=[2])
    run = sync("groups")
    assert (run.state, counts(run, "groups")) == (SyncRun.State.DONE, (2, 0, 1, 0))
    assert search_groups("dissolved", limit=9) == []
    assert resolve_groups([7]) == {7: Group(7, "Dissolved", size=1, status="removed")}


@only_current
def test_groups_that_the_key_may_not_see_keep_nothing_else_from_coming(sandbox: Sandbox) -> None:
    owners = [{"type": "user", "id": 1, "role": "owner"}, {"type": "group", "id": 1, "role": "starter"}]
    sandbox.put_template({"id": 2, "owners": owners})
    sandbox.fault(kind="status", status=403, path_prefix="/accounts/groups", times=0)
    run = sync()
    assert run.state == SyncRun.State.DONE
    assert result(run, "groups").state == SyncResult.State.FORBIDDEN
    assert result(run, "groups").error.startswith("The user of the API key may not see groups in Pneumatic: ")
    assert counts(run, "templates") == (8, 0, 0, 0)
