"""Documents, from text to what can be executed: judged, parsed, validated, and kept for next time.

Executes nothing.
"""

from collections.abc import Sequence
from functools import lru_cache

import msgspec
from graphql import (
    ASTValidationRule,
    DocumentNode,
    GraphQLError,
    GraphQLSchema,
    NoSchemaIntrospectionCustomRule,
    OperationDefinitionNode,
    get_operation_ast,
    parse,
    specified_rules,
    validate,
)

from sluice.core.errors import InvalidRequest
from sluice.graphql import limits

KEPT = 64  # documents that need not be parsed and validated again
SHORT = 4000  # characters of such a document
ERRORS = 5  # that are told of one document


class Invalid(Exception):
    """The document makes no sense. `errors` are told to who has sent it."""

    def __init__(self, errors: Sequence[GraphQLError]) -> None:
        self.errors = errors
        super().__init__()


class Operation(msgspec.Struct, frozen=True):
    """What is to be executed. `kind` is `query`, `mutation` or `subscription`."""

    document: DocumentNode
    name: str | None
    kind: str


class Documents:
    """Understands documents. Without `introspection` nobody learns the schema by asking."""

    def __init__(self, schema: GraphQLSchema, *, introspection: bool) -> None:
        self._schema = schema
        self._hide = not introspection
        self._rules: list[type[ASTValidationRule]] = [*specified_rules]
        if not introspection:
            self._rules.append(NoSchemaIntrospectionCustomRule)
        self._known = lru_cache(KEPT)(self._understand)  # what is refused is not kept

    def operation(self, source: str, name: str | None) -> Operation:
        """The operation of this name. Raises `Invalid`, `InvalidRequest`, `PayloadTooLarge`."""
        understand = self._known if len(source) <= SHORT else self._understand
        document = understand(source)
        found: OperationDefinitionNode | None = get_operation_ast(document, name)
        if found is None:
            raise InvalidRequest("Name one of the document's operations", field="operationName")
        return Operation(document, name, found.operation.value)

    def _understand(self, source: str) -> DocumentNode:
        limits.judge(source)
        try:
            document = parse(source, max_tokens=limits.TOKENS)
        except GraphQLError as error:
            raise Invalid([error]) from None
        errors = validate(
            self._schema, document, self._rules, max_errors=ERRORS, hide_suggestions=self._hide
        )
        if errors:
            raise Invalid(errors)
        return document
