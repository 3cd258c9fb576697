"""A link."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlsplit

from django import forms
from django.core.exceptions import ValidationError
from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from apps.core.answers import AnswerText, link_part
from apps.core.text.visible import is_blank
from apps.kickoff.fields.plain import PlainField
from apps.kickoff.fields.registry import register
from apps.kickoff.lookups import Lookups

_SCHEMES = frozenset({"http", "https", "ftp", "ftps"})
_HOST = re.compile(r"[\w.:%-]+")  # letters of any script; an IPv6 address has colons
_HOST_AND_PORT = re.compile(r"[^\s/:?#@]+:\d+(?:[/?#].*)?")
_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*:", re.IGNORECASE)
_HALF_A_SCHEME = re.compile(r"(https?|ftps?)(?::?/{1,2}|:)(?!/)", re.IGNORECASE)
_INVALID = _("Write a web address that starts with https:// or http://.")


class LinkField(forms.CharField):
    """A web address; ``https://`` is put before one that was typed without a scheme."""

    widget = forms.URLInput

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.validators = [_check_address]

    def to_python(self, value: Any) -> str:
        """Return the address with its scheme; '' for nothing that can be seen."""
        text = super().to_python(value) or ""
        if is_blank(text):
            return ""
        has_scheme = _SCHEME.match(text) and not _HOST_AND_PORT.fullmatch(text)
        return text if has_scheme or _HALF_A_SCHEME.match(text) else f"https://{text}"


def _check_address(url: str) -> None:
    """Raise ValidationError, with what is wrong, for what no browser opens or what Pneumatic cannot read.

    Django's own validator also wants a dot in the host: an address such as ``https://wiki/page`` works in most offices.
    """
    if reason := _fault_of(url):
        raise ValidationError(str(reason))


def _fault_of(url: str) -> str | Promise:
    """Return a sentence about what is wrong with an address; '' for a valid one."""
    if re.search(r"\s", url):
        has_address = not re.search(r"\s", url.partition("://")[2].partition("/")[0])
        return _("A web address has no blanks. Write %20 for each blank.") if has_address else _INVALID
    if not url.isprintable():
        return _("The web address has an invisible character. Type it again instead of pasting.")
    if (half := _HALF_A_SCHEME.match(url)) and "://" not in half[0]:
        return gettext("Write a colon and two slashes after “%(scheme)s”: %(scheme)s://") % {
            "scheme": half[1]
        }
    if url.count("://") > 1 and re.match(r"\w+://\w+://", url):
        return _("The web address starts twice with http:// or https://.")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:  # a port that is no number, or half an IPv6 address
        return _("The host or the port of the web address is invalid.")
    if parts.scheme not in _SCHEMES or not parts.hostname:
        return _INVALID
    if not _HOST.fullmatch(parts.hostname) or port == 0 or not _is_host(parts.hostname):
        return gettext("“%(host)s” is no valid host of a web address.") % {"host": parts.netloc[:80]}
    return ""


def _is_host(host: str) -> bool:
    """Return whether each part between the dots of a host can be looked up: none is empty or too long."""
    try:
        host.encode("idna")
    except UnicodeError:
        return False
    return True


@register
class UrlField(PlainField):
    """``url``: a web address (http, https, ftp, ftps)."""

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
