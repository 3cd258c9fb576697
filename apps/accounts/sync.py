"""The mirror of Pneumatic's users and of their groups."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterator, Sequence
from typing import TYPE_CHECKING, ClassVar, TypeVar

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from apps.accounts.models import PneumaticGroup, PneumaticUser
from apps.accounts.searching import search_text
from apps.core.text.visible import first_visible
from apps.pneumatic.canonical.schemas import Group, Received, User
from apps.pneumatic.canonical.serialization import content_hash
from apps.sync import mirror
from apps.sync.registry import Progress, Resource

if TYPE_CHECKING:
    from apps.pneumatic.canonical.capabilities import Capabilities
    from apps.pneumatic.client import Client


Item = TypeVar("Item", User, Group)
Row = TypeVar("Row", PneumaticUser, PneumaticGroup)


class _Mirror(Resource[Item, Row]):
    """Objects with a name, each of which becomes a row of ``model``."""

    model: ClassVar[type[PneumaticUser | PneumaticGroup]]

    def known_hashes(self) -> dict[int, str | None]:
        return mirror.known_hashes(self.model._default_manager)

    def title(self, row: Row) -> str:
        return row.name

    def write(self, rows: Sequence[Row], *, removed: Collection[int], now: dt.datetime) -> None:
        mirror.upsert(self.model._default_manager, rows, now=now)
        mirror.mark_removed(self.model._default_manager, removed, now=now)

    def names(self, ids: Collection[int]) -> dict[int, str]:
        return dict(self.model._default_manager.filter(id__in=ids).values_list("id", "name"))


class Users(_Mirror[User, PneumaticUser]):
    """Every user that the API lists, invited and deactivated ones included."""

    model = PneumaticUser

    name = "users"
    label = _("users")

    def fetch(self, client: Client, *, progress: Progress) -> Iterator[Received[User]]:
        yield from client.receive_users(on_progress=progress)

    def row(self, item: Received[User], *, content_hash: str) -> PneumaticUser:
        """Return the mirrored user, without times."""
        user = item.read()
        name = first_visible(user.full_name, user.email) or gettext("User %(id)s") % {"id": user.id}
        return mirror.fitting(
            PneumaticUser(
                id=user.id,
                email=user.email,
                first_name=user.first_name,
                last_name=user.last_name,
                name=name,
                status=user.status,
                is_admin=user.is_admin,
                is_account_owner=user.is_account_owner,
                search=search_text(name=name, email=user.email),
                raw=user.raw,
                content_hash=content_hash,
            )
        )


class Groups(_Mirror[Group, PneumaticGroup]):
    """Every group of users, where the server supports groups."""

    model = PneumaticGroup
    name = "groups"
    label = _("groups")
    # Accounts have few groups: a removed one of three is no sign of a key with less access.
    guards_removals = False
    may_be_forbidden = True

    def is_supported(self, capabilities: Capabilities) -> bool:
        return capabilities.groups

    def fetch(self, client: Client, *, progress: Progress) -> Iterator[Received[Group]]:
        groups = client.receive_groups()
        progress(len(groups), len(groups))
        yield from groups

    def content_hash(self, item: Received[Group]) -> str:
        """Return the hash of the response with sorted members: their order has no meaning."""
        return content_hash({**item.raw, "users": sorted(item.read().users)})

    def row(self, item: Received[Group], *, content_hash: str) -> PneumaticGroup:
        """Return the mirrored group, without times."""
        group = item.read()
        name = first_visible(group.name) or gettext("Group %(id)s") % {"id": group.id}
        return mirror.fitting(
            PneumaticGroup(
                id=group.id,
                name=name,
                size=len(group.users),
                users=sorted(group.users),
                is_personal=group.is_personal,
                search=search_text(name=name),
                raw=group.raw,
                content_hash=content_hash,
            )
        )
