"""Set ``is_staff``, which opens Django admin, by the roles that have access to it."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import Group
from django.db.models import Exists, OuterRef

from apps.accounts.models import User
from apps.accounts.roles import STAFF_ROLES

_LEFT = "_left_the_group"


def follow_staff_roles(
    *, instance: User | Group, action: str, pk_set: set[int] | None, **_signal: Any
) -> None:
    """Open Django admin to users who get one of ``STAFF_ROLES``, and close it when they lose the last of them.

    Superusers keep it. Connected to ``m2m_changed`` of a user's groups, so it works in admin, shell and code.
    """
    if isinstance(instance, Group):
        if instance.name not in STAFF_ROLES:
            return
        if action == "pre_clear":  # afterwards the members are unknown
            setattr(instance, _LEFT, set(User.objects.filter(groups=instance).values_list("pk", flat=True)))
        people = getattr(instance, _LEFT, set()) if action == "post_clear" else pk_set or set()
    else:
        people = {instance.pk}
    users = User.objects.filter(pk__in=people, is_superuser=False)
    holds_role = Exists(Group.objects.filter(name__in=STAFF_ROLES, user=OuterRef("pk")))
    if action == "post_add":
        users.filter(holds_role).update(is_staff=True)
    elif action in {"post_remove", "post_clear"}:
        users.exclude(holds_role).update(is_staff=False)
    else:
        return
    if isinstance(instance, User):
        instance.refresh_from_db(fields=["is_staff"])
