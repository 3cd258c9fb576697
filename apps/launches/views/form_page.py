"""The page of the launch form, with the notices above it."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from apps.kickoff.forms import KickoffForm
from apps.kickoff.rows import FormProblem
from apps.launches import outcomes, presentation, selectors
from apps.launches.dispatch.request import LaunchRequest, plan
from apps.launches.models import Launch
from apps.launches.submission import urgency
from apps.launches.submission.submission import Submission, open_form
from apps.launches.submission.urgency import UrgencyInput
from apps.launches.views.extensions import extensions
from apps.pneumatic.canonical.schemas import Kickoff
from apps.pneumatic.client import Client
from apps.pneumatic.errors import PneumaticError
from apps.workflow_templates.models import Template
from apps.workflow_templates.selectors import template_for_page
from apps.workflow_templates.versions import Change


@dataclass(frozen=True, slots=True)
class Preview:
    """The request that would be sent: as JSON, and as a curl command without the API key."""

    json: str
    curl: str


@dataclass(frozen=True, slots=True)
class FormPage:
    """A form with its hidden fields, and what the user has to know before launching."""

    template: Template
    form: KickoffForm
    kickoff: Kickoff
    submission_id: uuid.UUID
    previous: Launch | None = None  # edited and launched again: the next launch points at it
    rejected: Launch | None = None  # the attempt that Pneumatic has just rejected
    refusal: str | None = None  # why this user cannot launch this template
    notice: str = ""
    lost: Sequence[str] = ()  # sentences about answers that are no longer valid
    changes: Sequence[Change] = ()  # of the template, while the form was open
    changes_since: Sequence[Change] = ()  # of the template, since ``previous`` was launched
    is_used: bool = False  # the submission id belongs to another user's launch
    differs_from: Launch | None = None  # launched from this form already, with other answers
    same_as: Launch | None = None  # launched already with the same answers
    urgency: UrgencyInput | None = None  # None where this Pneumatic takes none
    preview: Preview | None = None

    @property
    def problems(self) -> list[FormProblem]:
        """Every error, for the summary above the form."""
        return [*self.form.problems, *(self.urgency.problems if self.urgency else [])]

    @property
    def can_launch(self) -> bool:
        """Whether the page has a Launch button; without one, nothing on it can be edited."""
        return not self.refusal and not self.form.blockers


def template_or_404(template_id: int) -> Template:
    """Return the template of this id. Raise Http404 where there is none."""
    template = template_for_page(template_id)
    if template is None:
        raise Http404(_("Template %(id)d not found.") % {"id": template_id})
    return template


def show_form(request: HttpRequest, page: FormPage, *, status: int = 200) -> HttpResponse:
    """Show the form; the status is 403 where this user cannot launch."""
    added = extensions() if page.can_launch else ()
    parts = [extension.parts(request, page.template, page.kickoff) for extension in added]
    for part in parts:
        page.form.additions |= part.fields
    context = {
        "page": page,
        "form": page.form,
        "template": page.template,
        "version": page.template.current_version,
        "kickoff": page.kickoff,
        "parts": parts,
    }
    return render(request, "launches/launch_form.html", context, status=403 if page.refusal else status)


def preview_of(request: LaunchRequest, client: Client) -> Preview:
    """Return what launching ``request`` would send. Raise PneumaticError where its body cannot be built."""
    planned = plan(request, client)
    return Preview(
        json=presentation.pretty_json(planned.payload),
        curl=presentation.as_curl(url=planned.url, payload=planned.payload),
    )


def explain(submission: Submission, error: PneumaticError) -> int:
    """Say in the form what ``error`` means, at its fields where it names any, and return the HTTP status."""
    outcome = outcomes.before_sending(error)
    form = submission.form
    form.add_server_errors(presentation.errors_for_form(submission.definitions, outcome.field_errors))
    form.add_server_errors({"": [outcome.reason]})
    return 422 if outcome.field_errors else 503


def checked_page(
    submission: Submission,
    *,
    template: Template | None = None,
    is_new_request: bool = False,
    preview: Preview | None = None,
    rejected: Launch | None = None,
    **shown: Any,
) -> FormPage:
    """Return the page of a form that was checked, or searched with one of its Find buttons.

    ``is_new_request`` gives the form a new submission id: sending it again starts another workflow.
    """
    return FormPage(
        template=template or submission.template,
        kickoff=submission.kickoff,
        form=submission.form,
        submission_id=uuid.uuid4() if is_new_request else submission.submission_id or uuid.uuid4(),
        previous=rejected or submission.previous,
        rejected=rejected,
        urgency=_shown_urgency(submission),
        preview=preview,
        **shown,
    )


def kept_page(
    submission: Submission,
    template: Template,
    *,
    refusal: str | None = None,
    notice: str = "",
    changes: Sequence[Change] = (),
    lost: Sequence[str] = (),
) -> FormPage:
    """Return the page of the current form, filled with a submission and not checked yet: it asks to launch again.

    The submission id stays as long as it is unused, so that what is sent after all is sent once.
    """
    current, dropped = submission.for_current_version(template)
    submission_id = submission.submission_id
    if changes or submission_id is None or selectors.by_submission(submission_id) is not None:
        submission_id = uuid.uuid4()
    return FormPage(
        template=template,
        kickoff=current.kickoff,
        form=open_form(template, current.kickoff, current.initial, user=submission.signed_in),
        submission_id=submission_id,
        previous=submission.previous,
        refusal=refusal,
        notice=notice,
        changes=changes,
        lost=[*dropped, *lost, *([] if urgency.is_offered() else submission.urgency.left_out)],
        urgency=submission.urgency if urgency.is_offered() else None,
    )


def _shown_urgency(submission: Submission) -> UrgencyInput | None:
    if not urgency.is_offered():
        return None
    return submission.urgency if submission.find else submission.checked_urgency
