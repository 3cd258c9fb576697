"""Checks of the connection to Pneumatic: the API key, the sync, the subscriptions. They use what is stored."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

from django.conf import settings
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from apps.core.database import clock
from apps.dashboard.system.conditions import Condition, ago, ok, problem, warning
from apps.pneumatic import detection, server
from apps.sync import selectors
from apps.sync.models import SyncRun
from apps.webhooks.subscriptions import drift

CHECK_CONNECTION = "manage.py check_connection"
LISTING_STALE_AFTER = dt.timedelta(days=2)


def api_key() -> Iterator[Condition]:
    """Report whether Pneumatic accepts the key, as the last request showed."""
    if not settings.PNEUMATIC_API_KEY:
        notice = _("No API key is set: nothing can be launched or synced.")
        yield problem(_("PNEUMATIC_API_KEY is not set."), _("Set it and restart."), notice=notice)
        return
    rejected_at = server.key_rejected_at()
    if rejected_at is not None:
        text = _("Pneumatic rejects the API key since %(time)s.") % {
            "time": date_format(timezone.localtime(rejected_at), "DATETIME_FORMAT")
        }
        advice = _("Make a key on Pneumatic's page Integrations, set PNEUMATIC_API_KEY, and restart.")
        yield problem(
            text, advice, notice=_("Pneumatic rejects the API key: nothing can be launched or synced.")
        )
        return
    known = server.known()
    if known is None or known.key_holder is None:
        # The documented API does not show whose key it is.
        yield ok(
            _("Pneumatic has not rejected the key; %(command)s reports more.") % {"command": CHECK_CONNECTION}
        )
        return
    yield ok(_("Pneumatic accepted the key of %(name)s.") % {"name": known.key_holder.shown_name})
    yield ok(detection.description())


def sync() -> Iterator[Condition]:
    """Report the last sync, and how old the data is."""
    now = selectors.freshness()
    if now.nothing_yet:
        yield warning(_("Nothing was ever synced."), _("Start a sync."), url_name="sync")
        return
    if now.is_stale:
        stale = ", ".join(str(resource.label) for resource in now.resources if resource.is_stale)
        text = _("Out of date: %(what)s.") % {"what": stale}
        yield warning(text, _("Check the schedule of manage.py sync, then start a sync."), url_name="sync")
    latest = next(iter(selectors.latest_runs(limit=1)), None)
    if latest is None:
        return
    text = _("Last sync: %(time)s, %(status)s.") % {
        "time": ago(latest.finished_at or latest.started_at),
        "status": latest.get_state_display(),
    }
    if latest.state == SyncRun.State.DONE:
        yield ok(text)
    else:
        yield warning(f"{text} {latest.error}".strip(), _("Open the page Sync."), url_name="sync")


def subscriptions() -> Iterator[Condition]:
    """Report whether Pneumatic sends what is expected, as the last list shows."""
    found = drift.find_drift()
    page = "admin:webhooks_subscription_changelist"
    if found.has_no_url:
        text = _("Events are expected, and PUBLIC_URL is empty.")
        yield problem(text, _("Set PUBLIC_URL to the address of this dashboard."))
    if not found.expects_anything:
        text = _("No events are expected: workflows do not update by themselves.")
        yield warning(text, _("Subscribe to events."), url_name=page)
        return
    if found.unmet:
        which = ", ".join(
            f"{drift.labels([finding.kind])} ({finding.problem.label})"
            for finding in found.unmet
            if finding.kind
        )
        text = _("Subscriptions differ from the expected ones: %(which)s.") % {"which": which}
        yield problem(text, _("Review the repair."), url_name=page)
    if found.not_requested:
        text = _("Not subscribed: %(kinds)s. Workflows do not show these events.")
        advice = _("Subscribe to all events.")
        yield warning(text % {"kinds": drift.labels(found.not_requested)}, advice, url_name=page)
    if found.fetched_at is None:
        yield warning(_("Subscriptions were never listed."), _("Open the page to list them."), url_name=page)
    elif found.error or clock.now() - found.fetched_at > LISTING_STALE_AFTER:
        text = _("Subscriptions were last listed %(time)s. %(error)s") % {
            "time": ago(found.fetched_at),
            "error": found.error,
        }
        yield warning(text.strip(), _("Open the page to list them again."), url_name=page)
    elif not found.unmet and not found.not_received:
        yield ok(_("All expected subscriptions exist, as listed %(time)s.") % {"time": ago(found.fetched_at)})
