"""The project's Python files, parsed once for every rule.

Every module's syntax tree is read, so imports inside functions and under ``TYPE_CHECKING`` count too.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LEFT_OUT = {"migrations", ".venv", "node_modules"}


@dataclass(frozen=True)
class Module:
    """A Python file of the project and its syntax tree."""

    path: str
    tree: ast.Module

    @property
    def parts(self) -> list[str]:
        """Return the folders and the file's stem: ``["apps", "sync", "engine"]``."""
        return self.path.removesuffix(".py").split("/")

    @property
    def app(self) -> str:
        """Return the app, or the top-level folder of a file that is in none."""
        return self.parts[1] if self.parts[0] == "apps" else self.parts[0]

    @property
    def room(self) -> str:
        """Return the first folder below the app, or the file's stem where it is in none."""
        return self.parts[2] if len(self.parts) > 2 else ""

    @property
    def name(self) -> str:
        """Return the dotted name that imports use."""
        return ".".join(self.parts).removesuffix(".__init__")

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


def read(*folders: str) -> list[Module]:
    """Return every module below the top-level folders."""
    return [
        Module(path=path.relative_to(ROOT).as_posix(), tree=ast.parse(path.read_text(encoding="utf-8")))
        for folder in folders
        for path in sorted((ROOT / folder).rglob("*.py"))
        if not LEFT_OUT & set(path.parts)
    ]


APPS = read("apps")
DEMO = read("demo")
SANDBOX = read("sandbox")
EVERYWHERE = [*APPS, *DEMO, *SANDBOX, *read("pneumatic_dash", "benchmarks")]
