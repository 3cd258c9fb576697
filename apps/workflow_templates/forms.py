"""The filters above the catalogue."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib.auth.models import AbstractUser
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _

from apps.core.text.visible import first_visible
from apps.workflow_templates.selectors import Filters
from apps.workflow_templates.words import FIELD_TYPES

STATES = [
    ("", _("All current")),
    ("active", _("Active")),
    ("inactive", _("Inactive")),
    ("removed", _("Removed")),
]


def _field_types() -> list[tuple[str, Any]]:
    types = [(name, capfirst(str(words))) for name, words in FIELD_TYPES.items()]
    return [("", _("Any")), ("nothing", _("No fields")), *types]


class CatalogueForm(forms.Form):
    """A GET form; ``filters()`` ignores invalid values in the address."""

    q = forms.CharField(label=_("Search templates"), required=False, max_length=200)
    state = forms.ChoiceField(label=_("Status"), required=False, choices=STATES)
    asks_for = forms.ChoiceField(label=_("Field type"), required=False, choices=_field_types)
    mine = forms.BooleanField(label=_("Only templates I can launch"), required=False)

    def __init__(self, data: Any, *, user: AbstractUser) -> None:
        super().__init__(data, label_suffix="")
        if not user.has_perm("launches.launch_workflow"):
            del self.fields["mine"]

    def filters(self) -> Filters:
        """Return the filters; a value that is not one of the choices counts as not set."""
        self.is_valid()
        chosen = self.cleaned_data
        return Filters(
            query=first_visible(chosen.get("q", "")),
            state=chosen.get("state", ""),
            asks_for=chosen.get("asks_for", ""),
            launchable=chosen.get("mine", False),
        )
