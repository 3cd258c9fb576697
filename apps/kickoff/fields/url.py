"""A link."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlsplit

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from apps.core.answers import AnswerText, link_part, safe_link
from apps.kickoff.fields.plain import PlainField
from apps.kickoff.fields.registry import register
from apps.kickoff.lookups import Lookups

_HOST = re.compile(r"[\w.:%-]+")  # letters of any script; an IPv6 address has colons
_INVALID = _("Write a web address that starts with https:// or http://.")


class LinkField(forms.URLField):
    """A web address; ``https://`` is put before one that was typed without a scheme."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(assume_scheme="https", **kwargs)
        self.validators = [_check_address]
        self.error_messages["invalid"] = _INVALID


def _check_address(url: str) -> None:
    """Raise ValidationError for what no browser opens.

    Django's own validator also wants a dot in the host: an address such as ``https://wiki/page`` works in most offices.
    """
    try:
        parts = urlsplit(safe_link(url))
        sensible = _HOST.fullmatch(parts.hostname or "") and parts.port != 0
    except ValueError:  # a port that is no number
        sensible = False
    if not sensible or " " in url or not url.isprintable():
        raise ValidationError(_INVALID)


@register
class UrlField(PlainField):
    """``url``: a web address, http or https only."""

    type_name = "url"
    template_name = "kickoff/widgets/url.html"
    required_message = _("Write a web address: this field is required.")

    def form_field(self, lookups: Lookups) -> forms.Field:
        """Return a field for a web address."""
        field = LinkField(
            required=self.definition.is_required, error_messages={"required": self.required_message}
        )
        return self.limited(field)

    def from_default(self, lookups: Lookups) -> list[str]:
        """Return the default without the blanks around it."""
        return self.parse_link_values([self.definition.default.strip()], lookups)

    def describe(self, value: str) -> AnswerText:
        """Return the address, as a link where it is safe to follow."""
        return AnswerText((link_part(value),))
