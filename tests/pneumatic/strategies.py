"""Hypothesis strategies for the canonical form."""

from __future__ import annotations

import datetime as dt

from hypothesis import strategies as st

from apps.pneumatic.schemas import (
    Answer,
    DynamicPerformer,
    FieldDefinition,
    FileValue,
    Kickoff,
    Selection,
    Task,
    UserValue,
    Value,
)

WITH_SELECTIONS = ("radio", "checkbox", "dropdown")
TYPES = ("string", "text", "radio", "checkbox", "date", "url", "dropdown", "file", "user")

texts = st.text(max_size=20)
ids = st.integers(1, 2**53)


@st.composite
def fields(draw: st.DrawFn, types: tuple[str, ...] = TYPES) -> FieldDefinition:
    type_ = draw(st.sampled_from(types))
    keys = draw(st.lists(ids, unique=True, min_size=1, max_size=5)) if type_ in WITH_SELECTIONS else []
    return FieldDefinition(
        api_name=draw(st.text(min_size=1, max_size=20)),
        name=draw(texts),
        type=type_,
        description=draw(texts),
        is_required=draw(st.booleans()),
        order=draw(st.integers(-5, 5)),
        selections=tuple(Selection(str(key), draw(texts)) for key in keys),
    )


@st.composite
def values(draw: st.DrawFn, field: FieldDefinition) -> Value:
    """A value that the field can hold."""
    keys = [selection.key for selection in field.selections]
    by_type: dict[str, st.SearchStrategy[Value]] = {
        "date": st.dates(),
        "user": st.builds(UserValue, id=ids),
        "file": st.lists(st.builds(FileValue, id=ids.map(str), name=texts), min_size=1, max_size=3).map(
            tuple
        ),
    }
    if field.type == "checkbox":
        return tuple(draw(st.lists(st.sampled_from(keys), unique=True, min_size=1)))
    if field.type in {"radio", "dropdown"}:
        return draw(st.sampled_from(keys))
    return draw(by_type.get(field.type, texts))


@st.composite
def answers(draw: st.DrawFn) -> Answer:
    field = draw(fields())
    return Answer(field, draw(values(field)))


delays = st.timedeltas(dt.timedelta(0), dt.timedelta(days=1000)).map(
    lambda delay: delay - delay % dt.timedelta(seconds=1)
)
kickoffs = st.builds(Kickoff, description=texts, fields=st.lists(fields(), max_size=4).map(tuple))
tasks = st.builds(
    Task,
    id=ids,
    number=st.integers(1, 99),
    name=texts,
    description=texts,
    delay=st.none() | delays,
    require_completion_by_all=st.booleans(),
    is_starter_responsible=st.booleans(),
    responsible=st.lists(ids, max_size=3).map(tuple),
    dynamic_performers=st.lists(st.builds(DynamicPerformer, api_name=texts, name=texts), max_size=2).map(
        tuple
    ),
    fields=st.lists(fields(), max_size=2).map(tuple),
)
