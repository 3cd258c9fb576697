"""The one check of prepared launches: the kickoff form's own, for answers to any version of it.

``Validator.check`` moves answers to the current version of the template, says per field what is no longer valid,
and has the form check the rest. Pages, batches, schedules and the check after each sync all use it.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from django.utils.translation import gettext as _

from apps.accounts.models import User
from apps.kickoff.fields import answers_to_json, create
from apps.kickoff.forms import KickoffForm
from apps.kickoff.lookups import Lookups
from apps.kickoff.names import control_name, find_name
from apps.kickoff.rows import NAME_CONTROL
from apps.kickoff.transfer import LostAnswer, rebase
from apps.launches.dispatch.request import LaunchRequest
from apps.launches.permissions import template_denied_reason
from apps.launches.submission import urgency
from apps.launches.submission.submission import form_options, kickoff_of
from apps.launches.submission.urgency import UrgencyInput
from apps.pneumatic.canonical.schemas import FieldDefinition, Kickoff, Urgency
from apps.preparation.content import Content, Controls
from apps.preparation.lookups import SharedLookups
from apps.workflow_templates.models import Template, TemplateVersion


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a prepared launch cannot be launched as it is.

    ``control`` is the name of the form's control, "" for the form as a whole; ``label`` is what users call the field.
    ``kind`` is ``removed`` (the field), ``type`` (of the field changed), ``option`` (no longer offered), ``required``,
    ``invalid`` or ``template``; ``reason`` is a sentence.
    """

    control: str
    label: str
    kind: str
    reason: str

    def to_json(self) -> dict[str, str]:
        """Return the problem as ``PreparedLaunch.problems`` stores it."""
        return {"control": self.control, "label": self.label, "kind": self.kind, "reason": self.reason}


@dataclass(frozen=True)
class Checked:
    """Answers in the current version of a template, with what is wrong about them. ``check`` makes one."""

    template: Template
    version: TemplateVersion | None
    user: User
    kickoff: Kickoff  # of the version
    form: KickoffForm  # bound
    urgency: UrgencyInput
    lost: Sequence[LostAnswer]  # of the move from the version that they were given for
    before: Kickoff  # of that version
    answered: frozenset[str]  # the controls whose answers were valid there

    @cached_property
    def content(self) -> Content:
        """The answers in canonical form; what is not valid stays as it was typed."""
        valid = self.form.valid_answers()
        answered = {control_name(answer.field.api_name) for answer in valid}
        shown = {control_name(one.api_name): find_name(one.api_name) for one in self._asked.values()}
        typed = {
            name: [str(value) for value in self.form.posted.getlist(name)]
            for name in [*(name for name in shown if name not in answered), *shown.values()]
        }
        return Content(
            name="".join(map(str, self.form.posted.getlist(NAME_CONTROL)[-1:])),
            answers=answers_to_json(valid),
            typed={name: values for name, values in typed.items() if any(values)},
            urgency=self.urgency,
        )

    @cached_property
    def problems(self) -> list[Problem]:
        """All that has to be corrected before this can be launched."""
        return [*self._template_problems(), *self._losses(), *self._errors(), *self._urgency_problems()]

    @cached_property
    def changes(self) -> list[Problem]:
        """Of the problems those that came with a change in Pneumatic: what is still to be filled in is no news."""
        return [
            problem
            for problem in self.problems
            if problem.kind in {"removed", "type", "option", "template"}
            or (problem.kind == "required" and problem.control in self._newly_required)
            or (problem.kind == "invalid" and problem.control in self.answered)
        ]

    def request(
        self, *, submission_id: uuid.UUID | None = None, name: str | None = None
    ) -> LaunchRequest | None:
        """Return what to launch; None where there are problems. ``name`` replaces the workflow's name."""
        if self.problems or self.version is None:
            return None
        return LaunchRequest(
            user=self.user,
            template=self.template,
            version=self.version,
            name=name or self.form.workflow_name,
            answers=self.form.answers(),
            urgency=self.urgency.value if urgency.is_offered() else Urgency(),
            submission_id=submission_id or uuid.uuid4(),
        )

    @cached_property
    def _asked(self) -> dict[str, FieldDefinition]:
        """Return the fields that are shown, by the name of their control."""
        asked: dict[str, FieldDefinition] = {}
        for definition in self.kickoff.fields:
            asked.setdefault(control_name(definition.api_name), definition)
        return {name: definition for name, definition in asked.items() if not definition.is_hidden}

    @cached_property
    def _newly_required(self) -> set[str]:
        required = {control_name(one.api_name) for one in self.before.fields if one.is_required}
        return {name for name, one in self._asked.items() if one.is_required and name not in required}

    def _template_problems(self) -> Iterator[Problem]:
        reasons = [template_denied_reason(self.template), *self.form.blockers]
        yield from (Problem("", "", "template", reason) for reason in reasons if reason)

    def _losses(self) -> Iterator[Problem]:
        for one in self.lost:
            yield Problem(control_name(one.api_name), one.label, one.kind, one.sentence)

    def _errors(self) -> Iterator[Problem]:
        lost = {control_name(one.api_name) for one in self.lost}
        for control, errors in self.form.errors.as_data().items():
            name = "" if control == "__all__" else control
            for error in errors:
                kind = "required" if error.code == "required" else "invalid"
                if kind == "required" and name in lost:  # said already
                    continue
                reason = " ".join(map(str, error.messages))
                yield Problem(name, self._label(name), kind, reason)

    def _urgency_problems(self) -> Iterator[Problem]:
        if urgency.is_offered() and (error := urgency.checked(self.urgency).error):
            yield Problem(urgency.DUE, _("Due date"), "invalid", error)

    def _label(self, control: str) -> str:
        if control in self._asked:
            return create(self._asked[control]).label
        return _("Workflow name") if control == NAME_CONTROL else ""


