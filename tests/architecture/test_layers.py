"""Who may import whom: apps, rooms within an app, the gateway's interface, and the tools next to the apps."""

from __future__ import annotations

import ast
import re
import sys
from graphlib import CycleError, TopologicalSorter

import pytest

from tests.architecture.modules import APPS, DEMO, EVERYWHERE, ROOT, SANDBOX, Module, read

# From top to bottom. An app imports itself and apps of a lower line; apps of one line are independent of each other.
LAYERS = """
dashboard
preparation
launches
kickoff, workflows
accounts, workflow_templates, webhooks
sync
pneumatic
core
"""

# Within an app, from top to bottom; rooms of one line are independent of each other. An app that is not listed has no
# rooms but those that Django names.
ROOMS = {
    "webhooks": """
        admin, apps, management
        receiver, processing, freshness
        subscriptions, verdicts
        selectors, endpoints, registry
        models
        tokens
        """,
    "workflows": """
        urls
        apps, views, management, admin
        rebuild, templatetags, panels
        reconciliation, services, presentation, forms
        projection, selectors
        models, holders
        """,
    "launches": """
        urls
        views, admin
        submission, apps, templatetags
        dispatch, presentation, panels
        resolution, forms
        uploads, selectors, outcomes, state, export
        models, permissions
        """,
    "preparation": """
        urls, apps
        drafts, presets
        selectors, recheck
        registry, validation
        models, lookups
        content
        """,
    "accounts": """
        urls
        admin, apps, views, management
        single_sign_on
        second_factors
        sign_in
        forms, signals, selectors, sync
        models, roles
        searching
        """,
    "pneumatic": """
        management
        connection_report
        apps, client, deliveries
        detection
        dialects, webhook_sender, release_report
        transport, server
        canonical, errors
        """,
}

# What others may know of the gateway; the rest sees sockets and wire JSON.
GATEWAY_INTERFACE = {
    "canonical",
    "client",
    "deliveries",
    "detection",
    "errors",
    "release_report",
    "server",
    "webhook_sender",
}

# The only files of an app that know the tools next to the apps.
DOORS = {
    "apps/dashboard/management/commands/demo.py": "demo",
    "apps/dashboard/management/commands/sandbox.py": "sandbox",
}
TOOLS = {"benchmarks", "demo", "sandbox", "tests"}
HTTP_CLIENTS = {"requests", "urllib3", "httpx", "http.client", "urllib.request"}
ENVIRONMENT = {f"os.{name}" for name in ("environ", "environb", "getenv", "getenvb", "putenv")}


def levels(table: str) -> dict[str, int]:
    """Return the height of every name in a table that goes from top to bottom."""
    lines = [line.strip() for line in table.strip().splitlines()]
    return {name.strip(): -number for number, line in enumerate(lines) for name in line.split(",")}


LEVELS = levels(LAYERS)


def test_every_app_has_its_place_in_the_layers() -> None:
    assert {module.app for module in APPS if len(module.parts) > 2} == set(LEVELS)


def test_apps_import_downwards_only() -> None:
    wrong = [
        f"{module.path}:{line} imports {name}"
        for module in APPS
        for line, name in module.imports()
        if name.startswith("apps.")
        and (other := name.split(".")[1]) != module.app
        and LEVELS[other] >= LEVELS[module.app]
    ]

    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("app", ROOMS)
def test_rooms_import_downwards_only(app: str) -> None:
    heights = levels(ROOMS[app])
    modules = [module for module in APPS if module.app == app and module.room not in {"", "__init__"}]

    wrong = [
        f"{module.path}:{line} imports {name}"
        for module in modules
        for line, name in module.imports()
        if name.startswith(f"apps.{app}.")
        and (other := name.split(".")[2]) != module.room
        and heights[other] >= heights[module.room]
    ]

    assert {module.room for module in modules} == set(heights)
    assert not wrong, "\n".join(wrong)


def test_no_module_is_imported_by_what_it_imports() -> None:
    """A circle works or breaks by which of its modules is imported first."""
    by_name = {module.name: module for module in [*APPS, *DEMO, *SANDBOX]}

    def module_of(name: str) -> str | None:
        while name and name not in by_name:
            name = name.rpartition(".")[0]
        return name or None

    graph = {
        name: {
            found for _line, imported in module.imports() if (found := module_of(imported)) and found != name
        }
        for name, module in by_name.items()
    }

    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail(" imports ".join(reversed(error.args[1])))


