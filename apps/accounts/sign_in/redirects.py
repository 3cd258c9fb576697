"""Where a sign-in leads to."""

from __future__ import annotations

from django.contrib.auth.views import RedirectURLMixin
from django.http import HttpRequest
from django.utils.http import MAX_URL_LENGTH, MAX_URL_REDIRECT_LENGTH, url_has_allowed_host_and_scheme


class LongRedirectMixin(RedirectURLMixin):
    """Returns to long addresses too, such as links that fill in a form."""

    request: HttpRequest

    def get_redirect_url(self) -> str:
        """Return where to go afterwards, if that is a page of this dashboard.

        Django refuses every address above 2,048 characters. The start of a path shows as well that it is one of ours.
        """
        names = self.request.POST if self.redirect_field_name in self.request.POST else self.request.GET
        address = names.get(self.redirect_field_name, "")
        if len(address) <= MAX_URL_LENGTH:
            return super().get_redirect_url()
        is_ours = address.startswith("/") and url_has_allowed_host_and_scheme(
            address[:MAX_URL_LENGTH], allowed_hosts=None, require_https=self.request.is_secure()
        )
        return address if is_ours and len(address) <= MAX_URL_REDIRECT_LENGTH else ""
