"""The checks of ``manage.py check_connection``: what the connection to Pneumatic can be used for, in sentences."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from apps.pneumatic import detection, server
from apps.pneumatic.canonical.schemas import KeyHolder, Received
from apps.pneumatic.client import Client
from apps.pneumatic.client.mirror import read_each, unreadable_text
from apps.pneumatic.dialects import registry
from apps.pneumatic.errors import ConfigurationError, PermissionDenied, PneumaticError, UnexpectedResponse
from apps.pneumatic.release_report import Check, CheckState, release_checks

T = TypeVar("T")


def run_checks(client: Client) -> Iterator[Check]:
    """Yield each check with its result. Makes requests, changes nothing in Pneumatic, and raises nothing.

    A failed connection or the wrong dialect ends the checks.
    """
    try:
        version = _version(client.detect_dialect())
        # The user of the key can only be requested in the right dialect.
        key_holder = client.key_holder() if version.state is CheckState.OK else None
    except PneumaticError as error:
        yield Check(_("Connection"), CheckState.FAILED, str(error))
        return
    yield Check(_("Connection"), CheckState.OK, _holder_text(key_holder))
    yield version
    if version.state is CheckState.FAILED:
        return
    known = server.known_features() if key_holder is not None else None
    if known is not None:
        yield from release_checks(known)
    yield _check(_("Templates"), lambda: _templates(client, key_holder), key_holder, is_required=True)
    yield _check(_("Users"), lambda: _users(client), key_holder, is_required=True)
    if client.capabilities.groups:
        yield _check(_("Groups"), lambda: _groups(client), key_holder)
    yield _check(_("Webhooks"), lambda: _webhooks(client), key_holder)
    yield _files(client)
    yield _workflows(client, key_holder)


def _check(
    name: str, text_of: Callable[[], str], key_holder: KeyHolder | None, *, is_required: bool = False
) -> Check:
    try:
        return Check(name, CheckState.OK, text_of())
    except PermissionDenied as error:
        text = _("The API key has no access. Use the key of an administrator of the Pneumatic account.")
        if key_holder is not None and key_holder.sees_everything:
            text = str(error)  # an administrator is refused for another reason, such as an expired plan
    except PneumaticError as error:
        text = str(error)
    return Check(name, CheckState.FAILED if is_required else CheckState.MISSING, text)


def _holder_text(key_holder: KeyHolder | None) -> str:
    if key_holder is None:
        return _("The API key is accepted.")
    role = (
        _("account owner")
        if key_holder.is_account_owner
        else _("administrator")
        if key_holder.is_admin
        else _("no administrator")
    )
    values = {"name": key_holder.shown_name, "email": key_holder.email, "role": role}
    return _("The API key is accepted. Its user is %(name)s (%(email)s, %(role)s).") % values


def _version(detected: str) -> Check:
    name, label = _("Pneumatic version"), registry.label(detected)
    active = detection.active_dialect()
    if active == detected:
        how = _("detected") if settings.PNEUMATIC_DIALECT == "auto" else _("set by PNEUMATIC_DIALECT")
        return Check(name, CheckState.OK, f"{label}, {how}.")
    text = _("The server is %(detected)s, but PNEUMATIC_DIALECT is “%(active)s”. Set it to auto.")
    return Check(name, CheckState.FAILED, text % {"detected": label, "active": active})


def _each(rows: Sequence[Received[T]]) -> tuple[list[T], str]:
    """Return what can be read, and a sentence about the rest; raise UnexpectedResponse where nothing can, as a sync."""
    read, unreadable = read_each(rows)
    if unreadable and not read:
        raise UnexpectedResponse(unreadable_text(unreadable))
    return read, f" {unreadable_text(unreadable)}" if unreadable else ""


def _templates(client: Client, key_holder: KeyHolder | None) -> str:
    rows, unreadable = _each(client.receive_template_list())
    if key_holder is None:
        return ngettext("%(n)d template.", "%(n)d templates.", len(rows)) % {"n": len(rows)} + unreadable
    text = ngettext(
        "%(n)d template that %(name)s owns, views or may start.",
        "%(n)d templates that %(name)s owns, views or may start.",
        len(rows),
    ) % {"n": len(rows), "name": key_holder.shown_name}
    text += unreadable
    if key_holder.sees_everything:
        return text
    return text + " " + _("Kickoff forms are complete; only administrators can read the tasks.")


def _users(client: Client) -> str:
    users, unreadable = _each(client.receive_users())
    inactive = sum(user.status == "inactive" for user in users)
    text = ngettext("%(n)d user", "%(n)d users", len(users)) % {"n": len(users)}
    if inactive:
        text += ", " + _("%(n)d of them inactive") % {"n": inactive}
    return f"{text}.{unreadable}"


def _groups(client: Client) -> str:
    groups, unreadable = _each(client.receive_groups())
    return ngettext("%(n)d group.", "%(n)d groups.", len(groups)) % {"n": len(groups)} + unreadable


def _webhooks(client: Client) -> str:
    rows, unreadable = _each(client.receive_subscriptions())
    text = ngettext(
        "The API key can manage them. There is %(n)d subscription.",
        "The API key can manage them. There are %(n)d subscriptions.",
        len(rows),
    ) % {"n": len(rows)}
    return text + unreadable


def _files(client: Client) -> Check:
    name = _("Files")
    try:
        if client.check_files():
            return Check(name, CheckState.OK, _("The file service responds and accepts the API key."))
    except ConfigurationError as error:
        return Check(name, CheckState.MISSING, f"{error} {_files_url_hint(client)}".strip())
    except PneumaticError as error:
        return Check(name, CheckState.MISSING, str(error))
    return Check(
        name, CheckState.UNKNOWN, _("Only an upload would show whether the API key can upload files.")
    )


def _files_url_hint(client: Client) -> str:
    """Return a sentence with the probable URL of the file service; '' without a file in the account."""
    try:
        url = client.find_files_url()
    except PneumaticError:
        return ""
    return _("This account has files at %(url)s: try that URL.") % {"url": url} if url else ""


def _workflows(client: Client, key_holder: KeyHolder | None) -> Check:
    name = _("Workflows")
    if not client.capabilities.reads_back:
        text = _(
            "This Pneumatic version cannot list workflows. The dashboard knows them from webhooks alone."
        )
        return Check(name, CheckState.MISSING, text)
    try:
        client.receive_workflows(limit=1)
    except PneumaticError as error:
        return Check(name, CheckState.MISSING, str(error))
    if key_holder is not None:
        text = _("The dashboard can read those that %(name)s started, or whose template %(name)s owns.")
        return Check(name, CheckState.OK, text % {"name": key_holder.shown_name})
    return Check(name, CheckState.OK, _("The dashboard can read them, and recovers missing events."))
