"""Subscriptions, what came for them, and what it tells."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _

from apps.pneumatic.canonical import events
from apps.pneumatic.canonical.events import Kind as EventKind
from apps.pneumatic.canonical.events import Seen


class Kind(models.TextChoices):
    """What an event is about; the names are the gateway's."""

    WORKFLOW_STARTED = EventKind.WORKFLOW_STARTED.value, _("workflow started")
    TASK_COMPLETED = EventKind.TASK_COMPLETED.value, _("task completed")
    TASK_RETURNED = EventKind.TASK_RETURNED.value, _("task returned")
    WORKFLOW_COMPLETED = EventKind.WORKFLOW_COMPLETED.value, _("workflow completed")


class Endpoint(models.Model):
    """One address of our receiver: ``/hooks/<token>/``.

    The token is the secret that tells Pneumatic from everybody else. It is derived from SECRET_KEY and ``nonce``, so
    the database alone does not give it away. ``endpoints.py`` knows who is accepted and until when.
    """

    class State(models.TextChoices):
        ARRIVING = "arriving", _("arriving")  # of a rotation: subscribed, not proven yet
        ACTIVE = "active", _("active")
        LEAVING = "leaving", _("leaving")  # of a rotation: accepted until ``accepted_until``
        RETIRED = "retired", _("retired")

    nonce = models.CharField(max_length=43, unique=True, editable=False)
    state = models.CharField(_("state"), max_length=8, choices=State)
    created_at = models.DateTimeField(_("made"))
    first_heard_at = models.DateTimeField(_("first delivery"), null=True, blank=True)
    accepted_until = models.DateTimeField(_("accepted until"), null=True, blank=True)

    class Meta:
        verbose_name = _("receiver address")
        verbose_name_plural = _("receiver addresses")
        constraints = [
            # However many ask at once for an address that is not there yet, or begin a rotation.
            models.UniqueConstraint(
                fields=["state"],
                condition=models.Q(state__in=["active", "arriving"]),
                name="webhook_endpoint_one_of",
            )
        ]

    def __str__(self) -> str:
        return f"{self._meta.verbose_name} {self.pk}"  # never the token


class Subscription(models.Model):
    """The mirror of one of Pneumatic's webhook subscriptions; written by the sync and by our own changes."""

    id = models.BigIntegerField(primary_key=True)
    event = models.CharField(_("event"), max_length=100)  # the name on the wire
    kind = models.CharField(
        _("kind"), max_length=20, choices=Kind, blank=True
    )  # "" for one that we do not know
    is_deprecated = models.BooleanField(_("deprecated"), default=False)
    target = models.TextField(_("target"))
    created_upstream_at = models.DateTimeField(_("created"), null=True, blank=True)
    updated_upstream_at = models.DateTimeField(_("updated"), null=True, blank=True)
    raw = models.JSONField(default=dict)
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
    """When Pneumatic's subscriptions were listed, with what result, and who is changing them: one row.

    The lock is a lease: whoever changes subscriptions holds no transaction open while Pneumatic is asked.
    ``version`` counts what we wrote, so that a listing that is older than a change of our own is not written over it.
    """

    ONLY = 1  # its primary key

    fetched_at = models.DateTimeField(_("last listed"), null=True, blank=True)
    tried_at = models.DateTimeField(_("last tried"), null=True, blank=True)
    error = models.TextField(_("error"), blank=True)  # of the last attempt
    version = models.PositiveIntegerField(default=0)
    holder = models.CharField(max_length=32, blank=True)  # "" for nobody
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


class WantedSubscription(models.Model):
    """What somebody wants Pneumatic to send: ``target`` is "" for our own receiver, else what was typed."""

    kind = models.CharField(_("event"), max_length=20, choices=Kind)
    target = models.TextField(_("target"), blank=True)
    wanted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+", verbose_name=_("wanted by")
    )
    wanted_at = models.DateTimeField(_("since"))

    class Meta:
        verbose_name = _("wanted subscription")
        verbose_name_plural = _("wanted subscriptions")
        constraints = [models.UniqueConstraint(fields=["kind", "target"], name="webhook_wanted_once")]

    def __str__(self) -> str:
        return self.get_kind_display()


_READ_BACK = [(Seen.WORKFLOW.value, _("read back")), (Seen.GONE.value, _("found deleted"))]


class Event(models.Model):
    """Something that happened in a workflow, told by one delivery or more; or what we read back ourselves, of none.

    ``facts`` is the gateway's canonical event as JSON. ``content_hash`` is that of the payload without ``hook``, so
    what is sent twice is one event. ``moment`` is the latest time in the payload (see
    ``apps/pneumatic/canonical/events.py``):
    nothing here depends on when or in which order deliveries came, except the three columns that say so.
    """

    content_hash = models.CharField(max_length=64, unique=True)
    kind = models.CharField(_("event"), max_length=20, choices=[*Kind.choices, *_READ_BACK])
    workflow_id = models.BigIntegerField(_("workflow"))
    template_id = models.BigIntegerField(_("template"), null=True, blank=True)
    task_id = models.BigIntegerField(_("task"), null=True, blank=True)
    moment = models.DateTimeField(_("moment"), null=True, blank=True)
    facts = models.JSONField()
    first_received_at = models.DateTimeField(_("first received"))
    last_received_at = models.DateTimeField(_("last received"))
    deliveries_count = models.PositiveIntegerField(_("deliveries"), default=1)

    class Meta:
        verbose_name = _("event")
        verbose_name_plural = _("events")
        indexes = [
            models.Index(fields=["workflow_id", "moment"], name="webhook_event_workflow"),
            models.Index(fields=["template_id", "-id"], name="webhook_event_template"),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} ({self.pk})"

    @cached_property
    def told(self) -> events.Event:
        """Return what ``facts`` tell; whoever knows it already sets it."""
        return events.event_from_json(self.facts)


