"""The house rules that a machine can check: who may import whom, and how large a file may grow.

Every module's syntax tree is read, so imports inside functions and under ``TYPE_CHECKING`` count too.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
APPS = ROOT / "apps"

# An app imports itself and apps of a lower level; apps of one level are independent of each other.
LEVELS = {
    "dashboard": 6,
    "launches": 5,
    "kickoff": 4,
    "workflows": 4,
    "accounts": 3,
    "workflow_templates": 3,
    "webhooks": 3,
    "sync": 2,
    "pneumatic": 1,
    "core": 0,
}
SANDBOX = "sandbox"
MOST_LINES = 400
LEFT_OUT = {"migrations", ".venv"}

# The demo's self-check stands in for a person with a browser, so it speaks HTTP to the dashboard itself.
MAY_IMPORT_REQUESTS = (
    "apps/pneumatic/",
    "demo/",
    "apps/dashboard/management/commands/demo.py",
)
# What others may know of the gateway; the rest sees sockets and wire JSON.
GATEWAY_INTERFACE = {
    "canonical",
    "capabilities",
    "client",
    "deliveries",
    "detection",
    "errors",
    "events",
    "names",
    "posting",
    "recall",
    "schemas",
    "zones",
}
# The demo runs its parts as processes and gives each a complete environment.
MAY_READ_ENVIRONMENT = ("demo/",)


@dataclass(frozen=True)
class Module:
    """A Python file of the project and its syntax tree."""

    path: str
    tree: ast.Module

    @property
    def app(self) -> str:
        return self.path.split("/")[1]

    def imports(self) -> Iterator[tuple[int, str]]:
        """Yield line and absolute name of everything imported, at any depth of the file."""
        package = self.path.removesuffix(".py").split("/")[:-1]
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                yield from ((node.lineno, alias.name) for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                base = package[: len(package) - node.level + 1] if node.level else []
                start = ".".join([*base, *([node.module] if node.module else [])])
                yield from ((node.lineno, f"{start}.{alias.name}") for alias in node.names)

    def attributes(self) -> Iterator[tuple[int, str]]:
        """Yield line and name of every attribute that is read of a plain name, such as ``os.environ``."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
                yield node.lineno, f"{node.value.id}.{node.attr}"


def read(folder: Path) -> list[Module]:
    """Return every module below the folder."""
    return [
        Module(path=path.relative_to(ROOT).as_posix(), tree=ast.parse(path.read_text(encoding="utf-8")))
        for path in sorted(folder.rglob("*.py"))
        if not LEFT_OUT & set(path.parts)
    ]


MODULES = read(APPS)


def test_every_app_has_its_place_in_the_layers() -> None:
    apps = {module.app for module in MODULES if "/" in module.path.removeprefix("apps/")}

    assert apps <= {*LEVELS, SANDBOX}


def test_imports_run_downwards_only() -> None:
    wrong = []
    for module in MODULES:
        for line, name in module.imports():
            parts = name.split(".")
            if parts[0] != "apps" or len(parts) < 2 or parts[1] == module.app:
                continue
            if module.app == SANDBOX or parts[1] == SANDBOX or LEVELS[parts[1]] >= LEVELS[module.app]:
                wrong.append(f"{module.path}:{line} imports {name}")

    assert not wrong, "\n".join(wrong)


def test_no_module_is_imported_by_what_it_imports() -> None:
    """A circle works or breaks by which of its modules somebody imports first."""
    by_name = {
        module.path.removesuffix(".py").removesuffix("/__init__").replace("/", "."): module
        for module in MODULES
    }

    def own(name: str) -> str | None:
        while name and name not in by_name:
            name = name.rpartition(".")[0]
        return name or None

    graph = {
        name: {found for _line, imported in module.imports() if (found := own(imported)) and found != name}
        for name, module in by_name.items()
    }

    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail(" imports ".join(reversed(error.args[1])))


def test_apps_know_nothing_of_the_project_package_but_its_version() -> None:
    wrong = [
        f"{module.path}:{line} imports {name}"
        for module in MODULES
        for line, name in module.imports()
        if name.split(".")[0] == "pneumatic_dash" and name != "pneumatic_dash.__version__"
    ]

    assert not wrong, "\n".join(wrong)


def test_only_the_gateway_speaks_http() -> None:
    clients = {"requests", "urllib3", "httpx", "http.client", "urllib.request"}
    wrong = [
        f"{module.path}:{line} imports {name}"
        for module in MODULES
        for line, name in module.imports()
        if module.app != SANDBOX
        and not module.path.startswith(MAY_IMPORT_REQUESTS)
        and (name.split(".")[0] in clients or ".".join(name.split(".")[:2]) in clients)
    ]

    assert not wrong, "\n".join(wrong)


