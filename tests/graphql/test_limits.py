"""What a document may ask for at most."""

import pytest
from graphql import get_introspection_query

from sluice.core.errors import SluiceError
from sluice.graphql.limits import judge

FINE = {
    "introspection, as clients ask for it": get_introspection_query(
        specified_by_url=True, directive_is_repeatable=True, schema_description=True
    ),
    "as deep as allowed": "{" + "a{" * 7 + "b" + "}" * 8,
    "deep objects in arguments": "{a(b:{c:{d:{e:{f:{g:{h:{i:{j:1}}}}}}}}})}",
    "braces in strings": '{a(b:"' + "{" * 50 + '",c:"""' + "{" * 50 + ' \\""" { """)}',
    "braces in comments": "#" + "{" * 50 + "\n{a}",
    "arguments look like aliases": "{a(" + "b:1 " * 100 + ")}",
    "twenty aliases": "{" + "a:b " * 20 + "}",
    "two operations": "query A{a{b{c{d}}}} query B{a{b{c{d}}}}",
}
REFUSED = {
    "too deep": ("{" + "a{" * 8 + "b" + "}" * 9, "invalid_request"),
    "far too deep": ("{" + "a{" * 400, "invalid_request"),
    "too deep after introspection": ("{__schema{a} " + "a{" * 8, "invalid_request"),
    "introspection without end": ("{__schema{" + "fields{type{" * 20, "invalid_request"),
    "too many aliases": ("{" + "a:b " * 21 + "}", "invalid_request"),
    "too wide": ("{" + "a " * 151 + "}", "invalid_request"),
    "too many tokens": ("{a(" + "1 " * 2000 + ")}", "invalid_request"),
    "too long": ('{a(b:"' + "x" * 16_000 + '")}', "payload_too_large"),
}


@pytest.mark.parametrize("source", FINE.values(), ids=FINE)
def test_what_makes_sense_passes(source: str):
    judge(source)


@pytest.mark.parametrize(("source", "code"), REFUSED.values(), ids=REFUSED)
def test_what_asks_for_too_much_is_refused(source: str, code: str):
    with pytest.raises(SluiceError) as refused:
        judge(source)
    assert refused.value.code == code
