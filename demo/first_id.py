"""Print the first workflow id that this demonstration has never seen: ``python -m demo.first_id``.

The sandbox keeps its ids in a separate file. If that is lost, new workflows must not get the ids of old ones.
"""

from __future__ import annotations

import sys

import django

django.setup()

from django.db.models import Max

from apps.launches.models import Launch
from apps.workflows.models import Workflow


def first_unknown_id() -> int:
    """Return 1 more than the largest id of any event or launch."""
    known = Workflow.objects.aggregate(largest=Max("pk"))["largest"]
    launched = Launch.objects.aggregate(largest=Max("workflow_id"))["largest"]
    return max(known or 0, launched or 0) + 1


if __name__ == "__main__":
    sys.stdout.write(str(first_unknown_id()))
