"""What Pneumatic makes of ``{{...}}`` in a workflow's name."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from apps.pneumatic.canonical.workflow_names import VARIABLE

# Of what the server puts in by itself, as many are named before anybody asks.
_MENTIONED = 4


def explain_name(name: str, *, variables: Collection[str], labels: Mapping[str, str]) -> list[str]:
    """Return sentences about the ``{{...}}`` in ``name``: which Pneumatic replaces, and which stay as they are.

    Of a name without any they say what could stand there. ``variables`` are what the server puts in by itself; none of
    them: it replaces nothing, and there is nothing to explain. ``labels`` are names of the form's fields by api_name:
    their answers are put in as well.
    """
    if not variables:
        return []
    replaced, kept = [], []
    found = dict.fromkeys(match.group(0, 1) for match in VARIABLE.finditer(name))
    if not found:
        return [_what_could_stand_there(variables, labels)]
    # The server looks for answers only if one of them has a name that none of its own stands in.
    answers = {variable for _written, variable in found if variable in labels and variable not in variables}
    is_looking = any(all(own not in variable for own in variables) for variable in answers)
    for written, variable in found:
        if variable in answers and is_looking:
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
            "%(names)s stays as it is: Pneumatic puts nothing in its place.",
            "%(names)s stay as they are: Pneumatic puts nothing in their place.",
            len(kept),
        )
        sentences.append(text % {"names": ", ".join(kept)})
    return sentences


def _what_could_stand_there(variables: Collection[str], labels: Mapping[str, str]) -> str:
    mentioned = ", ".join(f"{{{{{variable}}}}}" for variable in list(variables)[:_MENTIONED])
    if not labels:
        return _("Pneumatic fills in %(variables)s.") % {"variables": mentioned}
    api_name, label = next(iter(labels.items()))
    words = {"variables": mentioned, "api_name": api_name, "field": label}
    return (
        _("Pneumatic fills in %(variables)s, and answers, such as {{%(api_name)s}} for “%(field)s”.") % words
    )
