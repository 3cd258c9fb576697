"""Who may launch which template."""

from __future__ import annotations

from django.contrib.auth.models import AbstractUser
from django.utils.translation import gettext as _

from apps.workflow_templates.models import RunAllowed, Template
from apps.workflow_templates.selectors import NO_USER, run_bound


def template_denied_reason(template: Template) -> str | None:
    """Return a sentence why no user can launch ``template``; None where it can be launched. Without a query."""
    if template.removed_at is not None:
        return _("This template is no longer in Pneumatic, so it cannot be launched.")
    if not template.is_active:
        return _(
            "This template is not active in Pneumatic, so it cannot be launched. Activate it there, then sync."
        )
    if template.current_version_id is None:
        return _("The kickoff form of this template has not been synced yet, so it cannot be launched.")
    return None


def launch_denied_reason(user: AbstractUser, template: Template) -> str | None:
    """Return a sentence why ``user`` cannot launch ``template``; None where they can."""
    if reason := template_denied_reason(template):
        return reason
    if not user.has_perm("launches.launch_workflow"):
        return _(
            "Your role allows viewing launches, but not launching. Ask an administrator for the role Operator."
        )
    bound = run_bound(user)
    if bound is None:
        return None
    if bound == NO_USER:
        return _(
            "Your account in Pneumatic is deactivated, so you may not run templates. "
            "An administrator of Pneumatic can activate it; then sync."
        )
    if RunAllowed.objects.filter(template=template, pneumatic_user_id=bound).exists():
        return None
    return _(
        "In Pneumatic, you are not among the people who may run this template. "
        "One of them can add you there; then sync."
    )
