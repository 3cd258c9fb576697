"""The form that launches a template, built from its field definitions.

One class serves the page and every other way to launch: what it cleans is what is sent. Control names are ``name``
and ``kickoff-<api_name>`` (``names.py``); element ids go by position, because an api_name may be any text.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.datastructures import MultiValueDict
from django.utils.functional import cached_property
from django.utils.translation import gettext as _

from apps.kickoff.fields import Asked, KickoffField, create
from apps.kickoff.fields.string import LineField, single_line
from apps.kickoff.lookups import FileLookup, Lookups, MirroredPeople, People
from apps.kickoff.names import control_key, control_name, find_name, read_controls
from apps.kickoff.rows import NAME_CONTROL, NAME_ID, Problem, Row, duplicate_notice
from apps.pneumatic.schemas import Answer, FieldDefinition


class KickoffForm(forms.Form):
    """A workflow's name and the answers to a template's kickoff fields.

    ``initial`` and ``data`` go by control name; a value is a text or a list of texts. With ``find`` (the value of the
    pressed *Find* button) the form only searches: it is never valid then, and shows no errors.
    """

    def __init__(
        self,
        definitions: Sequence[FieldDefinition],
        data: MultiValueDict[str, Any] | Mapping[str, Any] | None = None,
        *,
        initial: Mapping[str, Any] | None = None,
        files: FileLookup,
        people: People | None = None,
        find: str | None = "",
        template_id: int | None = None,
    ) -> None:
        self.definitions = tuple(definitions)
        self.kickoff_fields = [create(definition) for definition in self.definitions]
        self.lookups = Lookups(files=files, people=people or MirroredPeople())
        self.searches = bool(find)
        self.template_id = template_id
        self.server_errors: dict[str, list[str]] = {}
        self.posted: MultiValueDict[str, Any] = read_controls(data or {}, self.definitions)
        super().__init__(
            data=None if data is None else self.posted,
            initial=dict(initial or {}),
            use_required_attribute=False,
        )
        self.fields[NAME_CONTROL] = LineField(
            error_messages={"required": _("Give the workflow a name.")},
        )
        for field in self._answerable:
            self.fields[control_name(field.definition.api_name)] = field.form_field(self.lookups)
        self._load_together()

    # -- What the form knows ---------------------------------------------------------------------------------

    @property
    def blockers(self) -> list[str]:
        """Return why this template cannot be launched from here, a sentence for each field that is to blame."""
        return [blocker for field in self._answerable if (blocker := field.blocker)]

    def is_valid(self) -> bool:
        """Say whether the form can be sent: everything fits, and no search was asked for."""
        return not self.searches and not self.blockers and super().is_valid()

    @property
    def workflow_name(self) -> str:
        """Return the name that was given."""
        return str(self.cleaned_data[NAME_CONTROL])

    def answers(self) -> tuple[Answer, ...]:
        """Return the canonical answers of a valid form in the order of the fields; empty ones are left out."""
        answers = []
        for field in self._answerable:
            value = field.to_value(self.cleaned_data.get(control_name(field.definition.api_name)))
            if value is not None:
                answers.append(Answer(field.definition, value))
        return tuple(answers)

    def add_server_errors(self, errors: Mapping[str, Iterable[str]]) -> None:
        """Show the server's reasons, by api_name, at their fields, and at the top where there is no such field.

        ``name`` is the workflow's name for the server; it stands at the top if a field is called so as well.
        """
        controls = {
            field.definition.api_name: control_name(field.definition.api_name) for field in self._answerable
        }
        controls["name"] = "" if "name" in controls else NAME_CONTROL
        for api_name, reasons in errors.items():
            self.server_errors.setdefault(controls.get(api_name, ""), []).extend(reasons)

    # -- What is posted --------------------------------------------------------------------------------------

    def clean(self) -> dict[str, Any]:
        """Refuse a search that was typed but not finished: whoever typed it means somebody."""
        cleaned = super().clean() or self.cleaned_data
        for field in self._answerable:
            api_name = field.definition.api_name
            control, typed = control_name(api_name), self._typed_search(api_name)
            if field.is_searched and typed and not any(self._values(control)):
                self.errors.pop(control, None)  # rather than "required"
                sentence = _(
                    "Nothing was chosen for “%(typed)s”. Choose from the list, or empty the search box."
                )
                self.add_error(control, ValidationError(sentence % {"typed": typed[:80]}))
        return cleaned

    @cached_property
    def _answerable(self) -> list[KickoffField[Any]]:
        """Return the fields that can be answered: the first of each api_name, for the wire has room for one."""
        first: dict[str, KickoffField[Any]] = {}
        for field in self.kickoff_fields:
            first.setdefault(field.definition.api_name, field)
        return list(first.values())

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
        """Fetch all people and all files of the form at once, whatever the number of fields."""
        people: list[int] = []
        files: list[str] = []
        for field in self._answerable:
            values = self._values(control_name(field.definition.api_name))
            people += field.people_in(values)
            files += field.files_in(values)
        self.lookups.load_people(people)
        self.lookups.load_files(files)

    # -- What is shown ---------------------------------------------------------------------------------------

    @property
    def name_row(self) -> Row:
        """Return the row of the workflow's name."""
        value = "".join(self._values(NAME_CONTROL)[-1:])
        return Row(
            id=NAME_ID,
            control=NAME_CONTROL,
            label=_("Workflow name"),
            is_required=True,
            template="kickoff/widgets/string.html",
            context={"value": single_line(value)},
            errors=self._shown_errors(NAME_CONTROL),
        )

    @property
    def rows(self) -> list[Row]:
        """Return the rows of the kickoff fields in display order."""
        return [self._row(field, row_id) for row_id, field in self._placed()]

    @property
    def problems(self) -> list[Problem]:
        """Return everything that is wrong, for the summary above the form; each leads to its control."""
        problems = [Problem(message) for message in self.server_errors.get("", ())]
        problems += [
            Problem(message, label=_("Workflow name"), target=NAME_ID)
            for message in self._shown_errors(NAME_CONTROL)
        ]
        answerable = self._answerable
        for row_id, field in self._placed():
            if field in answerable:
                shown = self._shown_errors(control_name(field.definition.api_name))
                problems += [Problem(message, label=field.label, target=row_id) for message in shown]
        return problems

    def _placed(self) -> list[tuple[str, KickoffField[Any]]]:
        return [
            (f"id_kickoff_{position}", field) for position, field in enumerate(self.kickoff_fields, start=1)
        ]

    def _row(self, field: KickoffField[Any], row_id: str) -> Row:
        answerable = self._answerable
        if field not in answerable:
            return Row.unsupported(field, row_id, notice=duplicate_notice(field, answerable))
        api_name = field.definition.api_name
        control = control_name(api_name)
        errors = self._shown_errors(control)
        if field.notice:
            return Row.unsupported(field, row_id, notice=field.notice, errors=errors)
        asked = Asked(self._values(control), self.lookups, find=self._typed_search(api_name))
        return Row(
            id=row_id,
            control=control,
            label=field.label,
            is_required=field.definition.is_required,
            is_group=field.grouped,
            description=field.definition.description,
            template=field.template,
            context=field.context(asked),
            errors=errors,
            key=control_key(api_name),
            template_id=self.template_id,
        )

    def _shown_errors(self, control: str) -> list[str]:
        found = self.server_errors.get(control, [])
        if self.is_bound and not self.searches:
            found = [*(str(error) for error in self.errors.get(control, ())), *found]
        return found
