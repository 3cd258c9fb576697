"""What apps above add to the launch form. They register in ``AppConfig.ready()``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from django.http import HttpRequest, HttpResponse

from apps.launches.submission.prefill import Prefill
from apps.launches.submission.submission import Submission
from apps.pneumatic.canonical.schemas import Kickoff
from apps.workflow_templates.models import Template


@dataclass(frozen=True, slots=True)
class FormParts:
    """Safe HTML inside the form: ``notices`` above the fields, ``buttons`` next to *Launch*, ``status`` after them.

    ``fields`` go below single fields, by the name of their control.
    """

    notices: str = ""
    buttons: str = ""
    status: str = ""
    fields: Mapping[str, str] = field(default_factory=dict)


class FormExtension(Protocol):
    """One addition to every launch form."""

    def prefill(self, request: HttpRequest, template: Template, kickoff: Kickoff, filled: Prefill) -> Prefill:
        """Return what the form opens with, instead of ``filled``."""

    def pressed(self, request: HttpRequest, submission: Submission) -> HttpResponse | None:
        """Return the response to a button of this extension; None where another one was pressed."""

    def parts(self, request: HttpRequest, template: Template, kickoff: Kickoff) -> FormParts:
        """Return what is added to a form that can be launched."""


_extensions: list[FormExtension] = []


def register_extension(extension: FormExtension) -> None:
    """Add ``extension`` to every launch form."""
    if extension not in _extensions:
        _extensions.append(extension)


def extensions() -> tuple[FormExtension, ...]:
    """Return all extensions, in order of registration."""
    return tuple(_extensions)
