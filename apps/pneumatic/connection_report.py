"""What the connection to Pneumatic is good for, asked point by point and told in plain words."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from apps.pneumatic import detection, dialects
from apps.pneumatic.canonical.schemas import KeyHolder
from apps.pneumatic.client import Client
from apps.pneumatic.errors import ConfigurationError, PermissionDenied, PneumaticError


class CheckState(StrEnum):
    """How a point stands."""

    OK = "ok"
    UNTOLD = "untold"  # nothing can be told without leaving a trace
    MISSING = "missing"  # the dashboard works without it, with less
    FAILED = "failed"  # the dashboard is no use without it


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at; ``text`` is a sentence."""

    name: str
    state: CheckState
    text: str


def examine(client: Client) -> Iterator[Check]:
    """Yield what was found, point by point; after one that failed for good nothing more is asked."""
    try:
        generation = _generation(client.look_again())
        # Only the generation that answers can be asked whose key this is.
        holder = client.key_holder() if generation.state is CheckState.OK else None
    except PneumaticError as error:
        yield Check(_("Connection"), CheckState.FAILED, str(error))
        return
    yield Check(_("Connection"), CheckState.OK, _whose(holder))
    yield generation
    if generation.state is CheckState.FAILED:
        return
    yield _asked(_("Templates"), lambda: _templates(client, holder), holder, vital=True)
    yield _asked(_("Users"), lambda: _users(client), holder, vital=True)
    if client.capabilities.groups:
        yield _asked(_("Groups"), lambda: _groups(client), holder)
    yield _asked(_("Webhooks"), lambda: _webhooks(client), holder)
    yield _files(client)
    yield _read_back(client, holder)


def _asked(name: str, ask: Callable[[], str], holder: KeyHolder | None, *, vital: bool = False) -> Check:
    try:
        return Check(name, CheckState.OK, ask())
    except PermissionDenied as error:
        text = _("The key may not do this. It takes the key of an administrator of the Pneumatic account.")
        if holder is not None and holder.sees_everything:
            text = str(error)  # an administrator is refused for another reason: a plan that has run out, say
        return Check(name, CheckState.FAILED if vital else CheckState.MISSING, text)
    except PneumaticError as error:
        return Check(name, CheckState.FAILED if vital else CheckState.MISSING, str(error))


def _whose(holder: KeyHolder | None) -> str:
    if holder is None:
        return _("The API key is accepted.")
    role = (
        _("account owner")
        if holder.is_account_owner
        else _("administrator")
        if holder.is_admin
        else _("no administrator")
    )
    words = {"name": holder.name, "email": holder.email, "role": role}
    return _("The API key is accepted: it acts as %(name)s (%(email)s, %(role)s).") % words


def _generation(found: str) -> Check:
    name, label = _("Which Pneumatic"), dialects.label(found)
    in_force = detection.name_in_force()
    if in_force == found:
        how = _("found by asking") if settings.PNEUMATIC_DIALECT == "auto" else _("as PNEUMATIC_DIALECT says")
        return Check(name, CheckState.OK, f"{label} ({how}).")
    text = _(
        "%(found)s answers, but PNEUMATIC_DIALECT says “%(set)s”, and that is what is spoken. Write auto into it."
    )
    return Check(name, CheckState.FAILED, text % {"found": label, "set": in_force})


def _templates(client: Client, holder: KeyHolder | None) -> str:
    rows = client.receive_template_list()
    if holder is None:
        return ngettext("%(n)d is listed.", "%(n)d are listed.", len(rows)) % {"n": len(rows)}
    listed = ngettext(
        "%(n)d is listed: what %(name)s owns, views or may start.",
        "%(n)d are listed: those that %(name)s owns, views or may start.",
        len(rows),
    ) % {"n": len(rows), "name": holder.name}
    if holder.sees_everything:
        return listed
    return listed + " " + _("Their forms are complete; their tasks only administrators may read.")


def _users(client: Client) -> str:
    users = client.list_users()
    inactive = sum(user.status == "inactive" for user in users)
    text = ngettext("%(n)d is listed", "%(n)d are listed", len(users)) % {"n": len(users)}
    if inactive:
        text += ", " + ngettext("%(n)d of them inactive", "%(n)d of them inactive", inactive) % {
            "n": inactive
        }
    return f"{text}."


def _groups(client: Client) -> str:
    groups = client.list_groups()
    return ngettext("%(n)d is known.", "%(n)d are known.", len(groups)) % {"n": len(groups)}


def _webhooks(client: Client) -> str:
    rows = client.list_subscriptions()
    there = ngettext("%(n)d subscription is there.", "%(n)d subscriptions are there.", len(rows)) % {
        "n": len(rows)
    }
    return _("They can be managed.") + " " + there


def _files(client: Client) -> Check:
    name = _("Files")
    try:
        if client.check_files():
            return Check(name, CheckState.OK, _("The file service answers and accepts the key."))
    except ConfigurationError as error:
        return Check(name, CheckState.MISSING, f"{error} {_guess(client)}".strip())
    except PneumaticError as error:
        return Check(name, CheckState.MISSING, str(error))
    return Check(name, CheckState.UNTOLD, _("Only an upload would tell whether the key may bring files."))


def _guess(client: Client) -> str:
    """Return where the file service seems to be, in a sentence; '' where nothing tells."""
    try:
        url = client.files_url_seen()
    except PneumaticError:
        return ""
    return _("Files of this account are at %(url)s, so that may be it.") % {"url": url} if url else ""


def _read_back(client: Client, holder: KeyHolder | None) -> Check:
    name = _("Workflows")
    if not client.capabilities.reads_back:
        text = _("This Pneumatic has no list of workflows: they are known from webhooks alone.")
        return Check(name, CheckState.MISSING, text)
    try:
        client.list_workflows(limit=1)
    except PneumaticError as error:
        return Check(name, CheckState.MISSING, str(error))
    if holder is not None:
        text = _("They can be read back: those that %(name)s started, or whose template %(name)s owns.")
        return Check(name, CheckState.OK, text % {"name": holder.name})
    return Check(name, CheckState.OK, _("They can be read back: lost events are noticed and healed."))
