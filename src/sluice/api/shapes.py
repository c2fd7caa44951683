"""The dialects' structs as JSON Schema, under names that stay what they are. Pure."""

import re
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import msgspec

from sluice.dialects.base import Dialect, Doc

Json = dict[str, Any]

REF = "#/components/schemas/{name}"
REFERENCE = re.compile(r'(?<="\$ref":")[^"]+')  # in JSON, where a text's quotes are escaped


class Shapes(NamedTuple):
    """Every struct of the dialects: where its schema is referred to, and the schemas by name."""

    refs: Mapping[type, Json]
    schemas: Json

    def of(self, kind: type) -> Json:
        return self.refs[kind]

    def body(self, kind: type) -> Json:
        """The struct's schema itself."""
        return self.schemas[self.name(kind)]

    def name(self, kind: type) -> str:
        return self.refs[kind]["$ref"].removeprefix(REF.format(name=""))


def collect(dialects: Iterable[Dialect]) -> Shapes:
    """The structs of all routes, each named after its dialect, so that no other one's are in the
    way. Raises `ValueError` where two of one dialect have the same name.
    """
    names: dict[type, str] = {}
    for dialect in dialects:
        for kind in (kind for route in dialect.routes for kind in _structs(route.doc)):
            names.setdefault(kind, _name(dialect, kind))
    if len(set(names.values())) < len(names):
        raise ValueError(f"two structs have the same name: {sorted(names.values())}")
    made, schemas = msgspec.json.schema_components(names, ref_template=REF)
    refs = {kind: {"$ref": REF.format(name=name)} for kind, name in names.items()}
    given = {ref["$ref"]: refs[kind]["$ref"] for ref, kind in zip(made, names, strict=True)}
    text = REFERENCE.sub(lambda ref: given.get(ref[0], ref[0]), _json(schemas))
    renamed: Json = {
        given.get(ref, ref).removeprefix(REF.format(name="")): schema
        for name, schema in msgspec.json.decode(text).items()
        for ref in (REF.format(name=name),)
    }
    return Shapes(refs, renamed)


def _json(schemas: Any) -> str:
    return msgspec.json.encode(schemas).decode()


def _name(dialect: Dialect, kind: type) -> str:
    prefix, name = dialect.name.title(), kind.__name__
    return name if name.startswith(prefix) else prefix + name


def _structs(doc: Doc) -> list[type]:
    return [kind for kind in (doc.request, *doc.events, doc.response) if kind is not None]
