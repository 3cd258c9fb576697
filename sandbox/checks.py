"""Check the options of control requests: a table of what each accepts, and the advice for what it does not."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from .errors import Problem

Check = tuple[Callable[[Any], bool], str]
MAX_SECONDS = 600


def one_of(*names: str) -> Check:
    """Accept one of these texts."""
    return lambda value: value in names, f"one of: {', '.join(names)}"


def whole(least: int, most: int) -> Check:
    """Accept a whole number in this range; true is none."""
    return lambda value: type(value) is int and least <= value <= most, f"a number from {least} to {most}"


def seconds(*, optional: bool = False) -> Check:
    """Accept a time; with ``optional`` also null."""

    def accepts(value: Any) -> bool:
        return (optional and value is None) or (type(value) in {int, float} and 0 <= value <= MAX_SECONDS)

    return accepts, f"seconds from 0 to {MAX_SECONDS}"


TEXT: Check = (lambda value: isinstance(value, str), "a text")
FLAG: Check = (lambda value: isinstance(value, bool), "true or false")
OBJECT: Check = (lambda value: isinstance(value, dict), "an object")


def problems(data: Any, options: Mapping[str, Check], *, required: tuple[str, ...] = ()) -> list[Problem]:
    """Return what is wrong with ``data`` as an object with these options."""
    if not isinstance(data, dict):
        return [Problem("body", "Send a JSON object.")]
    found = [Problem(str(key), "Unknown key.") for key in data if key not in options]
    for key, (accepts, advice) in options.items():
        if (key in data or key in required) and not accepts(data.get(key)):
            found.append(Problem(key, f"Write {advice}."))
    return found
