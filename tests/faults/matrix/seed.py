"""Fill the database of an installation: ``python -m tests.faults.matrix.seed`` prints what its users need, as JSON."""

from __future__ import annotations

import json
import sys

import django

django.setup()

from django.conf import settings
from django.test import Client

from apps.accounts.models import User
from apps.webhooks import endpoints
from tests.factories import PASSWORD, make_user


def main() -> None:
    """Make a user who launches, and an administrator; tell their sessions and the receiver's path."""
    operator = make_user("operator", "Operator")
    administrator = make_user("administrator", "Administrator", is_staff=True)
    sys.stdout.write(
        json.dumps(
            {
                "username": operator.username,
                "password": PASSWORD,
                "cookie": settings.SESSION_COOKIE_NAME,
                "operator": _session(operator),
                "administrator": _session(administrator),
                "receiver": endpoints.path(endpoints.active()),
            }
        )
    )


def _session(user: User) -> str:
    client = Client()
    client.force_login(user)
    return client.cookies[settings.SESSION_COOKIE_NAME].value


if __name__ == "__main__":
    main()
