"""How large a file and a room may be, and what names are for."""

from __future__ import annotations

import ast
from collections import defaultdict
from pathlib import Path

from tests.architecture.modules import APPS, DEMO, LEFT_OUT, ROOT, SANDBOX, Module

MAX_LINES = 400
MAX_FILES = 12
MIN_FILES = 3

# Rooms that are larger than others today. Their numbers of files and folders may fall and not grow.
LARGER = {
    "apps/accounts": 14,
    "apps/core": 22,
    "apps/sync": 18,
    "apps/workflow_templates": 15,
    "apps/kickoff": 13,
    "apps/kickoff/fields": 16,
    "apps/launches": 17,
    "apps/workflows": 14,
    "apps/webhooks": 12,
    "sandbox": 31,
    "sandbox/current": 15,
    "sandbox/data": 13,
}
# Rooms that Django's conventions or one subject keep small.
SMALLER = {"apps/webhooks/admin"}
DJANGO_FOLDERS = {"management", "commands", "templatetags", "migrations", "__pycache__"}
# Packages whose ``__init__`` is what others import, or where Django looks for something.
FACES = {
    "apps/pneumatic/client",
    "apps/webhooks/admin",
    "apps/kickoff/fields",
    "apps/preparation/models",
}  # fields registers the types, models is where Django looks for them
MAX_DEPTH = 3

# Names that two modules may define: a record and its row, or the same idea in two apps.
SHARED_NAMES = {"Command", "Event", "Group", "Kind", "Subscription", "Template", "User"}


def rooms(modules: list[Module]) -> dict[str, set[str]]:
    """Return each folder with the names of the files and folders in it, without ``__init__``."""
    found: dict[str, set[str]] = defaultdict(set)
    for module in modules:
        parts = module.path.split("/")
        for depth in range(1, len(parts)):
            if parts[depth] != "__init__.py" and parts[depth] not in DJANGO_FOLDERS:
                found["/".join(parts[:depth])].add(parts[depth])
    return {
        folder: names
        for folder, names in found.items()
        if folder != "apps" and not DJANGO_FOLDERS & set(folder.split("/"))
    }


def test_a_room_has_as_many_files_as_one_can_overlook() -> None:
    wrong = []
    for folder, names in rooms([*APPS, *DEMO, *SANDBOX]).items():
        limit = LARGER.get(folder, MAX_FILES)
        least = 1 if folder.count("/") < 2 or folder in SMALLER else MIN_FILES
        if not least <= len(names) <= limit:
            wrong.append(f"{folder} has {len(names)} files and folders: {', '.join(sorted(names))}")

    assert not wrong, "\n".join(wrong)


def test_the_list_of_larger_rooms_is_true() -> None:
    """A room that has become smaller keeps its new size."""
    found = rooms([*APPS, *DEMO, *SANDBOX])

    assert {folder: len(found.get(folder, ())) for folder in LARGER} == LARGER


def test_rooms_are_not_nested_deeply() -> None:
    wrong = [
        module.path
        for module in APPS
        if len([part for part in module.parts[1:-1] if part not in DJANGO_FOLDERS]) > MAX_DEPTH
    ]

    assert not wrong, "\n".join(wrong)


def test_a_room_has_one_sentence_and_exports_nothing() -> None:
    wrong = []
    for module in APPS:
        folder = module.path.rpartition("/")[0]
        if (
            not module.path.endswith("/__init__.py")
            or DJANGO_FOLDERS & set(folder.split("/"))
            or folder == "apps"
        ):
            continue
        is_app = folder.count("/") == 1
        docstring = ast.get_docstring(module.tree)
        if not is_app and (docstring is None or "\n" in docstring):
            wrong.append(f"{module.path} has no docstring of one line")
        if folder not in FACES and len(module.tree.body) > (docstring is not None):
            wrong.append(f"{module.path} has more than a docstring")

    assert not wrong, "\n".join(wrong)


def test_a_class_name_is_used_for_one_thing() -> None:
    places: dict[str, list[str]] = defaultdict(list)
    for module in APPS:
        for node in module.tree.body:
            if isinstance(node, ast.ClassDef) and node.name not in SHARED_NAMES:
                places[node.name].append(module.path)

    wrong = [f"{name}: {', '.join(paths)}" for name, paths in sorted(places.items()) if len(paths) > 1]

    assert not wrong, "\n".join(wrong)


def test_no_file_is_a_dumping_ground() -> None:
    names = {"utils", "helpers", "misc", "common"}

    assert not [module.path for module in [*APPS, *DEMO, *SANDBOX] if Path(module.path).stem in names]


def test_no_file_grows_beyond_what_one_sitting_reads() -> None:
    folders = (
        "apps",
        "benchmarks",
        "demo",
        "docs",
        "pneumatic_dash",
        "sandbox",
        "static",
        "templates",
        "tests",
    )
    long = [
        f"{path.relative_to(ROOT)} has {lines} lines"
        for folder in folders
        for path in sorted((ROOT / folder).rglob("*"))
        if path.suffix in {".py", ".html", ".js", ".css"}
        and not LEFT_OUT & set(path.parts)
        and (lines := len(path.read_text(encoding="utf-8").splitlines())) > MAX_LINES
    ]

    assert not long, "\n".join(long)


def test_tests_mirror_the_tree() -> None:
    """A folder of tests below an app's is named like the room it tests."""
    apps = {folder.name for folder in (ROOT / "apps").iterdir() if folder.is_dir()}
    wrong = [
        str(folder.relative_to(ROOT))
        for app in apps
        for folder in sorted((ROOT / "tests" / app).rglob("*"))
        if folder.is_dir()
        and folder.name not in {"__pycache__", "recorded"}
        and not (ROOT / "apps" / folder.relative_to(ROOT / "tests")).is_dir()
    ]

    assert not wrong, "\n".join(wrong)
