"""One complete class for each field type, and no more."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.conf import settings
from django.template.loader import get_template

from apps.kickoff.fields import KickoffField, UnknownField, create, get, register, registered
from apps.kickoff.fields.string import StringField
from tests.factories import make_field
from tests.kickoff.fakes import numbered

# FieldTypeEnum of the API's documentation (Get a Specific Template).
DOCUMENTED = {"string", "text", "radio", "checkbox", "date", "url", "dropdown", "file", "user"}
# The types that the current server adds.
KNOWN = DOCUMENTED | {"number"}


def test_every_known_type_has_its_class() -> None:
    own = {name: cls for name, cls in registered().items() if cls.type_name == name}

    assert own.keys() == KNOWN
    assert len(set(own.values())) == len(KNOWN)


def test_radiobutton_is_another_name_of_radio() -> None:
    assert get("radiobutton") is get("radio")


def test_an_unknown_type_has_no_class_but_never_fails() -> None:
    assert get("hologram") is UnknownField
    assert get("") is UnknownField
    assert isinstance(create(make_field(type="hologram")), UnknownField)


def test_a_taken_name_cannot_be_registered_again() -> None:
    class Another(StringField):
        type_name = "string"

    class Alias(StringField):
        type_name = "brand-new"
        aliases = ("radiobutton",)

    with pytest.raises(ValueError, match="already registered for StringField"):
        register(Another)
    with pytest.raises(ValueError, match="already registered for RadioField"):
        register(Alias)
    assert get("brand-new") is UnknownField


def test_an_abstract_class_cannot_be_registered() -> None:
    class Half(KickoffField[str]):
        type_name = "half"
        template_name = "kickoff/widgets/string.html"

    with pytest.raises(TypeError, match="abstract: it lacks"):
        register(Half)


@pytest.mark.parametrize("attribute", ["type_name", "template_name"])
def test_a_class_without_a_name_or_template_cannot_be_registered(attribute: str) -> None:
    nameless = type("Nameless", (StringField,), {"type_name": "nameless", attribute: ""})

    with pytest.raises(TypeError, match=f"has no {attribute}"):
        register(nameless)


def test_only_field_classes_can_be_registered() -> None:
    with pytest.raises(TypeError, match="not a KickoffField"):
        register(dict)  # type: ignore[type-var]  # as is tested


@pytest.mark.parametrize("type_name", sorted(registered()))
def test_every_type_has_its_template(type_name: str) -> None:
    few = create(make_field(type=type_name, selections=numbered(2)))
    many = create(make_field(type=type_name, selections=numbered(40)))

    get_template(few.template)
    get_template(many.template)


@pytest.mark.parametrize("type_name", sorted(KNOWN))
def test_every_type_has_a_module_and_a_line_in_the_documentation(type_name: str) -> None:
    root = Path(settings.BASE_DIR)

    assert (root / "apps" / "kickoff" / "fields" / f"{type_name}.py").is_file()
    table = (root / "docs" / "fields.md").read_text(encoding="utf-8")
    assert re.search(rf"^\| `{type_name}`", table, flags=re.MULTILINE)


def test_the_guide_names_only_files_that_exist() -> None:
    root = Path(settings.BASE_DIR)
    guide = (root / "docs" / "adding-a-field-type.md").read_text(encoding="utf-8")
    named = re.findall(r"`((?:apps|templates|tests|docs|static)/[\w./-]+)`", guide)

    assert named
    assert [path for path in named if not (root / path).exists()] == []