class Delivery(models.Model):
    """One request that our receiver accepted, as it came. The table is the queue: ``state`` says what is left to do.

    ``verdict`` is what the receiver saw at once, ``state`` what the worker made of it.
    """

    class Verdict(models.TextChoices):
        ACCEPTED = "accepted", _("accepted")
        UNKNOWN_EVENT = "unknown_event", _("unknown event")
        MISMATCH = "mismatch", _("does not fit the address")  # hook.target is not the address that it came by
        MALFORMED = "malformed", _("malformed")
        TEST = "test", _("test")

    class State(models.TextChoices):
        PENDING = "pending", _("waiting")
        PROCESSED = "processed", _("processed")
        PARKED = "parked", _("parked")  # failed too often, or held back: a person decides
        IGNORED = "ignored", _("nothing to do")

    received_at = models.DateTimeField(_("received"))
    endpoint = models.ForeignKey(
        Endpoint, models.PROTECT, related_name="deliveries", verbose_name=_("receiver address")
    )
    address = models.GenericIPAddressField(_("sender"), null=True, blank=True)
    size = models.PositiveIntegerField(_("size"))  # in bytes
    verdict = models.CharField(_("verdict"), max_length=13, choices=Verdict)
    reason = models.TextField(_("reason"), blank=True)  # of the verdict, or of the last failure
    hook_id = models.BigIntegerField(_("subscription"), null=True, blank=True)
    event_name = models.CharField(_("event"), max_length=100, blank=True)  # as on the wire
    state = models.CharField(_("state"), max_length=9, choices=State, default=State.PENDING)
    attempts = models.PositiveIntegerField(_("attempts"), default=0)
    due_at = models.DateTimeField(_("due"))  # not before this moment
    processed_at = models.DateTimeField(_("processed"), null=True, blank=True)
    event = models.ForeignKey(
        Event, models.SET_NULL, null=True, blank=True, related_name="deliveries", verbose_name=_("event")
    )
    # Of the last replay: its event is told once more; it counts although it does not fit the address.
    is_replayed = models.BooleanField(_("replayed"), default=False)
    is_forced = models.BooleanField(_("processed all the same"), default=False)
    # Last: SQLite then reads everything else without walking through them.
    headers = models.JSONField(_("headers"), default=dict)
    body = models.BinaryField(_("body"))

    class Meta:
        verbose_name = _("delivery")
        verbose_name_plural = _("deliveries")
        permissions = [("replay_delivery", "Can process deliveries again")]
        indexes = [
            models.Index(fields=["-received_at", "-id"], name="webhook_delivery_newest"),
            models.Index(fields=["hook_id", "-received_at"], name="webhook_delivery_hook"),
            # What the list in Django admin is narrowed to; both are written once and never changed.
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
    """That somebody had deliveries processed again; ``wish`` says which, in words.

    ``count`` is how many there were; those that were pruned since are no longer among ``deliveries``.
    """

    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("asked by")
    )
    asked_at = models.DateTimeField(_("asked"))
    wish = models.TextField(_("which"))
    is_forced = models.BooleanField(_("those too that do not fit the address"), default=False)
    count = models.PositiveIntegerField(_("how many"), default=0)
    deliveries = models.ManyToManyField(Delivery, related_name="replays", verbose_name=_("deliveries"))

    class Meta:
        verbose_name = _("replay")
        verbose_name_plural = _("replays")

    def __str__(self) -> str:
        return self.wish


class RoundTrip(models.Model):
    """A test event that was sent to our own public address, and how far it came. ``seconds`` until the answer."""

    nonce = models.CharField(max_length=43, unique=True, editable=False)
    kind = models.CharField(_("event"), max_length=20, choices=Kind)
    endpoint = models.ForeignKey(Endpoint, models.CASCADE, related_name="+")
    sent_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+", verbose_name=_("sent by")
    )
    sent_at = models.DateTimeField(_("sent"))
    status = models.PositiveSmallIntegerField(_("answer"), null=True, blank=True)
    seconds = models.FloatField(_("seconds"), null=True, blank=True)
    error = models.TextField(_("error"), blank=True)
    delivery = models.ForeignKey(Delivery, models.SET_NULL, null=True, blank=True, related_name="+")

    class Meta:
        verbose_name = _("test event")
        verbose_name_plural = _("test events")

    def __str__(self) -> str:
        return f"{self.get_kind_display()} ({self.pk})"
