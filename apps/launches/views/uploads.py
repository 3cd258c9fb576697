"""The endpoint to which the browser's script uploads files, one a request."""

from __future__ import annotations

from http import HTTPStatus

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, JsonResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from apps.launches.uploads import handler, services
from apps.pneumatic.client import client_on_demand


@login_not_required  # the script needs JSON, not a redirect to the login page
@require_POST
def file_upload(request: HttpRequest) -> JsonResponse:
    """Upload one file to Pneumatic; respond with its id, or with a sentence that says why not.

    Where the upload limit is reached, respond with 429 and ``Retry-After``: the script waits, not a thread here.
    """
    if not request.user.is_authenticated:
        return _error(
            _("Your session has ended. Sign in again in another tab, then upload the file."), status=401
        )
    if not request.user.has_perm("launches.launch_workflow"):
        return _error(_("Your role does not allow launches, so you cannot upload files."), status=403)
    too_large = [name for _control, names in handler.oversized(request).lists() for name in names]
    if too_large:
        return _error(services.too_large(too_large[0] or _("The file")), status=413)
    no_room = [name for _control, names in handler.unstored(request).lists() for name in names]
    if no_room:
        return _error(services.no_room(no_room[0]), status=HTTPStatus.INSUFFICIENT_STORAGE)
    incoming = [file for _control, found in request.FILES.lists() for file in found]
    if len(incoming) != 1:
        return _error(_("Send one file at a time."), status=400)
    try:
        with client_on_demand() as open_client:
            stored = services.store(
                user=request.user,
                incoming=incoming[0],
                open_client=open_client,
                name=request.POST.get("name", "").replace("\0", "\N{REPLACEMENT CHARACTER}"),
            )
    except services.UploadsBusyError as error:
        response = _error(str(error), status=429)
        response["Retry-After"] = str(error.retry_after)
        return response
    except services.TooLargeError as error:
        return _error(str(error), status=413)
    except services.UploadError as error:
        return _error(str(error), status=422)
    return JsonResponse(
        {"id": str(stored.pk), "name": str(stored), "size": stored.size, "url": stored.url}, status=201
    )


def _error(sentence: str, *, status: int) -> JsonResponse:
    return JsonResponse({"error": sentence}, status=status)
