"""Hypothesis strategies for the canonical form."""

from __future__ import annotations

import datetime as dt

from hypothesis import strategies as st

from apps.pneumatic.canonical.events import (
    Choice,
    Event,
    FileLink,
    Kind,
    Output,
    Performer,
    Seen,
    Status,
    TaskSnapshot,
    TaskStatus,
    WorkflowSnapshot,
    current_among,
)
from apps.pneumatic.canonical.schemas import (
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

# -- Events ----------------------------------------------------------------------------------------------------

numbers = st.integers(-(2**63), 2**63 - 1)
moments = st.datetimes(
    dt.datetime(2, 1, 2),  # noqa: DTZ001 - the strategy adds a zone
    dt.datetime(9998, 12, 30),  # noqa: DTZ001 - the strategy adds a zone
    timezones=st.just(dt.UTC) | st.timezones(),
    # Python calls no two times equal when the clock shows one of them twice, whichever zone the other is in.
).map(lambda time: time.replace(tzinfo=dt.timezone(time.utcoffset() or dt.timedelta())))
outputs = st.builds(
    Output,
    api_name=texts,
    name=texts,
    type=st.sampled_from(TYPES) | texts,
    value=texts,
    choices=st.lists(st.builds(Choice, key=texts, label=texts, is_selected=st.booleans()), max_size=3).map(
        tuple
    ),
    files=st.lists(st.builds(FileLink, id=texts, name=texts, url=texts), max_size=2).map(tuple),
    user_id=st.none() | numbers,
    group_id=st.none() | numbers,
)
snapshots = st.builds(
    TaskSnapshot,
    id=numbers,
    name=texts,
    number=st.none() | st.integers(0, 99),
    description=texts,
    date_started=st.none() | moments,
    date_completed=st.none() | moments,
    performers=st.lists(
        st.builds(Performer, id=st.none() | numbers, name=texts, is_group=st.booleans()), max_size=3
    ).map(tuple),
    outputs=st.lists(outputs, max_size=2).map(tuple),
    status=st.sampled_from(TaskStatus),
)


@st.composite
def workflows(draw: st.DrawFn) -> WorkflowSnapshot:
    tasks = tuple(draw(st.lists(snapshots, max_size=3)))
    return WorkflowSnapshot(
        id=draw(numbers),
        name=draw(texts),
        status=draw(st.sampled_from(Status)),
        template_id=draw(st.none() | numbers),
        template_name=draw(texts),
        date_created=draw(st.none() | moments),
        kickoff=tuple(draw(st.lists(outputs, max_size=3))),
        current_task=current_among(tasks) if tasks else draw(st.none() | snapshots),
        tasks=tasks,
        date_completed=draw(st.none() | moments),
        starter_id=draw(st.none() | numbers),
        is_urgent=draw(st.booleans()),
        due=draw(st.none() | moments),
    )


def events() -> st.SearchStrategy[Event]:
    return st.builds(
        Event,
        kind=st.sampled_from([*Kind, *Seen]),
        workflow=workflows(),
        task=st.none() | snapshots,
        seen_at=st.none() | moments,
    )


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=6,
)
