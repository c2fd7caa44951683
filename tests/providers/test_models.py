"""What is known about models, and how operators correct it."""

from collections.abc import Callable

import pytest

from sluice.core.events import Usage
from sluice.providers import overrides
from sluice.providers.models import MODELS, ModelTable
from sluice.providers.naming import fits, permitted
from sluice.providers.wire import Patience

SLOW = Patience(first_byte=300.0, first_byte_last=300.0)


@pytest.mark.parametrize(
    ("model", "window", "price", "reasoning"),
    [
        ("openai/gpt-4o-mini", 128_000, (0.15, 0.6), False),
        ("openai/gpt-4o-mini-2024-07-18", 128_000, (0.15, 0.6), False),
        ("openai/gpt-4o", 128_000, (2.5, 10.0), False),
        ("openai/gpt-4.1", 1_047_576, (2.0, 8.0), False),
        ("openai/gpt-5-mini", 400_000, (0.25, 2.0), True),
        ("openai/gpt-5-chat-latest", 128_000, (1.25, 10.0), False),
        ("openai/o3-mini", 200_000, (1.1, 4.4), True),
        ("openai/o3", 200_000, (2.0, 8.0), True),
        ("openai/never-heard-of", 128_000, (0.5, 1.5), False),
        ("gemini/gemini-2.0-flash", 1_048_576, (0.1, 0.4), False),
        ("gemini/gemini-2.5-pro", 1_048_576, (1.25, 10.0), True),
        ("gemini/gemini-3.1-pro-preview", 1_048_576, (2.0, 12.0), True),
        ("anthropic/claude-haiku-4-5", 200_000, (1.0, 5.0), False),
        ("anthropic/claude-opus-4-1-20250805", 200_000, (15.0, 75.0), False),
        ("anthropic/claude-opus-4-5", 200_000, (5.0, 25.0), False),
        ("local/llama3", 8_192, (0.0, 0.0), False),
        ("local/openai/gpt-4o", 8_192, (0.0, 0.0), False),
        ("gguf/default", 8_192, (0.0, 0.0), False),
        ("demo", 128_000, (0.0, 0.0), False),
        ("other/thing", 32_768, (0.5, 1.5), False),
    ],
)
def test_what_is_known(
    model: str, window: int, price: tuple[float, float], reasoning: bool
) -> None:
    table = ModelTable()
    assert (table.window(model), table.price(model)) == (window, price)
    assert table.reasoning(model) is reasoning


@pytest.mark.parametrize(
    ("model", "sees"),
    [
        ("openai/gpt-4o-mini", True),
        ("openai/gpt-4.1-nano", True),
        ("openai/gpt-4-turbo", True),
        ("openai/gpt-4", False),
        ("openai/gpt-5.5", True),
        ("openai/o1", True),
        ("openai/o1-mini", False),
        ("openai/o3", True),
        ("openai/o3-mini", False),
        ("openai/o4-mini", True),
        ("openai/gpt-3.5-turbo", False),
        ("openai/text-embedding-3-small", False),
        ("openai/never-heard-of", False),
        ("gemini/gemini-2.0-flash", True),
        ("gemini/gemini-flash-latest", True),
        ("gemini/gemini-embedding-001", False),
        ("gemini/gemma-3-1b-it", False),
        ("anthropic/claude-3-haiku-20240307", True),
        ("anthropic/claude-new", True),
        ("local/llama3", False),
        ("local/llava", True),
        ("gguf/default", False),
        ("langchain/mine", False),
        ("langchain/eyes", True),
        ("demo", False),
        ("flow/ask", False),
    ],
)
def test_which_models_take_images(model: str, sees: bool) -> None:
    assert ModelTable(vision=("local/llava*", "langchain/eyes")).sees(model) is sees


@pytest.mark.parametrize("index", range(len(MODELS)), ids=lambda i: MODELS[i].pattern)
def test_no_row_hides_behind_an_earlier_one(index: int) -> None:
    # The shortest name that the row means, a class of characters read as its first.
    example = MODELS[index].pattern.replace("[", "").replace("23]", "2").replace("67]", "6")
    example = example.replace("57]", "5").replace("*", "")
    first = next(row for row in MODELS if fits(example, row.pattern))
    assert first is MODELS[index]


@pytest.mark.parametrize(
    ("model", "patience"),
    [
        ("openai/gpt-4o", Patience()),
        ("openai/o3", SLOW),
        ("local/llama3", SLOW),
        ("gguf/default", SLOW),
        ("anthropic/my-thinker", SLOW),
        ("gemini/quick", Patience(connect=2.0)),
        ("gemini/gemini-2.5-pro", Patience(first_byte=7.0, first_byte_last=7.0, silence=9.0)),
        ("gemini/gemini-2.0", Patience(first_byte=5.0, first_byte_last=60.0)),
    ],
)
def test_how_long_a_model_is_waited_for(model: str, patience: Patience) -> None:
    table = ModelTable(
        reasoning=("*thinker",),
        patience=overrides.patience(
            (
                "gemini/quick=connect:2",
                "gemini/*-pro=first_byte:7; silence:9",
                "gemini/gemini-2.0=first_byte:5;first_byte_last:60",
                "gemini/*=connect:99",
            )
        ),
    )
    assert table.patience(model) == patience


