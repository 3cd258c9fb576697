"""Endpoints, subscriptions, the deliveries that arrive for them, and the events that these report."""

from __future__ import annotations

import datetime as dt

from django.conf import settings
from django.db import models
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _

from apps.core.database import clock
from apps.pneumatic.canonical import events
from apps.pneumatic.canonical.events import Kind as EventKind
from apps.pneumatic.canonical.events import Seen
from apps.webhooks.tokens import RawField, TargetField

# The worker checks twice a second. After this time it does not run, or it is overloaded.
WORKER_STALE_AFTER = dt.timedelta(seconds=30)


class Kind(models.TextChoices):
    """The four kinds of event, under the gateway's names."""

    WORKFLOW_STARTED = EventKind.WORKFLOW_STARTED.value, _("workflow started")
    TASK_COMPLETED = EventKind.TASK_COMPLETED.value, _("task completed")
    TASK_RETURNED = EventKind.TASK_RETURNED.value, _("task returned")
    WORKFLOW_COMPLETED = EventKind.WORKFLOW_COMPLETED.value, _("workflow completed")


class Endpoint(models.Model):
    """One URL of our webhook receiver: ``/hooks/<token>/``.

    The token is the secret that authenticates Pneumatic. It is derived from SECRET_KEY and ``nonce``, so the database
    alone does not reveal it. ``endpoints.py`` decides which tokens are accepted and until when.
    """

    class State(models.TextChoices):
        PENDING = "arriving", _("pending")  # of a rotation: subscribed, no event received yet
        ACTIVE = "active", _("active")
        RETIRING = "leaving", _("retiring")  # of a rotation: accepted until ``accepted_until``
        RETIRED = "retired", _("retired")

    nonce = models.CharField(max_length=43, unique=True, editable=False)
    state = models.CharField(_("status"), max_length=8, choices=State)
    created_at = models.DateTimeField(_("created"))
    first_event_at = models.DateTimeField(_("first event"), null=True, blank=True)
    accepted_until = models.DateTimeField(_("accepted until"), null=True, blank=True)

    class Meta:
        verbose_name = _("endpoint")
        verbose_name_plural = _("endpoints")
        constraints = [
            # One active and one pending endpoint, even when several processes create one at the same time.
            models.UniqueConstraint(
                fields=["state"],
                condition=models.Q(state__in=["active", "arriving"]),
                name="webhook_endpoint_one_of",
            )
        ]

    def __str__(self) -> str:
        return f"{self._meta.verbose_name} {self.pk}"  # never the token


class Subscription(models.Model):
    """A copy of one of Pneumatic's webhook subscriptions, written by the sync and by changes made here."""

    id = models.BigIntegerField(primary_key=True)
    event = models.CharField(_("event"), max_length=100)  # as in the API
    kind = models.CharField(_("kind"), max_length=20, choices=Kind, blank=True)  # "" for an unknown event
    is_deprecated = models.BooleanField(_("deprecated"), default=False)
    target = TargetField(_("target"))
    created_upstream_at = models.DateTimeField(_("created"), null=True, blank=True)
    updated_upstream_at = models.DateTimeField(_("updated"), null=True, blank=True)
    raw = RawField(default=dict)
    content_hash = models.CharField(max_length=64)
    first_seen_at = models.DateTimeField(_("first seen"))
    changed_at = models.DateTimeField(_("changed"))
    removed_at = models.DateTimeField(_("removed"), null=True, blank=True)

    class Meta:
        verbose_name = _("subscription")
        verbose_name_plural = _("subscriptions")
        permissions = [("manage_subscriptions", "Can subscribe, unsubscribe and rotate the receiver's token")]

    def __str__(self) -> str:
        return f"{self.event} ({self.pk})"


class SubscriptionListing(models.Model):
    """A table of one row: when Pneumatic's subscriptions were listed, the result, and which process may change them.

    The lock is a lease, so that no transaction is open during requests to Pneumatic. ``version`` counts our writes:
    a listing that is older than a change made here is not written over it.
    """

    ONLY = 1  # its primary key

    fetched_at = models.DateTimeField(_("last listed"), null=True, blank=True)
    attempted_at = models.DateTimeField(_("last attempt"), null=True, blank=True)
    error = models.TextField(_("error"), blank=True)  # of the last attempt
    version = models.PositiveIntegerField(default=0)
    holder = models.CharField(max_length=32, blank=True)  # words: ok - of the lease; "" while it is free
    held_until = models.DateTimeField(null=True, blank=True)
    host = models.CharField(max_length=255, blank=True)
    pid = models.PositiveIntegerField(default=0)
    process = models.CharField(max_length=255, blank=True)

    class Meta:
        default_permissions = ()
        verbose_name = _("listing of subscriptions")
        verbose_name_plural = _("listings of subscriptions")

    def __str__(self) -> str:
        return str(self._meta.verbose_name)

    @property
    def is_incomplete(self) -> bool:
        """Whether the last attempt listed them, but some could not be read."""
        return bool(self.error) and self.fetched_at is not None and self.fetched_at == self.attempted_at


