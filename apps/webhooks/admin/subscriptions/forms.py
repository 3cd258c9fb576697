"""The form that subscribes to events."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.http import QueryDict
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _

from apps.pneumatic.canonical.events import Kind as EventKind
from apps.webhooks import endpoints
from apps.webhooks.models import Kind
from apps.webhooks.subscriptions import services
from apps.webhooks.subscriptions.targets import check_target, fingerprint

OURS, OTHER = "ours", "other"


class SubscribeForm(forms.Form):
    """Events to subscribe to, and the target.

    A user must confirm ``warnings`` about the target, and the URLs in ``replaced``, which lose an event. A confirmation
    is valid for the warnings, URLs and target that were shown, and no others.
    """

    kinds = forms.MultipleChoiceField(
        label=_("Events"),
        choices=[(kind.value, capfirst(kind.label)) for kind in Kind],
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": _("Select an event.")},
    )
    where = forms.ChoiceField(
        label=_("Target"),
        choices=[(OURS, _("Our endpoint")), (OTHER, _("Another URL"))],
        widget=forms.RadioSelect,
        initial=OURS,
    )
    target = forms.CharField(
        label=_("URL"),
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "off", "inputmode": "url", "spellcheck": "false"}),
        help_text=_("For example https://example.com/listener. Only for another URL than our endpoint."),
    )
    confirmed = forms.CharField(required=False, widget=forms.HiddenInput)

    def __init__(self, data: QueryDict | None = None, *, kinds: Sequence[str] = Kind.values) -> None:
        """Bind ``data``; without it, ``kinds`` are selected."""
        self.warnings: tuple[str, ...] = ()
        self.replaced: dict[EventKind, str] = {}
        if data is not None and "all" in data:  # the button for all events
            data = data.copy()
            data.setlist("kinds", Kind.values)
        super().__init__(data, initial={"kinds": kinds, "where": OURS}, label_suffix="")

    def clean(self) -> dict[str, Any]:
        """Check the target, and find the URLs that would be replaced."""
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        where = cleaned.get("where")
        if where == OURS:
            cleaned["target"] = ""
            url = services.proposed_target()
            if not url:
                self.add_error("where", endpoints.NO_URL)
                return cleaned
        elif where == OTHER:
            url = cleaned.get("target", "")
        else:
            return cleaned
        check = check_target(url)
        for error in check.errors:
            self.add_error("target" if where == OTHER else "where", error)
        self.warnings = check.warnings
        kinds = [EventKind(value) for value in cleaned.get("kinds", ())]
        self.replaced = {} if check.errors else services.to_replace(kinds, cleaned["target"])
        return cleaned

    @property
    def needs_confirmation(self) -> bool:
        """Whether something is not confirmed yet."""
        return not set(self._fingerprints()) <= set(self.data.get("confirmed", "").split())

    @property
    def confirmation(self) -> str:
        """The value of ``confirmed`` that confirms everything shown."""
        return " ".join(self._fingerprints())

    def _fingerprints(self) -> list[str]:
        target = self.cleaned_data.get("target", "")
        found = [fingerprint(target, *map(str, self.warnings))] if self.warnings else []
        return found + [fingerprint(target, kind, other) for kind, other in self.replaced.items()]
