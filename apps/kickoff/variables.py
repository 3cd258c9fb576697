"""Explain which ``{{...}}`` in a workflow's name Pneumatic replaces."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from apps.pneumatic.canonical.workflow_names import VARIABLE

# Of the variables that the server replaces, this many are listed for a name without any.
_MENTIONED = 4


def explain_name(name: str, *, variables: Collection[str], labels: Mapping[str, str]) -> list[str]:
    """Return sentences about the ``{{...}}`` in ``name``: which Pneumatic replaces, and which stay as they are.

    For a name without any, they say what is possible. ``variables`` are those that the server replaces; without any,
    there is nothing to explain. ``labels`` are the names of the form's fields by api_name, whose answers are inserted.
    """
    if not variables:
        return []
    replaced, kept = [], []
    found = dict.fromkeys(match.group(0, 1) for match in VARIABLE.finditer(name))
    if not found:
        return [_explain_variables(variables, labels)]
    # The server inserts answers only if the name of one of them contains none of the server's variables.
    answers = {variable for _written, variable in found if variable in labels and variable not in variables}
    inserts_answers = any(all(own not in variable for own in variables) for variable in answers)
    for written, variable in found:
        if variable in answers and inserts_answers:
            words = {"variable": written, "field": labels[variable]}
            replaced.append(_("%(variable)s (the answer to “%(field)s”)") % words)
        elif variable in variables:
            replaced.append(written)
        else:
            kept.append(written)
    sentences = []
    if replaced:
        names = ", ".join(replaced)
        sentences.append(_("When the workflow starts, Pneumatic replaces %(names)s.") % {"names": names})
    if kept:
        text = ngettext(
            "%(names)s stays as it is: Pneumatic does not replace it.",
            "%(names)s stay as they are: Pneumatic does not replace them.",
            len(kept),
        )
        sentences.append(text % {"names": ", ".join(kept)})
    return sentences


def _explain_variables(variables: Collection[str], labels: Mapping[str, str]) -> str:
    mentioned = ", ".join(f"{{{{{variable}}}}}" for variable in list(variables)[:_MENTIONED])
    if not labels:
        return _("Pneumatic fills in %(variables)s.") % {"variables": mentioned}
    api_name, label = next(iter(labels.items()))
    words = {"variables": mentioned, "api_name": api_name, "field": label}
    return (
        _("Pneumatic fills in %(variables)s, and answers, such as {{%(api_name)s}} for “%(field)s”.") % words
    )