class WantedSubscription(models.Model):
    """An expected subscription. ``target`` is "" for our own endpoint, else the URL that a user entered."""

    kind = models.CharField(_("event"), max_length=20, choices=Kind)
    target = models.TextField(_("target"), blank=True)
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+", verbose_name=_("requested by")
    )
    requested_at = models.DateTimeField(_("since"))

    class Meta:
        verbose_name = _("expected subscription")
        verbose_name_plural = _("expected subscriptions")
        constraints = [models.UniqueConstraint(fields=["kind", "target"], name="webhook_wanted_once")]

    def __str__(self) -> str:
        return self.get_kind_display()


_READ_BACK = [
    (Seen.WORKFLOW.value, _("read back")),
    (Seen.GONE.value, _("found deleted")),
    (Seen.ACTIVITY.value, _("read who did what")),
]


class Event(models.Model):
    """An event of a workflow, reported by at least one delivery, or read back from Pneumatic without a delivery.

    ``facts`` is the gateway's canonical event as JSON. ``content_hash`` is that of the payload without ``hook``, so
    a payload that is sent twice is one event. ``occurred_at`` is the latest time in the payload (see
    ``apps/pneumatic/canonical/events.py``). Only the last three columns depend on when and in which order deliveries
    arrive.
    """

    content_hash = models.CharField(max_length=64, unique=True)
    kind = models.CharField(_("event"), max_length=20, choices=[*Kind.choices, *_READ_BACK])
    workflow_id = models.BigIntegerField(_("workflow"))
    template_id = models.BigIntegerField(_("template"), null=True, blank=True)
    task_id = models.BigIntegerField(_("task"), null=True, blank=True)
    occurred_at = models.DateTimeField(_("occurred"), null=True, blank=True)
    facts = models.JSONField()
    first_received_at = models.DateTimeField(_("first received"))
    last_received_at = models.DateTimeField(_("last received"))
    deliveries_count = models.PositiveIntegerField(_("deliveries"), default=1)

    class Meta:
        verbose_name = _("event")
        verbose_name_plural = _("events")
        indexes = [
            models.Index(fields=["workflow_id", "occurred_at"], name="webhook_event_workflow"),
            models.Index(fields=["template_id", "-id"], name="webhook_event_template"),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} ({self.pk})"

    @cached_property
    def parsed(self) -> events.Event:
        """The canonical event that ``facts`` hold. Code that has it already assigns it."""
        return events.event_from_json(self.facts)


