"""The page of the launch form, whatever there is to say above it."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from apps.accounts.models import User
from apps.kickoff.forms import KickoffForm
from apps.kickoff.rows import FormProblem
from apps.launches import outcomes, presentation, selectors
from apps.launches.dispatch import services
from apps.launches.models import Launch
from apps.launches.submission import submission, urgency
from apps.launches.submission.submission import Submission
from apps.launches.submission.urgency import UrgencyInput
from apps.pneumatic.errors import PneumaticError
from apps.workflow_templates.models import Template
from apps.workflow_templates.selectors import template_for_page
from apps.workflow_templates.versions import Change


@dataclass(frozen=True, slots=True)
class Preview:
    """What would be sent: as JSON, and as a command without the key."""

    json: str
    curl: str


@dataclass(frozen=True, slots=True)
class FormPage:
    """A form with its hidden marks, and what the person has to know before they press Launch."""

    template: Template
    form: KickoffForm
    submission_id: uuid.UUID
    previous: Launch | None = None  # edited and launched again: the next launch points at it
    rejected: Launch | None = None  # the attempt that the server has just refused
    refusal: str | None = None  # why this person cannot launch this template
    notice: str = ""
    lost: Sequence[str] = ()  # answers that no longer fit
    changes: Sequence[Change] = ()  # of the template, while the form was open
    spent: bool = False  # the submission id belongs to somebody else's launch
    differs_from: Launch | None = None  # launched from this form already, with other answers
    same_as: Launch | None = None  # launched already with the same answers
    urgent: UrgencyInput | None = None  # None where this server takes no such thing
    preview: Preview | None = None

    @property
    def problems(self) -> list[FormProblem]:
        """Return everything that is wrong, for the summary above the form."""
        return [*self.form.problems, *(self.urgent.problems if self.urgent else [])]

    @property
    def can_launch(self) -> bool:
        """Say whether the page offers the Launch button."""
        return not self.refusal and not self.form.blockers


def wanted_template(template_id: int) -> Template:
    """Return the template of this id; answer 404 when there is none."""
    template = template_for_page(template_id)
    if template is None:
        raise Http404(_("There is no template %(id)d here.") % {"id": template_id})
    return template


def show_form(request: HttpRequest, page: FormPage, *, status: int = 200) -> HttpResponse:
    """Show the form; 403 whatever ``status`` says where this person cannot launch."""
    version = page.template.current_version
    context = {
        "page": page,
        "form": page.form,
        "template": page.template,
        "version": version,
        "kickoff": submission.kickoff_of(version),
    }
    return render(request, "launches/launch_form.html", context, status=403 if page.refusal else status)


def preview_of(template: Template, entry: Submission, form: KickoffForm) -> Preview:
    """Return what launching this valid form would send; raise PneumaticError when that cannot be told."""
    request = services.planned_request(
        template_id=template.pk,
        name=form.workflow_name,
        answers=form.answers(),
        urgency=entry.urgent.value,
    )
    return Preview(
        json=presentation.pretty_json(request.payload),
        curl=presentation.as_curl(url=request.url, payload=request.payload),
    )


def explain(entry: Submission, form: KickoffForm, error: PneumaticError) -> int:
    """Say in the form what ``error`` means, at its fields where it names any, and return the HTTP status."""
    outcome = outcomes.before_sending(error)
    form.add_server_errors(presentation.errors_for_form(entry.definitions, outcome.field_errors))
    form.add_server_errors({"": [outcome.reason]})
    return 422 if outcome.field_errors else 503


def kept_page(
    entry: Submission,
    template: Template,
    *,
    user: User,
    refusal: str | None = None,
    notice: str = "",
    changes: Sequence[Change] = (),
    lost: Sequence[str] = (),
) -> FormPage:
    """Return the page of the current form, filled with an entry and not checked yet: it asks to launch again.

    The submission id stays as long as it is unspent, so that what is sent after all is sent once.
    """
    current, dropped = submission.for_current_version(entry, template)
    is_offered = urgency.is_offered()
    unspent = entry.submission_id is not None and selectors.by_submission(entry.submission_id) is None
    return FormPage(
        template=template,
        form=submission.open_form(template, current.initial, user=user),
        submission_id=cast(uuid.UUID, entry.submission_id) if unspent and not changes else uuid.uuid4(),
        previous=entry.previous,
        refusal=refusal,
        notice=notice,
        changes=changes,
        lost=[*dropped, *lost, *([] if is_offered else entry.urgent.left_out)],
        urgent=entry.urgent if is_offered else None,
    )
