"""Forms of the launch pages: the filters of the list, and the result that resolves an unknown launch."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django import forms
from django.core.validators import MaxValueValidator, MinValueValidator
from django.utils.translation import gettext_lazy as _

from apps.core.identifiers import MAX_NUMBER
from apps.core.text.visible import first_visible
from apps.launches.models import Launch
from apps.launches.selectors import LaunchFilters, people_who_launched

# Other days are typing errors, and those at the edge of the calendar do not exist in every time zone.
_PLAUSIBLE = (MinValueValidator(dt.date(1900, 1, 1)), MaxValueValidator(dt.date(2999, 12, 31)))


class LaunchFilterForm(forms.Form):
    """The filters of the launch list. An invalid value is shown as wrong and filters nothing."""

    q = forms.CharField(label=_("Search"), required=False, max_length=200)
    state = forms.ChoiceField(
        label=_("Status"), required=False, choices=[("", _("Any status")), *Launch.State.choices]
    )
    template = forms.CharField(label=_("Template"), required=False, max_length=200)
    person = forms.TypedChoiceField(label=_("Launched by"), required=False, coerce=int, empty_value=None)
    since = forms.DateField(
        label=_("From"), required=False, validators=_PLAUSIBLE, widget=forms.DateInput(attrs={"type": "date"})
    )
    until = forms.DateField(
        label=_("To"), required=False, validators=_PLAUSIBLE, widget=forms.DateInput(attrs={"type": "date"})
    )

    def __init__(self, data: Any) -> None:
        super().__init__(data, label_suffix="", use_required_attribute=False)
        people = [(user.pk, user.shown_name) for user in people_who_launched()]
        self.fields["person"].choices = [("", _("Any user")), *people]  # type: ignore[attr-defined]  # a ChoiceField
        for name, field in self.fields.items():
            field.widget.attrs["class"] = "input"
            if name in {"q", "template"}:
                field.widget.input_type = "search"
                field.widget.attrs["autocomplete"] = "off"
        self.fields["q"].widget.attrs["placeholder"] = _("Workflow name or ID")
        self.fields["template"].widget.attrs["placeholder"] = _("Name or ID")

    def filters(self) -> LaunchFilters:
        """Return the valid filters."""
        self.is_valid()
        cleaned = self.cleaned_data
        return LaunchFilters(
            query=first_visible(cleaned.get("q", "")),
            state=cleaned.get("state", ""),
            template=first_visible(cleaned.get("template", "")),
            person=cleaned.get("person"),
            since=cleaned.get("since"),
            until=cleaned.get("until"),
        )


class ResolveForm(forms.Form):
    """The outcome of an unknown launch, as a user found it in Pneumatic."""

    RUNNING, NOT_STARTED = "running", "not_started"

    found = forms.ChoiceField(choices=[(RUNNING, ""), (NOT_STARTED, "")])
    workflow_id = forms.IntegerField(required=False, min_value=1, max_value=MAX_NUMBER)
    confirmed = forms.BooleanField(error_messages={"required": _("Confirm that you checked in Pneumatic.")})

    def clean(self) -> dict[str, Any]:
        """Require the workflow's id where it is running."""
        cleaned = super().clean() or self.cleaned_data
        running = cleaned.get("found") == self.RUNNING
        if running and cleaned.get("workflow_id") is None and "workflow_id" not in self.errors:
            self.add_error(
                "workflow_id", _("Enter the workflow's ID: the number in its address in Pneumatic.")
            )
        return cleaned

    @property
    def workflow_id_found(self) -> int | None:
        """The id of the running workflow; None where it was not started."""
        found: int | None = self.cleaned_data["workflow_id"]
        return found if self.cleaned_data["found"] == self.RUNNING else None