class Delivery(models.Model):
    """A request that our receiver stored. The table is the queue: the worker processes what is pending.

    ``body`` is what was received, with a placeholder for our token (``endpoints.masked``). The receiver sets
    ``verdict`` once. ``state`` is the result of processing.
    """

    class Verdict(models.TextChoices):
        ACCEPTED = "accepted", _("accepted")
        UNKNOWN_EVENT = "unknown_event", _("unknown event")
        MISMATCH = "mismatch", _("URL mismatch")  # hook.target is not the URL that received it
        MALFORMED = "malformed", _("malformed")
        TEST = "test", _("test")

    class State(models.TextChoices):
        PENDING = "pending", _("pending")
        PROCESSED = "processed", _("processed")
        DEAD_LETTER = "parked", _("dead letter")  # failed too often, or a URL mismatch: a user decides
        IGNORED = "ignored", _("ignored")

    received_at = models.DateTimeField(_("received"))
    endpoint = models.ForeignKey(
        Endpoint, models.PROTECT, related_name="deliveries", verbose_name=_("endpoint")
    )
    address = models.GenericIPAddressField(_("sender"), null=True, blank=True)
    size = models.PositiveIntegerField(_("size"))  # in bytes, as received
    verdict = models.CharField(_("validation"), max_length=13, choices=Verdict)
    reason = models.TextField(_("reason"), blank=True)  # of the verdict, or of the last failure
    hook_id = models.BigIntegerField(_("subscription"), null=True, blank=True)
    event_name = models.CharField(_("event"), max_length=100, blank=True)  # as in the payload
    state = models.CharField(_("status"), max_length=9, choices=State, default=State.PENDING)
    attempts = models.PositiveIntegerField(_("attempts"), default=0)
    due_at = models.DateTimeField(_("due"))  # not processed earlier
    processed_at = models.DateTimeField(_("processed"), null=True, blank=True)
    event = models.ForeignKey(
        Event, models.SET_NULL, null=True, blank=True, related_name="deliveries", verbose_name=_("event")
    )
    # Of the last replay: handlers get its event once more; a URL mismatch is processed, too.
    is_replayed = models.BooleanField(_("replayed"), default=False)
    is_forced = models.BooleanField(_("forced"), default=False)
    # The last columns: SQLite reads all others without reading these.
    headers = models.JSONField(_("headers"), default=dict)
    body = models.BinaryField(_("body"))

    class Meta:
        verbose_name = _("delivery")
        verbose_name_plural = _("deliveries")
        permissions = [("replay_delivery", "Can process deliveries again")]
        indexes = [
            models.Index(fields=["-received_at", "-id"], name="webhook_delivery_newest"),
            models.Index(fields=["hook_id", "-received_at"], name="webhook_delivery_hook"),
            # For filters of the list in Django admin. Both columns are written once.
            models.Index(fields=["verdict", "-received_at", "-id"], name="webhook_delivery_verdict"),
            models.Index(fields=["event_name", "-received_at", "-id"], name="webhook_delivery_event"),
            models.Index(
                fields=["due_at", "id"], name="webhook_delivery_queue", condition=models.Q(state="pending")
            ),
            models.Index(
                fields=["-received_at", "-id"],
                name="webhook_delivery_parked",
                condition=models.Q(state="parked"),
            ),
            models.Index(
                fields=["-received_at", "-id"],
                name="webhook_delivery_ignored",
                condition=models.Q(state="ignored"),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.event_name or self.get_verdict_display()} ({self.pk})"


class Replay(models.Model):
    """A record that a user replayed deliveries. ``criteria`` describes which, for people.

    ``count`` is the number of deliveries then. Those that were pruned later are no longer among ``deliveries``.
    """

    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("requested by")
    )
    requested_at = models.DateTimeField(_("requested"))
    criteria = models.TextField(_("criteria"))
    is_forced = models.BooleanField(_("forced"), default=False)
    count = models.PositiveIntegerField(_("deliveries"), default=0)
    deliveries = models.ManyToManyField(Delivery, related_name="replays", verbose_name=_("deliveries"))

    class Meta:
        verbose_name = _("replay")
        verbose_name_plural = _("replays")

    def __str__(self) -> str:
        return self.criteria


class RoundTrip(models.Model):
    """A test event that was sent to our own public URL. ``seconds`` is the time until the response."""

    nonce = models.CharField(max_length=43, unique=True, editable=False)
    kind = models.CharField(_("event"), max_length=20, choices=Kind)
    endpoint = models.ForeignKey(Endpoint, models.CASCADE, related_name="+")
    sent_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+", verbose_name=_("sent by")
    )
    sent_at = models.DateTimeField(_("sent"))
    status = models.PositiveSmallIntegerField(_("response"), null=True, blank=True)
    seconds = models.FloatField(_("seconds"), null=True, blank=True)
    error = models.TextField(_("error"), blank=True)
    delivery = models.ForeignKey(Delivery, models.SET_NULL, null=True, blank=True, related_name="+")

    class Meta:
        verbose_name = _("test event")
        verbose_name_plural = _("test events")

    def __str__(self) -> str:
        return f"{self.get_kind_display()} ({self.pk})"

    @property
    def milliseconds(self) -> int | None:
        """The time until the response."""
        return None if self.seconds is None else round(self.seconds * 1000)

    @property
    def was_accepted(self) -> bool:
        """Whether this dashboard responded with 2xx."""
        return not self.error and self.status in range(200, 300)

    @property
    def is_processed(self) -> bool:
        """Whether the worker has processed its delivery."""
        return self.delivery is not None and self.delivery.state != Delivery.State.PENDING

    @property
    def is_in_progress(self) -> bool:
        """Whether the result may still change."""
        if self.error or self.is_processed or (self.status is not None and not self.was_accepted):
            return False
        return clock.now() - self.sent_at < WORKER_STALE_AFTER

    @property
    def is_stuck(self) -> bool:
        """Whether its delivery was stored and not processed in time."""
        return self.delivery is not None and not self.is_processed and not self.is_in_progress