def test_apps_know_the_tools_only_through_their_doors() -> None:
    wrong = [
        f"{module.path}:{line} imports {name}"
        for module in [*APPS, *read("pneumatic_dash")]
        for line, name in module.imports()
        if (tool := name.split(".")[0]) in TOOLS and DOORS.get(module.path) != tool
    ]

    assert not wrong, "\n".join(wrong)


def test_apps_know_nothing_of_the_project_package_but_its_version() -> None:
    wrong = [
        f"{module.path}:{line} imports {name}"
        for module in APPS
        for line, name in module.imports()
        if name.split(".")[0] == "pneumatic_dash" and name != "pneumatic_dash.__version__"
    ]

    assert not wrong, "\n".join(wrong)


def test_only_the_gateway_uses_http() -> None:
    wrong = [
        f"{module.path}:{line} imports {name}"
        for module in APPS
        for line, name in module.imports()
        if module.app != "pneumatic"
        and (name.split(".")[0] in HTTP_CLIENTS or ".".join(name.split(".")[:2]) in HTTP_CLIENTS)
    ]

    assert not wrong, "\n".join(wrong)


def test_only_the_gateway_sees_the_wire() -> None:
    wrong = [
        f"{module.path}:{line} imports {name}"
        for module in [*APPS, *DEMO]
        if module.app != "pneumatic"
        for line, name in module.imports()
        if name.startswith("apps.pneumatic.") and name.split(".")[2] not in GATEWAY_INTERFACE
    ]

    assert not wrong, "\n".join(wrong)


def test_the_sandbox_needs_only_the_standard_library() -> None:
    """Shared code shares mistakes: the sandbox imports nothing of ours."""
    wrong = [
        f"{module.path}:{line} imports {name}"
        for module in SANDBOX
        for line, name in module.imports()
        if name.split(".")[0] not in {*sys.stdlib_module_names, "sandbox"}
    ]

    assert not wrong, "\n".join(wrong)


def test_the_sandbox_is_reached_over_http() -> None:
    """The demonstration and the benchmarks start it as a separate process; its command line is all they know."""
    wrong = [
        f"{module.path}:{line} imports {name}"
        for module in [*DEMO, *read("benchmarks", "pneumatic_dash")]
        for line, name in module.imports()
        if name.split(".")[0] == "sandbox"
    ]

    assert not wrong, "\n".join(wrong)


def test_production_carries_no_tool() -> None:
    settings = (ROOT / "pneumatic_dash" / "settings.py").read_text(encoding="utf-8")

    assert not re.findall(r'"(?:apps\.)?(?:sandbox|demo)"', settings)


def test_no_import_hides_in_a_function() -> None:
    """An import inside a function dodges a cycle; ``AppConfig.ready`` is the one place where Django wants it.

    The doors are the other: production has no reason to load the tools behind them.
    """
    wrong = [
        f"{module.path}:{inner.lineno} imports inside {node.name}()"
        for module in APPS
        for node in ast.walk(module.tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and not (module.path.endswith("/apps.py") and node.name == "ready")
        and module.path not in DOORS
        for inner in ast.walk(node)
        if isinstance(inner, ast.Import | ast.ImportFrom)
    ]

    assert not wrong, "\n".join(wrong)


def test_only_settings_read_the_environment() -> None:
    wrong = [
        f"{module.path}:{line} uses {name}"
        for module in APPS
        for line, name in [*module.imports(), *module.attributes()]
        if name in ENVIRONMENT
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
        for module in APPS
        if module.path.endswith("/models.py")
        for line, name in module.imports()
        if name.startswith(("django.http", "django.shortcuts", "apps.pneumatic.client"))
    ]

    assert not wrong, "\n".join(wrong)


def test_it_sees_imports_at_any_depth() -> None:
    source = "def f():\n    from ..launches import models\n    import apps.sync.engine\n"
    module = Module(path="apps/kickoff/forms.py", tree=ast.parse(source))

    assert list(module.imports()) == [(2, "apps.launches.models"), (3, "apps.sync.engine")]


def test_it_reads_something_everywhere() -> None:
    folders = {module.parts[0] for module in EVERYWHERE}

    assert folders == {"apps", "benchmarks", "demo", "pneumatic_dash", "sandbox"}
