"""The form that launches a template, built from its kickoff form.

Every way to launch uses this class: its cleaned data is what is sent. Control names are ``name``
and ``kickoff-<api_name>`` (``names.py``); element ids go by position, because an api_name may be any text.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.datastructures import MultiValueDict
from django.utils.functional import cached_property
from django.utils.translation import gettext as _

from apps.kickoff.defaults import HiddenField, good_default, hidden_field
from apps.kickoff.fields import ControlState, KickoffField, create
from apps.kickoff.fields.plain import at_most
from apps.kickoff.fields.string import LineField, single_line
from apps.kickoff.grouping import Grouping
from apps.kickoff.lookups import Lookups
from apps.kickoff.names import control_key, control_name, find_name, read_controls
from apps.kickoff.rows import NAME_CONTROL, NAME_ID, FieldRow, FormProblem, Section, duplicate_notice
from apps.kickoff.variables import explain_name
from apps.pneumatic.canonical.schemas import Answer, Kickoff, Value
from apps.pneumatic.canonical.workflow_names import fixed_length


class KickoffForm(forms.Form):
    """A workflow's name and the answers to a template's kickoff fields.

    ``initial`` and ``data`` go by control name; a value is a text or a list of texts. What ``initial`` does not name
    is filled with the default of its field. With ``find`` (the value of the pressed *Find* button) the form only
    searches: it is never valid then, and shows no errors.

    ``longest_name`` (characters), ``name_variables`` and ``no_files`` are as in ``pneumatic.capabilities``.
    Several forms may share ``lookups``.
    """

    def __init__(
        self,
        kickoff: Kickoff,
        data: MultiValueDict[str, Any] | Mapping[str, Any] | None = None,
        *,
        initial: Mapping[str, Any] | None = None,
        lookups: Lookups,
        find: str | None = "",
        template_id: int | None = None,
        longest_name: int | None = None,
        name_variables: tuple[str, ...] = (),
        no_files: str = "",
    ) -> None:
        self.kickoff_fields = [create(definition) for definition in kickoff.fields]
        self.grouping = Grouping(kickoff)
        self.lookups = lookups
        self.searches = bool(find)
        self.template_id = template_id
        self.longest_name = longest_name
        self.name_variables = name_variables
        self.no_files = no_files
        self.server_errors: dict[str, list[str]] = {}
        self.additions: dict[str, str] = {}  # safe HTML below fields, by the name of their control
        self.posted: MultiValueDict[str, Any] = read_controls(data or {}, kickoff.fields)
        super().__init__(
            data=None if data is None else self.posted,
            initial=dict(initial or {}),
            use_required_attribute=False,
        )
        name = LineField(error_messages={"required": _("Give the workflow a name.")})
        if longest_name is not None:
            count = fixed_length if name_variables else len
            name.validators.append(at_most(longest_name, count=count))
        self.fields[NAME_CONTROL] = name
        for field in self._asked:
            self.fields[control_name(field.definition.api_name)] = field.form_field(self.lookups)
        self._load_together()
        if not self.is_bound:
            self._fill_in_defaults()

    # State

    @property
    def blockers(self) -> list[str]:
        """Return why this template cannot be launched from here, a sentence for each field that prevents it."""
        blockers = {field.definition.api_name: self._blocker(field) for field in self._asked}
        blockers |= {hidden.field.definition.api_name: hidden.blocker for hidden in self._hidden}
        in_order = (blockers[api_name] for api_name in self._first_of_each_name)
        return [blocker for blocker in in_order if blocker]

    def is_valid(self) -> bool:
        """Return whether the form can be sent: all answers are valid, and this is no search."""
        return not self.searches and not self.blockers and super().is_valid()

    @property
    def workflow_name(self) -> str:
        """Return the name that was given."""
        return str(self.cleaned_data[NAME_CONTROL])

    def answers(self) -> tuple[Answer, ...]:
        """Return the canonical answers of a valid form in the order of the fields; empty ones are left out."""
        values = self._values_by_name()
        return tuple(
            Answer(field.definition, value)
            for api_name, field in self._first_of_each_name.items()
            if (value := values.get(api_name)) is not None
        )

    def valid_answers(self) -> tuple[Answer, ...]:
        """Return the canonical answers to what is shown, as far as they are valid, of a form that need not be."""
        self.errors  # noqa: B018 - checks the form
        return tuple(answer for answer in self.answers() if not answer.field.is_hidden)

    def add_server_errors(self, errors: Mapping[str, Iterable[str]]) -> None:
        """Show the server's errors, by api_name, at their fields, or at the top if that field is not shown.

        ``name`` is the workflow's name; its error is shown at the top if a field has that api_name as well.
        """
        controls = {
            field.definition.api_name: control_name(field.definition.api_name) for field in self._asked
        }
        controls["name"] = "" if "name" in self._first_of_each_name else NAME_CONTROL
        hidden = {field.field.definition.api_name: field.field.label for field in self._hidden}
        for api_name, reasons in errors.items():
            if api_name in hidden:
                words = {"field": hidden[api_name]}
                reasons = [
                    _("The hidden field “%(field)s”: %(reason)s") % {**words, "reason": reason}
                    for reason in reasons
                ]
            self.server_errors.setdefault(controls.get(api_name, ""), []).extend(reasons)

    # Validation

    def clean(self) -> dict[str, Any]:
        """Add errors for a search without a choice and for broken rules."""
        cleaned = super().clean() or self.cleaned_data
        for field in self._asked:
            api_name = field.definition.api_name
            control, typed = control_name(api_name), self._typed_search(api_name)
            if field.is_searched and typed and not any(self._values(control)):
                self.errors.pop(control, None)  # rather than "required"
                sentence = _(
                    "Nothing was chosen for “%(typed)s”. Choose from the list, or clear the search box."
                )
                self.add_error(control, ValidationError(sentence % {"typed": typed[:80]}))
        if self.grouping.check(self._numbers()):
            self.add_error(
                None, _("The numbers break a rule.")
            )  # shown at its fieldset, with the text of the rule
        return cleaned

    @cached_property
    def _first_of_each_name(self) -> dict[str, KickoffField[Any]]:
        """Return the fields that have an answer: the first of each api_name, because a request can contain only one."""
        first: dict[str, KickoffField[Any]] = {}
        for field in self.kickoff_fields:
            first.setdefault(field.definition.api_name, field)
        return first

    @cached_property
    def _asked(self) -> list[KickoffField[Any]]:
        """Return the fields that users answer."""
        return [field for field in self._first_of_each_name.values() if not field.definition.is_hidden]

    @cached_property
    def _hidden(self) -> list[HiddenField]:
        """Return the fields that are answered by their defaults, ignoring what is posted."""
        return [
            hidden_field(field, self.lookups)
            for field in self._first_of_each_name.values()
            if field.definition.is_hidden
        ]

    def _blocker(self, field: KickoffField[Any]) -> str:
        if field.holds_files and self.no_files and field.definition.is_required:
            return _("“%(field)s” is required. %(reason)s") % {
                "field": field.label,
                "reason": self.no_files,
            }
        return field.blocker

    def _notice(self, field: KickoffField[Any]) -> str:
        return self.no_files if field.holds_files and self.no_files else field.notice

    def _values_by_name(self) -> dict[str, Value | None]:
        """Return the canonical values of what was cleaned so far, and those of hidden fields."""
        values: dict[str, Value | None] = {
            hidden.field.definition.api_name: hidden.value for hidden in self._hidden
        }
        for field in self._asked:
            control = control_name(field.definition.api_name)
            if control in self.cleaned_data and not self._notice(field):
                values[field.definition.api_name] = field.to_value(self.cleaned_data[control])
        return values

    def _numbers(self) -> dict[str, Decimal | None]:
        """Return the valid numbers, by api_name; None for those that are empty."""
        fields = self._first_of_each_name
        return {
            api_name: value if isinstance(value, Decimal) else None
            for api_name, value in self._values_by_name().items()
            if fields[api_name].definition.type == "number"
        }

    def _values(self, control: str) -> list[str]:
        """Return the texts that a control holds: what was posted, else the initial ones."""
        if self.is_bound:
            return [str(value) for value in self.posted.getlist(control)]
        initial = self.initial.get(control)
        if isinstance(initial, (list, tuple)):
            return [str(value) for value in initial]
        return [] if initial is None else [str(initial)]

    def _typed_search(self, api_name: str) -> str:
        return "".join(self._values(find_name(api_name))[-1:]).replace("\0", "").strip()

    def _load_together(self) -> None:
        """Fetch all users, groups and files of the form at once."""
        people: list[int] = []
        groups: list[int] = []
        files: list[str] = []
        for field in self._asked:
            values = self._values(control_name(field.definition.api_name))
            people += field.people_in(values)
            groups += field.groups_in(values)
            files += field.files_in(values)
        self.lookups.load_people(people)
        self.lookups.load_groups(groups)
        self.lookups.load_files(files)

    def _fill_in_defaults(self) -> None:
        """Fill controls without an initial value; invalid defaults are ignored."""
        for field in self._asked:
            control = control_name(field.definition.api_name)
            if control not in self.initial:
                default = good_default(field, self.fields[control], self.lookups)
                if default is not None:
                    self.initial[control] = default.controls

    # Rendering

    @property
    def name_row(self) -> FieldRow:
        """Return the row of the workflow's name."""
        value = single_line("".join(self._values(NAME_CONTROL)[-1:]))
        labels = {api_name: field.label for api_name, field in self._first_of_each_name.items()}
        return FieldRow(
            id=NAME_ID,
            control=NAME_CONTROL,
            label=_("Workflow name"),
            is_required=True,
            template="kickoff/widgets/string.html",
            context={"value": value},
            errors=self._shown_errors(NAME_CONTROL),
            limit=self.longest_name,
            is_pattern=bool(self.name_variables),
            notes=explain_name(value, variables=self.name_variables, labels=labels),
        )

    @cached_property
    def _placed(self) -> list[tuple[str, KickoffField[Any]]]:
        """Return the fields that are shown, in display order, with the ids of their rows."""
        return [
            (f"id_kickoff_{position}", field)
            for position, field in enumerate(self.kickoff_fields, start=1)
            if not field.definition.is_hidden
        ]

    @property
    def rows(self) -> list[FieldRow]:
        """Return the rows of the kickoff fields in display order."""
        return [self._row(field, row_id) for row_id, field in self._placed]

    @property
    def sections(self) -> list[Section]:
        """Return the same rows in their fieldsets."""
        rows = [(field.definition, row) for (_id, field), row in zip(self._placed, self.rows, strict=True)]
        return self.grouping.sections(rows, with_errors=self._shows_errors)

    @property
    def problems(self) -> list[FormProblem]:
        """Return all errors, for the summary above the form; each leads to its control."""
        problems = [FormProblem(message) for message in self.server_errors.get("", ())]
        problems += [
            FormProblem(message, label=_("Workflow name"), target=NAME_ID)
            for message in self._shown_errors(NAME_CONTROL)
        ]
        ids = {field.definition.api_name: row_id for row_id, field in reversed(self._placed)}
        of_groups = self.grouping.problems(ids) if self._shows_errors else {}
        for row_id, field in self._placed:
            problems += of_groups.pop(field.definition.fieldset, [])
            if field in self._asked:
                shown = self._shown_errors(control_name(field.definition.api_name))
                problems += [FormProblem(message, label=field.label, target=row_id) for message in shown]
        # What is left is about fields that are all hidden.
        return [problem for found in of_groups.values() for problem in found] + problems

    def _row(self, field: KickoffField[Any], row_id: str) -> FieldRow:
        if field not in self._asked:
            first = self._first_of_each_name[field.definition.api_name]
            return FieldRow.unsupported(field, row_id, notice=duplicate_notice(first))
        api_name = field.definition.api_name
        control = control_name(api_name)
        errors = self._shown_errors(control)
        if notice := self._notice(field):
            return FieldRow.unsupported(field, row_id, notice=notice, errors=errors)
        state = ControlState(self._values(control), self.lookups, find=self._typed_search(api_name))
        return FieldRow(
            id=row_id,
            control=control,
            label=field.label,
            is_required=field.definition.is_required,
            is_group=field.grouped,
            description=field.definition.description,
            template=field.template,
            context=field.context(state),
            errors=errors,
            key=control_key(api_name),
            template_id=self.template_id,
            limit=field.limit,
            addition=self.additions.get(control, ""),
        )

    @property
    def _shows_errors(self) -> bool:
        return self.is_bound and not self.searches

    def _shown_errors(self, control: str) -> list[str]:
        found = self.server_errors.get(control, [])
        if self._shows_errors:
            found = [*(str(error) for error in self.errors.get(control, ())), *found]
        return found
