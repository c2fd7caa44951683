"""Errors as FastAPI words them, which the clients of two of our dialects know."""

import msgspec

from sluice.core.errors import InvalidRequest, ModelNotFound, SluiceError
from sluice.dialects.json import encode


class Detail(msgspec.Struct, omit_defaults=True):
    """What is wrong with one field; `loc` says where it stands."""

    loc: list[str]
    msg: str
    type: str = ""


class Problem(msgspec.Struct):
    """The body of an error: `detail` is a list for invalid input, and a text for all else."""

    detail: list[Detail] | str
    code: str


def refuse(error: SluiceError) -> bytes:
    if isinstance(error, InvalidRequest | ModelNotFound):
        field = error.field or ("model" if isinstance(error, ModelNotFound) else None)
        loc = ["body", field] if field else ["body"]
        return encode(Problem([Detail(loc, error.message, error.code)], error.code))
    return encode(Problem(error.message, error.code))
