"""Make the people of a demonstration: ``python -m demo.people FOLDER`` prints them as JSON.

A separate process with the demonstration's environment: its database is not that of the process that starts it.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import django

from demo.environment import Place

django.setup()

from django.contrib.auth.models import Group
from django.db.models import Count

from apps.accounts.models import PneumaticUser, User
from apps.accounts.roles import ADMINISTRATOR, INTEGRATOR, OPERATOR
from apps.workflow_templates.models import RunAllowed


def make_people(place: Place) -> list[dict[str, str]]:
    """Return username, role and password of each; an empty password means that it was changed since."""
    operator = _pneumatic_user_who_may_run_most()
    return [
        _ensure(place, username="admin", role=ADMINISTRATOR, twin=None),
        _ensure(place, username="operator", role=OPERATOR, twin=operator),
        _ensure(place, username="integrator", role=INTEGRATOR, twin=None),
    ]


def _ensure(place: Place, *, username: str, role: str, twin: PneumaticUser | None) -> dict[str, str]:
    password = place.passwords(username).read_text(encoding="utf-8").strip()
    user, is_new = User.objects.get_or_create(
        username=username,
        defaults={
            "email": twin.email if twin else f"{username}@example.com",
            "first_name": twin.first_name if twin else "",
            "last_name": twin.last_name if twin else "",
        },
    )
    if is_new:
        user.set_password(password)
        user.save(update_fields=["password"])
        user.groups.add(Group.objects.get(name=role))
    return {"username": username, "role": role, "password": password if user.check_password(password) else ""}


def _pneumatic_user_who_may_run_most() -> PneumaticUser | None:
    """Return whom the operator should be in Pneumatic, so that templates allow them to launch."""
    active = PneumaticUser.objects.filter(removed_at=None, status="active").values_list("pk", flat=True)
    most = (
        RunAllowed.objects.filter(pneumatic_user_id__in=active)
        .values("pneumatic_user_id")
        .annotate(templates=Count("template"))
        .order_by("-templates", "pneumatic_user_id")
        .first()
    )
    return PneumaticUser.objects.get(pk=most["pneumatic_user_id"]) if most else None


if __name__ == "__main__":
    sys.stdout.write(json.dumps(make_people(Place(Path(sys.argv[1])))))
