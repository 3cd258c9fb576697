"""Roles: which groups there are, what they may do, and who gets into Django admin."""

from __future__ import annotations

from importlib import import_module
from typing import Any, cast

import pytest
from django.apps import apps as installed_apps
from django.contrib.auth.models import Group, Permission
from django.core.management import call_command
from django.db import connection

from apps.accounts.models import User
from apps.accounts.roles import ROLES, STAFF_ROLES
from tests.factories import client_of, make_user

pytestmark = pytest.mark.django_db

SEE = {
    "accounts.view_pneumaticgroup",
    "accounts.view_pneumaticuser",
    "launches.view_launch",
    "sync.view_syncrun",
    "workflow_templates.view_template",
    "workflow_templates.view_templateversion",
    "webhooks.view_event",
    "workflows.view_workflow",
}
INTEGRATE = {
    "sync.run_sync",
    "webhooks.manage_subscriptions",
    "webhooks.replay_delivery",
    "webhooks.view_delivery",
    "webhooks.view_replay",
    "webhooks.view_subscription",
}
# Pages of Django admin, by the permission that opens them.
ADMIN_PAGES = {
    "webhooks/subscription": "webhooks.view_subscription",
    "accounts/pneumaticgroup": "accounts.view_pneumaticgroup",
    "accounts/pneumaticuser": "accounts.view_pneumaticuser",
    "accounts/user": "accounts.view_user",
    "auth/group": "auth.view_group",
    "launches/launch": "launches.view_launch",
    "launches/uploadedfile": "launches.view_uploadedfile",
    "sync/syncrun": "sync.view_syncrun",
    "workflow_templates/template": "workflow_templates.view_template",
}


def test_a_viewer_sees_and_does_nothing(viewer: User) -> None:
    assert viewer.get_all_permissions() == SEE


def test_an_operator_also_launches_and_syncs(operator: User) -> None:
    assert operator.get_all_permissions() == SEE | {"launches.launch_workflow", "sync.run_sync"}


def test_an_integrator_also_syncs_and_manages_webhooks(integrator: User) -> None:
    assert integrator.get_all_permissions() == SEE | INTEGRATE


def test_an_administrator_has_every_permission_of_our_apps(administrator: User) -> None:
    own = {"accounts", "auth", "dashboard", "launches", "preparation", "sync", "webhooks"}
    own |= {"workflow_templates", "workflows"}
    names = Permission.objects.filter(content_type__app_label__in=own).values_list(
        "content_type__app_label", "codename"
    )
    assert administrator.get_all_permissions() == {f"{label}.{codename}" for label, codename in names}
    assert administrator.has_perm("launches.launch_any_template")


def test_a_user_without_a_role_has_no_permission(no_role: User) -> None:
    assert no_role.get_all_permissions() == set()


def test_migrating_again_restores_what_is_missing_and_keeps_what_was_added() -> None:
    viewers = Group.objects.get(name="Viewer")
    extra = Permission.objects.get(codename="run_sync")
    viewers.permissions.set([extra])
    call_command("migrate", verbosity=0)
    assert make_user("eve", "Viewer").get_all_permissions() == SEE | {"sync.run_sync"}


def test_migrating_creates_lost_roles_and_keeps_other_groups() -> None:
    Group.objects.get(name="Operator").delete()
    Group.objects.filter(name="Viewer").update(name="Guests")
    Group.objects.get(name="Guests").permissions.clear()

    call_command("migrate", verbosity=0)

    assert make_user("eve", "Viewer").get_all_permissions() == SEE
    assert make_user("ed", "Operator").has_perm("launches.launch_workflow")
    assert not Group.objects.get(name="Guests").permissions.exists()


@pytest.mark.parametrize("is_superuser", [False, True])
def test_roles_cannot_be_deleted_or_renamed_in_admin_and_other_groups_can(
    administrator: User, is_superuser: bool
) -> None:
    administrator.is_superuser = is_superuser
    administrator.save()
    client = client_of(administrator)
    guests = Group.objects.create(name="Guests")
    everyone = [*Group.objects.filter(name__in=ROLES), guests]

    assert "readonly" in client.get(f"/admin/auth/group/{everyone[0].pk}/change/").content.decode()
    for group in everyone:
        kept = [permission.pk for permission in group.permissions.all()]
        client.post(f"/admin/auth/group/{group.pk}/change/", {"name": f"{group.name} 2", "permissions": kept})
        client.post(f"/admin/auth/group/{group.pk}/delete/", {"post": "yes"})
        client.post(
            "/admin/auth/group/", {"action": "delete_selected", "_selected_action": [group.pk], "post": "yes"}
        )

    assert {group.name for group in Group.objects.all()} == set(ROLES)


