"""Which models there are, as a resource. Knows no provider: the catalog lists them."""

from collections.abc import Sequence
from typing import Protocol

import msgspec
from litestar import get
from litestar.handlers import HTTPRouteHandler

from sluice.api.documented import PRIVATE, refusals, taking
from sluice.api.errors import AnyRequest, visit_of
from sluice.api.security import MEMBERS, optional
from sluice.core.errors import Unauthorized
from sluice.services.asking import Rules
from sluice.services.chat import ANY


class Listed(Protocol):
    """A model that can be asked for, as the catalog lists it.

    `window` is tokens, `price` USD per million tokens in and out.
    """

    @property
    def model(self) -> str: ...
    @property
    def provider(self) -> str: ...
    @property
    def default(self) -> bool: ...
    @property
    def window(self) -> int: ...
    @property
    def price(self) -> tuple[float, float] | None: ...
    @property
    def available(self) -> bool: ...
    @property
    def vision(self) -> bool: ...


class Catalog(Protocol):
    """Which models there are. Asks nobody at each call."""

    async def models(self, only: Sequence[str]) -> Sequence[Listed]:
        """Those that fit the patterns in `only`; a bounded number."""
        ...


class ModelPrice(msgspec.Struct, frozen=True):
    """USD per million tokens: of what is asked, and of the reply."""

    input: float
    output: float


class OfferedModel(msgspec.Struct, frozen=True):
    """A model that can be asked for by its `id`.

    `default`         it answers where a request names none
    `context_window`  tokens, of what is asked and the reply together
    `price`           null where it is not known
    `available`       false while it is left alone, because it has kept failing
    `vision`          it takes pictures
    """

    id: str
    provider: str
    default: bool
    context_window: int
    price: ModelPrice | None
    available: bool
    vision: bool


class ModelList(msgspec.Struct, frozen=True):
    """The models that are configured here; `default` is null where a request must name one."""

    models: list[OfferedModel]
    default: str | None


def models(catalog: Catalog, rules: Rules) -> HTTPRouteHandler:
    """`GET /api/v1/models`. To strangers it shows what strangers may use."""

    @get(
        "/api/v1/models",
        summary="Which models there are, with context window and price",
        tags=["models"],
        operation_class=taking(),
        responses=refusals(401, 403),
        response_headers=PRIVATE,
        security=optional(MEMBERS),
    )
    async def show(request: AnyRequest) -> ModelList:
        who = visit_of(request).who
        if who.id is None and not who.welcome:
            raise Unauthorized
        hidden = () if who.direct else rules.nearby
        found = await catalog.models(ANY if who.id is not None else rules.strangers)
        shown = [_offered(one) for one in found if one.model not in hidden]
        return ModelList(shown, next((one.id for one in shown if one.default), None))

    return show


def _offered(one: Listed) -> OfferedModel:
    price = None if one.price is None else ModelPrice(*one.price)
    return OfferedModel(
        one.model, one.provider, one.default, one.window, price, one.available, one.vision
    )