def test_only_the_gateway_sees_the_wire() -> None:
    wrong = [
        f"{module.path}:{line} imports {name}"
        for module in MODULES
        if module.app != "pneumatic"
        for line, name in module.imports()
        if name.startswith("apps.pneumatic.") and name.split(".")[2] not in GATEWAY_INTERFACE
    ]

    assert not wrong, "\n".join(wrong)


def test_the_sandbox_needs_only_the_standard_library() -> None:
    """Shared code shares mistakes; only its command and its app configuration may use Django."""
    wrong = [
        f"{module.path}:{line} imports {name}"
        for module in MODULES
        if module.app == SANDBOX
        and "/management/" not in module.path
        and not module.path.endswith("/apps.py")
        for line, name in module.imports()
        if name.split(".")[0] not in sys.stdlib_module_names and not name.startswith("sandbox")
    ]

    assert not wrong, "\n".join(wrong)


def test_only_the_sandbox_command_and_tests_import_the_sandbox() -> None:
    wrong = [
        f"{module.path}:{line} imports {name}"
        for folder in (ROOT / "pneumatic_dash", ROOT / "benchmarks")
        for module in read(folder)
        for line, name in module.imports()
        if name.startswith("sandbox")
    ]

    assert not wrong, "\n".join(wrong)


def test_no_import_hides_in_a_function() -> None:
    """An import inside a function dodges a cycle; ``AppConfig.ready`` is the one place where Django wants it."""
    wrong = [
        f"{module.path}:{inner.lineno} imports inside {node.name}()"
        for module in MODULES
        for node in ast.walk(module.tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and not (module.path.endswith("/apps.py") and node.name == "ready")
        for inner in ast.walk(node)
        if isinstance(inner, ast.Import | ast.ImportFrom)
    ]

    assert not wrong, "\n".join(wrong)


def test_only_settings_read_the_environment() -> None:
    readers = {f"os.{name}" for name in ("environ", "environb", "getenv", "getenvb", "putenv")}
    wrong = [
        f"{module.path}:{line} uses {name}"
        for module in MODULES
        if not module.path.startswith(MAY_READ_ENVIRONMENT)
        for line, name in [*module.imports(), *module.attributes()]
        if name in readers
    ]

    assert not wrong, "\n".join(wrong)


def test_templates_include_downwards_only() -> None:
    """A page may be made of pieces of apps below its own; apps above come in through registries."""
    wrong = []
    for path in sorted((ROOT / "templates").rglob("*.html")):
        owner = path.relative_to(ROOT / "templates").parts[0]
        for used in re.findall(r'{% (?:include|extends) "(\w+)/', path.read_text(encoding="utf-8")):
            if owner in LEVELS and used in LEVELS and used != owner and LEVELS[used] >= LEVELS[owner]:
                wrong.append(f"{path.relative_to(ROOT)} uses templates of {used}")

    assert not wrong, "\n".join(wrong)


def test_models_know_no_http() -> None:
    wrong = [
        f"{module.path}:{line} imports {name}"
        for module in MODULES
        if module.path.endswith("/models.py")
        for line, name in module.imports()
        if name.startswith(("django.http", "django.shortcuts", "apps.pneumatic.client"))
    ]

    assert not wrong, "\n".join(wrong)


def test_no_file_is_a_dumping_ground() -> None:
    assert not [
        module.path for module in MODULES if Path(module.path).stem in {"utils", "helpers", "misc", "common"}
    ]


def test_no_file_grows_beyond_what_one_sitting_reads() -> None:
    folders = ("apps", "pneumatic_dash", "tests", "benchmarks", "docs", "templates", "static")
    long = [
        f"{path.relative_to(ROOT)} has {lines} lines"
        for folder in folders
        for path in sorted((ROOT / folder).rglob("*"))
        if path.suffix in {".py", ".html", ".js", ".css"}
        and not LEFT_OUT & set(path.parts)
        and (lines := len(path.read_text(encoding="utf-8").splitlines())) > MOST_LINES
    ]

    assert not long, "\n".join(long)


def test_it_sees_imports_at_any_depth() -> None:
    source = "def f():\n    from ..launches import services\n    import apps.sync.engine\n"
    module = Module(path="apps/kickoff/forms.py", tree=ast.parse(source))

    assert list(module.imports()) == [(2, "apps.launches.dispatch.services"), (3, "apps.sync.engine")]