def test_the_usual_limits_are_the_issues() -> None:
    assert Patience() == Patience(10.0, 12.0, 120.0, 30.0)


def test_an_operators_word_counts_before_the_table() -> None:
    table = ModelTable(
        overrides.prices(("openai/gpt-4o-mini=1/2", "local/*=0.01/0.02", "gpt-4o=3/4")),
        overrides.windows(("local/*=32768", "*=1000")),
    )
    assert table.price("openai/gpt-4o-mini") == (1.0, 2.0)
    assert table.price("openai/gpt-4o") == (3.0, 4.0)
    assert table.price("local/llama3") == (0.01, 0.02)
    assert table.window("local/llama3") == 32_768
    assert table.window("openai/gpt-4o") == 1_000


@pytest.mark.parametrize(
    ("model", "cost"),
    [("openai/gpt-4o-mini", 0.75), ("unknown/x", 2.0), ("local/x", 0.0), ("demo", 0.0)],
)
def test_a_million_tokens_each_way_cost_both_prices(model: str, cost: float) -> None:
    assert ModelTable().cost(model, Usage(1_000_000, 1_000_000, 400_000)) == pytest.approx(cost)


@pytest.mark.parametrize(
    ("read", "item"),
    [
        (overrides.prices, "openai/gpt-4o"),
        (overrides.prices, "=1/2"),
        (overrides.prices, "a=1"),
        (overrides.prices, "a=1/2/3"),
        (overrides.prices, "a=1/-2"),
        (overrides.prices, "a=1/nan"),
        (overrides.prices, "a=one/two"),
        (overrides.windows, "a=0"),
        (overrides.windows, "a=1.5"),
        (overrides.windows, "a=inf"),
        (overrides.windows, "a=lots"),
        (overrides.patience, "a=5"),
        (overrides.patience, "a=conect:5"),
        (overrides.patience, "a=connect:-1"),
        (overrides.patience, "a=connect:1;silence:"),
        (overrides.patience, "a=connect:90000"),
        (overrides.aliases, "gpt-4o"),
        (overrides.aliases, "gpt-4o="),
    ],
)
def test_a_bad_item_is_named_in_one_line(
    read: Callable[[tuple[str, ...]], object], item: str
) -> None:
    with pytest.raises(ValueError) as caught:
        read(("fine=" + "x", item)) if read is overrides.aliases else read((item,))
    assert f"`{item}`" in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("model", "pattern", "means"),
    [
        ("openai/gpt-4o", "openai/*", True),
        ("openai/gpt-4o", "gpt-*", True),
        ("openai/gpt-4o", "*", True),
        ("openai/gpt-4o", "openai", False),
        ("openai/gpt-4o", "GPT-*", False),
        ("local/openai/gpt-4o", "openai/*", False),
        ("demo", "demo", True),
        ("demo", "demo/*", True),
        ("demo", "demo*", True),
        ("demo", "local/*", False),
    ],
)
def test_what_an_operators_pattern_means(model: str, pattern: str, means: bool) -> None:
    assert fits(model, pattern) is means
    assert permitted(model, ("nothing", pattern)) is means


def test_what_is_remembered_is_bounded() -> None:
    table = ModelTable()
    for number in range(5_000):
        table.window(f"local/{number}")
    assert table._facts.cache_info().currsize == 1024  # pyright: ignore[reportPrivateUsage]


def test_known_names_are_what_makers_sell_by_and_what_the_operator_prices():
    table = ModelTable([("openai/own", (1.0, 2.0)), ("openai/*", (3.0, 4.0))], [("local/own", 9)])
    names = table.names()

    assert names[:2] == ["openai/own", "local/own"]
    assert {"openai/gpt-4o-mini", "gemini/gemini-2.5-pro", "anthropic/claude-haiku-4-5"} <= set(
        names
    )
    assert not {"anthropic/claude-3-opus", "openai/", "demo/"} & set(names)
    assert all("*" not in name for name in names)


@pytest.mark.parametrize(
    ("model", "price"),
    [
        ("openai/gpt-4o-mini", (0.15, 0.6)),
        ("openai/unheard-of", None),
        ("nobody/x", None),
        ("gemini/priced", (1.0, 2.0)),
        ("local/any", (0.0, 0.0)),
        ("demo", (0.0, 0.0)),
    ],
)
def test_a_price_is_quoted_only_where_somebody_has_said_it(
    model: str, price: tuple[float, float] | None
):
    assert ModelTable([("gemini/priced", (1.0, 2.0))]).quoted(model) == price
