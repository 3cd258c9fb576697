"""Hypothesis strategies for the templates of the current API, in the shapes of its list and of its detail."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from tests.pneumatic.dialects.current import samples

JSON = dict[str, Any]
WITH_SELECTIONS = ("radio", "checkbox", "dropdown")
TYPES = ("string", "text", "number", "date", "url", "file", "user", "hologram", *WITH_SELECTIONS)
DATASETS: dict[int, list[str]] = {1: ["Łódź", "New York, NY"], 2: [], 3: ["One", "One", "Two"]}
labels = st.text(min_size=1, max_size=8)
texts = st.text(max_size=12)


@st.composite
def forms(draw: st.DrawFn) -> tuple[JSON, JSON]:
    """The same form in the list and in the detail."""
    count = draw(st.integers(0, 5))
    fields = [draw(_fields(f"field-{number}")) for number in range(count)]
    inside = [
        [draw(_fields(f"inside-{number}-{position}")) for position in range(draw(st.integers(0, 3)))]
        for number in range(draw(st.integers(0, 2)))
    ]
    sets = [
        samples.fieldset(
            api_name=f"set-{number}",
            title=draw(texts),
            description=draw(texts),
            order=draw(st.integers(0, 3)),
            fields=[of_detail for _of_list, of_detail in rows],
        )
        for number, rows in enumerate(inside)
    ]
    # Also in the list the fields of fieldsets have the detail's shape.
    return (
        {"fields": [of_list for of_list, _of_detail in fields], "fieldsets": sets},
        {"fields": [of_detail for _of_list, of_detail in fields], "fieldsets": sets},
    )


@st.composite
def _fields(draw: st.DrawFn, api_name: str) -> tuple[JSON, JSON]:
    type_ = draw(st.sampled_from(TYPES))
    field = samples.field(
        api_name=api_name,
        type=type_,
        name=draw(texts),
        description=draw(texts),
        is_required=draw(st.booleans()),
        is_hidden=draw(st.booleans()),
        default=draw(texts),
        order=draw(st.integers(-3, 99)),
    )
    if type_ not in WITH_SELECTIONS:
        return field, field
    dataset = draw(st.none() | st.sampled_from(sorted(DATASETS)))
    own = [] if dataset else draw(st.lists(labels, max_size=4))
    of_list = {**field, "dataset": dataset, "selections": own or DATASETS.get(dataset or 0, [])}
    options = [{"value": label, "api_name": f"selection-{label}"} for label in own]
    return of_list, {**field, "dataset": dataset, "selections": options}


@st.composite
def templates(draw: st.DrawFn) -> tuple[JSON, JSON]:
    """A template as a row of the list, and as the detail."""
    of_list, of_detail = draw(forms())
    head = {
        "name": draw(texts),
        "is_active": True,
        "wf_name_template": draw(st.none() | texts),
        "owners": draw(
            st.lists(
                st.builds(
                    samples.owner,
                    st.integers(1, 5),
                    type=st.sampled_from(["user", "group"]),
                    role=st.sampled_from(["owner", "viewer", "starter"]),
                ),
                max_size=4,
            )
        ),
    }
    return samples.summary(7, **head, kickoff=of_list), samples.detail(7, **head, kickoff=of_detail)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=6,
)


@st.composite
def spoilt(draw: st.DrawFn, whole: JSON) -> JSON:
    """The same JSON with one of its values replaced or left out."""
    path = draw(st.sampled_from(sorted(_paths(whole), key=str)))
    is_gone = draw(st.booleans())
    value = draw(json_values)
    return _with(whole, path, value, is_gone)


def _paths(value: Any, before: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    items: list[tuple[Any, Any]] = []
    if isinstance(value, dict):
        items = list(value.items())
    elif isinstance(value, list):
        items = list(enumerate(value))
    found = [before] if before else []
    for key, inner in items:
        found += _paths(inner, (*before, key))
    return found


def _with(value: Any, path: tuple[Any, ...], new: Any, is_gone: bool) -> Any:
    if not path:
        return new
    first, *rest = path
    if isinstance(value, dict):
        if not rest and is_gone:
            return {key: inner for key, inner in value.items() if key != first}
        return {
            key: _with(inner, tuple(rest), new, is_gone) if key == first else inner
            for key, inner in value.items()
        }
    return [
        _with(inner, tuple(rest), new, is_gone) if index == first else inner
        for index, inner in enumerate(value)
    ]
