"""What Pneumatic makes of ``{{...}}`` in a workflow's name."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

_VARIABLE = re.compile(r"\{\{\s*([^{}\s]+)\s*\}\}")


def explain_name(name: str, *, variables: Collection[str], labels: Mapping[str, str]) -> list[str]:
    """Return sentences about the ``{{...}}`` in ``name``: which Pneumatic replaces, and which stay as they are.

    ``variables`` are what the server puts in by itself; none of them: it replaces nothing, and there is nothing to
    explain. ``labels`` are names of the form's fields by api_name: their answers are put in as well.
    """
    if not variables:
        return []
    replaced, kept = [], []
    for match in dict.fromkeys(found.group(0, 1) for found in _VARIABLE.finditer(name)):
        written, variable = match
        if variable in labels:
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