class Validator:
    """Checks answers to one template, as ``user`` would fill them in.

    ``template`` has its current version loaded. ``lookups`` are those of the user; many checks share them
    (``lookups.SharedLookups``), because each form queries what they do not know.
    """

    def __init__(
        self,
        template: Template,
        user: User,
        *,
        lookups: Lookups | None = None,
        kickoffs: dict[int, Kickoff] | None = None,
    ) -> None:
        self.template, self.user = template, user
        self.version = template.current_version
        self._kickoffs = {} if kickoffs is None else kickoffs
        self.kickoff = self._kickoff(self.version)
        self._options = form_options(template, user)
        if lookups is not None:
            self._options["lookups"] = lookups

    def check(self, content: Content, *, made_for: TemplateVersion | None) -> Checked:
        """Return ``content`` in the current version of the template; ``made_for`` is the one it was given for."""
        before = self._kickoff(made_for)
        controls, lost = content.controls(before.fields), list[LostAnswer]()
        if before is not self.kickoff:
            controls, lost = rebase(controls, before.fields, self.kickoff.fields)
        answered = frozenset(control_name(api_name) for api_name in content.answers) - set(content.typed)
        return self._checked(controls, content.urgency, lost=lost, before=before, answered=answered)

    def check_controls(self, controls: Controls) -> Checked:
        """Return posted ``controls``, or the cells of a row by the name of their control, as answers."""
        return self._checked(controls, urgency.read(dict(controls.lists())), before=self.kickoff)

    def _checked(
        self,
        controls: Controls | Mapping[str, Sequence[str]],
        given: UrgencyInput,
        *,
        before: Kickoff,
        lost: Sequence[LostAnswer] = (),
        answered: frozenset[str] = frozenset(),
    ) -> Checked:
        return Checked(
            template=self.template,
            version=self.version,
            user=self.user,
            kickoff=self.kickoff,
            form=KickoffForm(self.kickoff, controls, **self._options),
            urgency=given,
            lost=lost,
            before=before,
            answered=answered,
        )

    def _kickoff(self, version: TemplateVersion | None) -> Kickoff:
        if version is None:
            return Kickoff()
        if version.pk not in self._kickoffs:
            self._kickoffs[version.pk] = kickoff_of(version)
        return self._kickoffs[version.pk]


class Validators:
    """The validators of many templates and users, which share their lookups and the forms that they parsed."""

    def __init__(self, lookups: SharedLookups) -> None:
        self._lookups = lookups
        self._kickoffs: dict[int, Kickoff] = {}
        self._made: dict[tuple[int, int], Validator] = {}

    def of(self, template: Template, user: User) -> Validator:
        """Return the validator of ``template`` for ``user``."""
        key = template.pk, user.pk
        if key not in self._made:
            lookups = self._lookups.of(user)
            self._made[key] = Validator(template, user, lookups=lookups, kickoffs=self._kickoffs)
        return self._made[key]
