"""Checks of what happens in the background: workers, tasks, deliveries, launches."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

from django.db.models import Min
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django_tasks.base import TaskResultStatus
from django_tasks_db.models import DBTaskResult

from apps.core.database import clock
from apps.core.processes import heartbeat
from apps.dashboard.system.conditions import Condition, ago, lasting, ok, problem, warning
from apps.launches.models import Launch
from apps.webhooks import freshness
from apps.webhooks.models import Delivery
from pneumatic_dash import __version__

# A worker takes a task or a delivery within a second or two.
WAITING_AFTER = dt.timedelta(seconds=30)
QUIET_AFTER = dt.timedelta(days=3)
FAILED_WITHIN = dt.timedelta(days=1)

START_WORKER = "manage.py worker"


def workers() -> Iterator[Condition]:
    """Report workers that run, hang or fail; without any, what waits for one. One query while all is well."""
    known = heartbeat.workers()
    alive = [worker for worker in known if worker.is_alive]
    if not alive:
        yield _no_worker(known)
        return
    for worker in alive:
        place = _("Worker %(pid)s on %(host)s") % {"pid": worker.pid, "host": worker.host}
        if worker.stuck:
            text = _("%(worker)s hangs in: %(jobs)s.") % {"worker": place, "jobs": ", ".join(worker.stuck)}
            notice = _("Background work is delayed: a worker hangs.")
            yield problem(text, _("Restart the worker and check its log."), notice=notice)
        elif worker.failing:
            text = _("%(worker)s fails in: %(jobs)s.") % {"worker": place, "jobs": ", ".join(worker.failing)}
            yield problem(text, _("Check the log of the worker. It retries automatically."))
        elif worker.version != __version__:
            text = _("%(worker)s runs version %(version)s.") % {"worker": place, "version": worker.version}
            yield warning(text, _("Restart it: the web server runs %(now)s.") % {"now": __version__})
        else:
            yield ok(_("%(worker)s works.") % {"worker": place})


def _no_worker(known: list[heartbeat.Heartbeat]) -> Condition:
    advice = _("Start it: %(command)s. If it stopped unexpectedly, check its log.") % {
        "command": START_WORKER
    }
    if known:
        values = {"time": ago(clock.now() - known[0].age)}
        text = _("No worker runs. The last one stopped reporting %(time)s.") % values
    else:
        text = _("No worker has run in the last day.")
    return problem(text, advice, notice=_waiting_notice())


def _waiting_notice() -> str:
    """Return what users wait for in vain; '' for nothing."""
    since = clock.now() - WAITING_AFTER
    waiting = []
    if Delivery.objects.filter(state=Delivery.State.PENDING, due_at__lt=since).exists():
        waiting.append(_("events"))
    if DBTaskResult.objects.ready().filter(enqueued_at__lt=since).exists():
        waiting.append(_("a sync"))
    if Launch.objects.filter(state=Launch.State.UNKNOWN).exists():
        waiting.append(_("launches with an unknown result"))
    if not waiting:
        return ""
    return _("No worker is running, so these are not processed: %(what)s.") % {"what": ", ".join(waiting)}


def tasks() -> Iterator[Condition]:
    """Report tasks that wait or failed."""
    ready = DBTaskResult.objects.ready()
    oldest = ready.aggregate(at=Min("enqueued_at"))["at"]
    if oldest is not None and clock.now() - oldest > WAITING_AFTER:
        number = ready.count()
        text = ngettext(
            "%(n)d task waits, the oldest for %(time)s.",
            "%(n)d tasks wait, the oldest for %(time)s.",
            number,
        ) % {"n": number, "time": lasting(oldest)}
        yield warning(text, _("A long task delays others. Otherwise check the worker."))
    failed = DBTaskResult.objects.filter(
        status=TaskResultStatus.FAILED, finished_at__gt=clock.now() - FAILED_WITHIN
    ).count()
    if failed:
        text = ngettext("%(n)d task failed in the last day.", "%(n)d tasks failed in the last day.", failed)
        yield warning(text % {"n": failed}, _("The log of the worker says why."))


def deliveries() -> Iterator[Condition]:
    """Report deliveries that wait or failed, and a long silence."""
    feed = freshness.event_freshness()
    if feed.is_behind:
        text = ngettext(
            "%(n)d delivery waits; it has been due for %(time)s.",
            "%(n)d deliveries wait; the oldest has been due for %(time)s.",
            feed.backlog.pending,
        ) % {"n": feed.backlog.pending, "time": lasting(clock.now() - feed.backlog.behind())}
        yield problem(text, _("Check that a worker runs."), url_name="admin:webhooks_delivery_changelist")
    if feed.backlog.dead_letters:
        text = ngettext(
            "%(n)d delivery failed for good.", "%(n)d deliveries failed for good.", feed.backlog.dead_letters
        ) % {"n": feed.backlog.dead_letters}
        yield warning(text, _("Review and replay them."), url_name="admin:webhooks_delivery_changelist")
    yield _last_delivery(feed)


def _last_delivery(feed: freshness.EventFreshness) -> Condition:
    at = feed.last_received_at
    if at is None:
        text = _("No delivery was ever received.")
        if feed.has_no_subscription:
            return ok(text)
        advice = _("Send a test event to see whether the endpoint can be reached.")
        return warning(text, advice, url_name="admin:webhooks_subscription_changelist")
    text = _("Last delivery: %(time)s.") % {"time": ago(at)}
    if clock.now() - at < QUIET_AFTER or feed.has_no_subscription:
        return ok(text)
    advice = _("If workflows changed since, Pneumatic may not reach the endpoint. Send a test event.")
    return warning(text, advice, url_name="admin:webhooks_subscription_changelist")


def launches() -> Iterator[Condition]:
    """Report launches that need a decision, or that never left."""
    unknown = Launch.objects.filter(state=Launch.State.UNKNOWN).count()
    if unknown:
        text = ngettext(
            "%(n)d launch has an unknown result.", "%(n)d launches have an unknown result.", unknown
        ) % {"n": unknown}
        yield warning(text, _("Resolve them on their pages."), url_name="launch-list")
    since = clock.now() - WAITING_AFTER
    waiting = Launch.objects.filter(state=Launch.State.QUEUED, created_at__lt=since).count()
    if waiting:
        text = ngettext("%(n)d launch was not sent.", "%(n)d launches were not sent.", waiting)
        yield warning(text % {"n": waiting}, _("Open them and retry."), url_name="launch-list")