def users_of(group: Group) -> Any:
    """Return the relation from the group's side, which the stubs of Django do not always know."""
    return cast(Any, group).user_set


@pytest.mark.parametrize("role", STAFF_ROLES)
def test_django_admin_opens_and_closes_with_the_role(no_role: User, role: str) -> None:
    group = Group.objects.get(name=role)
    no_role.groups.add(group)
    assert no_role.is_staff
    no_role.groups.remove(group)
    assert not no_role.is_staff
    assert not User.objects.get(pk=no_role.pk).is_staff


@pytest.mark.parametrize("role", STAFF_ROLES)
def test_django_admin_follows_the_role_from_the_groups_side(no_role: User, role: str) -> None:
    group = Group.objects.get(name=role)
    users_of(group).add(no_role)
    assert User.objects.get(pk=no_role.pk).is_staff
    users_of(group).clear()
    assert not User.objects.get(pk=no_role.pk).is_staff


@pytest.mark.parametrize("lost", STAFF_ROLES)
def test_one_of_both_roles_keeps_django_admin_open(no_role: User, lost: str) -> None:
    no_role.groups.add(*Group.objects.filter(name__in=STAFF_ROLES))
    group = Group.objects.get(name=lost)
    users_of(group).remove(no_role)
    assert User.objects.get(pk=no_role.pk).is_staff
    no_role.groups.add(group)
    users_of(group).clear()
    assert User.objects.get(pk=no_role.pk).is_staff


def test_losing_every_role_closes_django_admin(administrator: User) -> None:
    administrator.groups.clear()
    assert not User.objects.get(pk=administrator.pk).is_staff


def test_another_role_changes_nothing_about_django_admin(administrator: User) -> None:
    viewers = Group.objects.get(name="Viewer")
    administrator.groups.add(viewers)
    administrator.groups.remove(viewers)
    assert User.objects.get(pk=administrator.pk).is_staff


def test_a_superuser_keeps_django_admin_without_a_role() -> None:
    root = User.objects.create_superuser("root", "root@example.com", "correct horse")
    root.groups.add(Group.objects.get(name="Administrator"))
    root.groups.clear()
    assert User.objects.get(pk=root.pk).is_staff


@pytest.mark.django_db(transaction=True)
def test_those_who_were_integrators_before_get_into_django_admin() -> None:
    make_user("iris", "Integrator")
    make_user("ada", "Integrator", "Administrator")
    make_user("vera", "Viewer")
    User.objects.exclude(username="ada").update(is_staff=False)
    migration = import_module("apps.accounts.migrations.0004_integrators_are_staff")

    def staff() -> set[str]:
        return set(User.objects.filter(is_staff=True).values_list("username", flat=True))

    with connection.schema_editor() as schema_editor:
        migration.open_admin(installed_apps, schema_editor)
    assert staff() == {"iris", "ada"}
    with connection.schema_editor() as schema_editor:
        migration.close_admin(installed_apps, schema_editor)
    assert staff() == {"ada"}


@pytest.mark.parametrize("role", [*ROLES, ""])
def test_in_django_admin_all_users_see_what_the_role_grants(role: str) -> None:
    user = make_user("somebody", *([role] if role else []))
    client = client_of(user)
    index = client.get("/admin/")
    if not user.is_staff:
        assert role not in STAFF_ROLES
        assert index.status_code == 302
        assert all(client.get(f"/admin/{page}/").status_code == 302 for page in ADMIN_PAGES)
        return
    assert role in STAFF_ROLES
    text = index.content.decode()
    for page, permission in ADMIN_PAGES.items():
        may = user.has_perm(permission)
        assert client.get(f"/admin/{page}/").status_code == (200 if may else 403), page
        assert (f'href="/admin/{page}/"' in text) is may, page


def test_an_integrator_does_not_reach_people_roles_or_files(integrator: User) -> None:
    closed = {page for page, permission in ADMIN_PAGES.items() if not integrator.has_perm(permission)}
    assert closed == {"accounts/user", "auth/group", "launches/uploadedfile"}
