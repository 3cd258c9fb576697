"""Ask before deliveries are processed again: one, a selection, or all that came in a time."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.db.models import Count, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_http_methods

from apps.pneumatic.canonical.events import Kind as EventKind
from apps.pneumatic.deliveries import names_of
from apps.webhooks.admin.deliveries.pages import show
from apps.webhooks.admin.permissions import REPLAY, needs
from apps.webhooks.models import Delivery, Kind, Replay
from apps.webhooks.processing import replay as processing_replay

Verdict = Delivery.Verdict
FORCIBLE = (Verdict.MISMATCH, Verdict.MALFORMED)
LIST = "admin:webhooks_delivery_changelist"
_MINUTE = "%Y-%m-%dT%H:%M"
_SECOND = "%Y-%m-%dT%H:%M:%S"


class WindowForm(forms.Form):
    """Which deliveries: those that came between two moments, of the reader's time zone."""

    since = forms.DateTimeField(
        label=gettext_lazy("From"),
        input_formats=[_MINUTE, _SECOND],
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format=_MINUTE),
    )
    until = forms.DateTimeField(
        label=gettext_lazy("Until"),
        input_formats=[_MINUTE, _SECOND],
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format=_MINUTE),
    )
    state = forms.ChoiceField(
        label=gettext_lazy("State"),
        required=False,
        choices=[("", gettext_lazy("Any state")), *Delivery.State.choices],
    )
    kind = forms.ChoiceField(
        label=gettext_lazy("Event"), required=False, choices=[("", gettext_lazy("Any event")), *Kind.choices]
    )

    def clean(self) -> dict[str, Any]:
        """Refuse a time that ends before it begins."""
        cleaned = super().clean() or self.cleaned_data
        since, until = cleaned.get("since"), cleaned.get("until")
        if since and until and until <= since:
            self.add_error("until", _("This is not after “From”."))
        return cleaned

    def deliveries(self) -> QuerySet[Delivery]:
        """Return what the valid form names."""
        wanted = self.cleaned_data
        found = Delivery.objects.filter(received_at__gte=wanted["since"], received_at__lt=wanted["until"])
        if wanted["state"]:
            found = found.filter(state=wanted["state"])
        if wanted["kind"]:
            found = found.filter(event_name__in=names_of(EventKind(wanted["kind"])))
        return found

    def criteria(self) -> str:
        """Return the same in words."""
        wanted = self.cleaned_data
        words = _("received from %(since)s until %(until)s") % {
            "since": _moment(wanted["since"]),
            "until": _moment(wanted["until"]),
        }
        also = [
            dict(self.fields[name].choices)[wanted[name]]  # type: ignore[attr-defined]  # both are ChoiceFields
            for name in ("state", "kind")
            if wanted[name]
        ]
        return ", ".join([words, *map(str, also)])


@require_http_methods(["GET", "POST"])
@needs(REPLAY)
def one(request: HttpRequest, delivery_id: int) -> HttpResponse:
    """Replay one delivery."""
    chosen = Delivery.objects.filter(pk=delivery_id)
    if not chosen.exists():
        raise Http404(_("There is no such delivery: it may have been pruned."))
    return _confirm(request, chosen, criteria=_("delivery %(id)s") % {"id": delivery_id})


def selected(request: HttpRequest, chosen: QuerySet[Delivery]) -> HttpResponse:
    """Replay what was ticked in the list, or all that the list holds; called by the action there."""
    fields = [
        ("action", "replay_selected"),
        ("select_across", request.POST.get("select_across", "0")),
        *((ACTION_CHECKBOX_NAME, key) for key in request.POST.getlist(ACTION_CHECKBOX_NAME)),
    ]
    narrowed = request.GET.urlencode() if request.POST.get("select_across") == "1" else ""
    criteria = (
        _("all of the list “%(query)s”") % {"query": narrowed} if narrowed else _("selected in the list")
    )
    # A list is ordered and narrowed by joins; what is replayed is the bare set of its rows.
    return _confirm(request, Delivery.objects.filter(pk__in=chosen.order_by().values("pk")), criteria, fields)


@require_http_methods(["GET", "POST"])
@needs(REPLAY)
def window(request: HttpRequest) -> HttpResponse:
    """Replay all that came in a time: choose, see how many, confirm."""
    given = request.POST or request.GET
    is_asked = "since" in given
    now = timezone.localtime()
    form = WindowForm(
        given if is_asked else None, initial={"since": now - dt.timedelta(hours=1), "until": now}
    )
    if is_asked and form.is_valid():
        fields = [(name, given.get(name, "")) for name in form.fields]
        return _confirm(request, form.deliveries(), form.criteria(), fields, form=form)
    return show(
        request, "delivery/window.html", Delivery, {"title": _("Process a period again"), "form": form}
    )


def states_of(replay: Replay) -> list[tuple[str, int]]:
    """Return how many of a replay's deliveries are in which state now."""
    labels = {value: str(label) for value, label in Delivery.State.choices}
    counted = replay.deliveries.order_by().values("state").annotate(number=Count("pk"))
    return [(labels[row["state"]], row["number"]) for row in counted]


def _confirm(
    request: HttpRequest,
    chosen: QuerySet[Delivery],
    criteria: str,
    fields: list[tuple[str, str]] | None = None,
    *,
    form: WindowForm | None = None,
) -> HttpResponse:
    """Replay ``chosen`` where a person has confirmed it, else ask; ``fields`` are what the question sends along."""
    if request.method == "POST" and "confirmed" in request.POST:
        return _carry_out(request, chosen, criteria)
    counts = chosen.order_by().values("verdict").annotate(number=Count("pk"))
    verdicts = {row["verdict"]: row["number"] for row in counts}
    labels = dict(Delivery.Verdict.choices)
    context = {
        "title": _("Process again?"),
        "criteria": criteria,
        "number": sum(verdicts.values()),
        "most": processing_replay.MOST,
        "is_too_much": sum(verdicts.values()) > processing_replay.MOST,
        "verdicts": [(labels[verdict], number) for verdict, number in sorted(verdicts.items())],
        "forcible": sum(verdicts.get(verdict, 0) for verdict in FORCIBLE),
        "fields": fields or [],
        "form": form,
    }
    return show(request, "delivery/replay.html", Delivery, context)


def _carry_out(request: HttpRequest, chosen: QuerySet[Delivery], criteria: str) -> HttpResponse:
    try:
        replay = processing_replay.replay(request.user, chosen, criteria, force="force" in request.POST)
    except processing_replay.TooManyError as error:
        messages.error(request, str(error))
        return redirect(LIST)
    messages.success(
        request,
        ngettext(
            "%(count)d delivery is in the queue again. The worker processes it now.",
            "%(count)d deliveries are in the queue again. The worker processes them now.",
            replay.count,
        )
        % {"count": replay.count},
    )
    return redirect("admin:webhooks_replay_change", replay.pk)


def _moment(moment: dt.datetime) -> str:
    return date_format(timezone.localtime(moment), "DATETIME_FORMAT")
