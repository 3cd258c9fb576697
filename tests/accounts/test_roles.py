"""Roles: which groups there are, what they may do, and who gets into Django admin."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import Group, Permission
from django.core.management import call_command

from apps.accounts.models import User
from tests.factories import make_user

pytestmark = pytest.mark.django_db

SEE = {
    "accounts.view_pneumaticuser",
    "launches.view_launch",
    "sync.view_syncrun",
    "workflow_templates.view_template",
    "workflow_templates.view_templateversion",
}


def test_a_viewer_sees_and_does_nothing(viewer: User) -> None:
    assert viewer.get_all_permissions() == SEE


def test_an_operator_also_launches_and_syncs(operator: User) -> None:
    assert operator.get_all_permissions() == SEE | {"launches.launch_workflow", "sync.run_sync"}


def test_an_integrator_also_syncs(integrator: User) -> None:
    assert integrator.get_all_permissions() == SEE | {"sync.run_sync"}


def test_an_administrator_may_everything_of_our_own_apps(administrator: User) -> None:
    own = ("accounts", "auth", "launches", "sync", "workflow_templates")
    names = Permission.objects.filter(content_type__app_label__in=own).values_list(
        "content_type__app_label", "codename"
    )
    assert administrator.get_all_permissions() == {f"{label}.{codename}" for label, codename in names}
    assert administrator.has_perm("launches.launch_any_template")


def test_somebody_without_a_role_may_nothing(nobody: User) -> None:
    assert nobody.get_all_permissions() == set()


def test_migrating_again_restores_what_is_missing_and_keeps_what_was_added() -> None:
    viewers = Group.objects.get(name="Viewer")
    extra = Permission.objects.get(codename="run_sync")
    viewers.permissions.set([extra])
    call_command("migrate", verbosity=0)
    assert make_user("eve", "Viewer").get_all_permissions() == SEE | {"sync.run_sync"}


def test_a_renamed_role_is_left_alone() -> None:
    Group.objects.filter(name="Viewer").update(name="Guests")
    Group.objects.get(name="Guests").permissions.clear()
    call_command("migrate", verbosity=0)
    assert not Group.objects.get(name="Guests").permissions.exists()


def test_django_admin_opens_and_closes_with_the_administrator_role(nobody: User) -> None:
    administrators = Group.objects.get(name="Administrator")
    nobody.groups.add(administrators)
    assert nobody.is_staff
    nobody.groups.remove(administrators)
    assert not nobody.is_staff
    assert not User.objects.get(pk=nobody.pk).is_staff


def test_django_admin_follows_the_role_from_the_groups_side(nobody: User) -> None:
    administrators = Group.objects.get(name="Administrator")
    administrators.user_set.add(nobody)
    assert User.objects.get(pk=nobody.pk).is_staff
    administrators.user_set.clear()
    assert not User.objects.get(pk=nobody.pk).is_staff


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
