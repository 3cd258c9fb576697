"""What a current API sent, as it was recorded: bodies of deliveries, workflows, and pages of their list."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent
DELIVERIES = sorted(path.stem for path in FOLDER.glob("delivery-*.json"))
WORKFLOWS = sorted(path.stem for path in FOLDER.glob("workflow-*.json"))
LISTS = sorted(path.stem for path in FOLDER.glob("workflows-*.json"))


def load(name: str) -> Any:
    """Return a recording."""
    return json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))
