"""``manage.py remove_second_factor``: for administrators who lost the device with their own."""

from __future__ import annotations

import logging
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from apps.accounts.models import User
from apps.accounts.second_factors.services import remove

logger = logging.getLogger(__name__)


class Command(BaseCommand):
    help = "Remove the second factor and the recovery codes of a user, and end the user's sessions."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("username", help="The name with which the user signs in.")

    def handle(self, *args: str, **options: Any) -> None:
        user = User.objects.filter(username=options["username"]).first()
        if user is None:
            raise CommandError(f"There is no user {options['username']!r}.")
        if not remove(user):
            raise CommandError(f"{user.get_username()} has no second factor.")
        logger.warning("Second factor removed: account %s, by command.", user.get_username())
        if options["verbosity"]:
            self.stdout.write(f"{user.get_username()} no longer has a second factor.")
