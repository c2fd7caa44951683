"""Which models there are, in OpenAI's words, for its SDKs. `models.py` knows them."""

from typing import Any, Literal

import msgspec
from litestar import get
from litestar.handlers import HTTPRouteHandler

from sluice.api.documented import PRIVATE, refusals, taking
from sluice.api.errors import AnyRequest
from sluice.api.models import Catalog, ModelList, models
from sluice.api.security import MEMBERS, optional
from sluice.services.asking import Rules


class OpenAIModel(msgspec.Struct, frozen=True):
    """A model that can be asked for by its `id`. When it was made (`created`) is not known: 0."""

    id: str
    owned_by: str
    object: Literal["model"] = "model"
    created: int = 0


class OpenAIModelList(msgspec.Struct, frozen=True):
    """The models that the caller may ask for; the default one comes first."""

    data: list[OpenAIModel]
    object: Literal["list"] = "list"


def openai_models(catalog: Catalog, rules: Rules) -> HTTPRouteHandler:
    """`GET /v1/models`. To strangers it shows what strangers may use."""
    known: Any = models(catalog, rules).fn

    @get(
        "/v1/models",
        summary="The same as OpenAI words it, for its SDKs",
        tags=["models"],
        operation_class=taking(),
        responses=refusals(401, 403),
        response_headers=PRIVATE,
        security=optional(MEMBERS),
    )
    async def show(request: AnyRequest) -> OpenAIModelList:
        listed: ModelList = await known(request)
        return OpenAIModelList([OpenAIModel(one.id, one.provider) for one in listed.models])

    return show
