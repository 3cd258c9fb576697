"""The filters of the list of workflows."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django import forms
from django.core.validators import MaxValueValidator, MinValueValidator
from django.utils.translation import gettext_lazy as _

from apps.accounts.models import User
from apps.core.text.folding import fold
from apps.core.text.visible import first_visible
from apps.workflows.models import Workflow
from apps.workflows.selectors import ME, OUTSIDE, WorkflowFilters, starters

# Other days are typing errors; those at the ends of the calendar do not exist in every time zone.
_PLAUSIBLE = (MinValueValidator(dt.date(1900, 1, 1)), MaxValueValidator(dt.date(2999, 12, 31)))
MAX_QUIET_DAYS = 3650


def _day(label: Any) -> forms.DateField:
    widget = forms.DateInput(attrs={"type": "date"})
    return forms.DateField(label=label, required=False, validators=_PLAUSIBLE, widget=widget)


class WorkflowFilterForm(forms.Form):
    """The filters of the list. An invalid value gets an error and filters nothing.

    A new filter is a field here, a name in SHOWN or FOLDED, a condition in ``selectors._filtered``, and a row of the
    table in ``docs/workflows.md``.
    """

    q = forms.CharField(label=_("Search"), required=False, max_length=200)
    state = forms.ChoiceField(
        label=_("Status"), required=False, choices=[("", _("Any status")), *Workflow.State.choices]
    )
    template = forms.CharField(label=_("Template"), required=False, max_length=200)
    held = forms.CharField(label=_("Assigned to"), required=False, max_length=200)
    starter = forms.ChoiceField(label=_("Started by"), required=False)
    since = _day(_("Started from"))
    until = _day(_("Started to"))
    quiet = forms.IntegerField(
        label=_("Days without events"), required=False, min_value=1, max_value=MAX_QUIET_DAYS
    )
    gaps = forms.BooleanField(label=_("Missing events"), required=False)

    SHOWN = ("q", "state", "template", "held")
    FOLDED = ("starter", "since", "until", "quiet", "gaps")

    def __init__(self, data: Any, *, user: User) -> None:
        super().__init__(data, label_suffix="", use_required_attribute=False)
        self.user = user
        people = [(str(one.pk), one.shown_name) for one in starters()]
        self.fields["starter"].choices = [  # type: ignore[attr-defined]  # a ChoiceField
            ("", _("Any user")),
            (ME, _("Me")),
            (OUTSIDE, _("Outside this dashboard")),
            *people,
        ]
        for name, field in self.fields.items():
            if name == "gaps":
                continue
            field.widget.attrs["class"] = "input"
            if name in {"q", "template", "held"}:
                field.widget.input_type = "search"
                field.widget.attrs["autocomplete"] = "off"
        self.fields["q"].widget.attrs["placeholder"] = _("Name or ID")
        self.fields["template"].widget.attrs["placeholder"] = _("Name or ID")
        self.fields["held"].widget.attrs["placeholder"] = _("me, or a name")

    def shown(self) -> list[forms.BoundField]:
        """Return the filters that are always visible."""
        return [self[name] for name in self.SHOWN]

    def folded(self) -> list[forms.BoundField]:
        """Return those behind "More filters"."""
        return [self[name] for name in self.FOLDED]

    def is_unfolded(self) -> bool:
        """Return whether one of these has a value."""
        return any(self.data.get(name) for name in self.FOLDED)

    def filters(self) -> WorkflowFilters:
        """Return the valid filters."""
        self.is_valid()
        cleaned = self.cleaned_data
        held = first_visible(cleaned.get("held", ""))
        return WorkflowFilters(
            user=self.user,
            query=first_visible(cleaned.get("q", "")),
            state=cleaned.get("state", ""),
            template=first_visible(cleaned.get("template", "")),
            held=ME if fold(held) in {ME, fold(str(_("me")))} else held,
            starter=cleaned.get("starter", ""),
            gaps=cleaned.get("gaps", False),
            since=cleaned.get("since"),
            until=cleaned.get("until"),
            quiet=cleaned.get("quiet"),
        )
