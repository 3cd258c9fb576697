"""The form that subscribes: which events, and where to."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.http import QueryDict
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _

from apps.pneumatic.canonical.events import Kind as EventKind
from apps.webhooks.models import Kind
from apps.webhooks.subscriptions import services
from apps.webhooks.subscriptions.targets import fingerprint

OURS, OTHER = "ours", "other"


class SubscribeForm(forms.Form):
    """Events to subscribe to. ``warnings`` are sentences that must be confirmed; then ``needs_word`` is True.

    So must be that an address loses an event: ``replaced`` are those, by kind. What is confirmed are the warnings and
    the addresses that were shown, for the address that was shown: others are asked about anew.
    """

    kinds = forms.MultipleChoiceField(
        label=_("Events"),
        choices=[(kind.value, capfirst(kind.label)) for kind in Kind],
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": _("Choose an event.")},
    )
    where = forms.ChoiceField(
        label=_("Where to"),
        choices=[(OURS, _("Our receiver")), (OTHER, _("Another address"))],
        widget=forms.RadioSelect,
        initial=OURS,
    )
    target = forms.CharField(
        label=_("Address"),
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "off", "inputmode": "url", "spellcheck": "false"}),
        help_text=_("For example https://example.com/listener. Only for another address than our receiver."),
    )
    confirmed = forms.CharField(required=False, widget=forms.HiddenInput)

    def __init__(self, data: QueryDict | None = None, *, kinds: Sequence[str] = Kind.values) -> None:
        """Bind ``data``; without it, ``kinds`` are ticked."""
        self.warnings: tuple[str, ...] = ()
        self.replaced: dict[EventKind, str] = {}
        if data is not None and "all" in data:  # the button for all of them in one go
            data = data.copy()
            data.setlist("kinds", Kind.values)
        super().__init__(data, initial={"kinds": kinds, "where": OURS}, label_suffix="")

    def clean(self) -> dict[str, Any]:
        """Check the address that is meant, and see whether its warnings were read."""
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        where = cleaned.get("where")
        if where == OURS:
            cleaned["target"] = ""
            address = services.proposed_target()
            if not address:
                self.add_error("where", _("Our receiver has no address as long as PUBLIC_URL is empty."))
                return cleaned
        elif where == OTHER:
            address = cleaned.get("target", "")
        else:
            return cleaned
        check = services.check_target(address)
        for error in check.errors:
            self.add_error("target" if where == OTHER else "where", error)
        self.warnings = check.warnings
        kinds = [EventKind(value) for value in cleaned.get("kinds", ())]
        self.replaced = {} if check.errors else services.to_replace(kinds, cleaned["target"])
        return cleaned

    @property
    def needs_word(self) -> bool:
        """Return True when there is something that nobody has confirmed."""
        return not set(self._words()) <= set(self.data.get("confirmed", "").split())

    @property
    def confirmation(self) -> str:
        """Return what ``confirmed`` holds once all of it was read."""
        return " ".join(self._words())

    def _words(self) -> list[str]:
        target = self.cleaned_data.get("target", "")
        words = [fingerprint(target, *map(str, self.warnings))] if self.warnings else []
        return words + [fingerprint(target, kind, other) for kind, other in self.replaced.items()]
