"""What can be asked over HTTP, and what is refused, at a real server."""

from typing import Any

import pytest

from tests.clients.person import Answer, Person, signed_in
from tests.conftest import Running, Serve
from tests.graphql.conftest import Ask

SAY = """
mutation ($message: String!, $place: ID, $model: String = "demo/n=5,delay=0ms") {
  do_conversation(message: $message, interaction_id: $place, model: $model) {
    interaction { id title is_new created_at }
    message { id content model created_at }
    tokens_used points_cost cached
  }
}"""
READ = """
query ($id: ID!) {
  interaction(id: $id) { title messages(limit: 3) { items { id role content } next_cursor } }
  my_points { balance }
}"""


def codes(answer: Answer) -> list[str]:
    return [error["extensions"]["code"] for error in answer.body["errors"]]


async def said(ask: Ask, message: str, **variables: Any) -> Any:
    answer = await ask(SAY, variables={"message": message, **variables})
    assert answer.status == 200, answer
    assert "errors" not in answer.body, answer
    return answer.body["data"]["do_conversation"]


async def test_a_reply_is_given_whole_and_kept_and_paid_for(ask: Ask):
    first = await said(ask, "What is a sluice?")
    place = first["interaction"]["id"]
    second = await said(ask, "And a weir?", place=place)
    found = (await ask(READ, variables={"id": place})).body["data"]

    assert (first["interaction"]["is_new"], second["interaction"]["is_new"]) == (True, False)
    items = found["interaction"]["messages"]["items"]
    assert [one["role"] for one in items] == ["user", "assistant", "user"]
    assert items[1]["id"] == first["message"]["id"]
    assert items[1]["content"] == first["message"]["content"] != ""
    assert found["interaction"]["messages"]["next_cursor"] is not None
    paid = first["points_cost"] + second["points_cost"]
    assert found["my_points"]["balance"] == 1000 - paid < 1000


async def test_interactions_are_listed_page_by_page_the_newest_first(ask: Ask):
    places = [(await said(ask, f"Question {n}"))["interaction"]["id"] for n in range(3)]
    listed: list[str] = []
    cursor: str | None = None
    for _ in range(2):
        answer = await ask(
            "query ($after: String) { my_interactions(limit: 2, cursor: $after)"
            " { items { id } next_cursor } }",
            variables={"after": cursor},
        )
        page = answer.body["data"]["my_interactions"]
        listed += [one["id"] for one in page["items"]]
        cursor = page["next_cursor"]

    assert (listed, cursor) == (places[::-1], None)


async def test_what_is_anothers_is_not_there(server: Running, ask: Ask):
    place = (await said(ask, "Mine"))["interaction"]["id"]
    async with signed_in(server.url) as bob:
        for query in (f'{{interaction(id:"{place}"){{id}}}}', SAY):
            variables = {"message": "Let me in", "place": place}
            body = {"query": query, "variables": variables if query is SAY else None}
            assert codes(await bob.ask("POST", "/graphql", body)) == ["not_found"]


REFUSED = {
    "a blank message": ('mutation{do_conversation(message:" "){cached}}', 200, "invalid_request"),
    "a page too long": ("{my_interactions(limit:101){next_cursor}}", 200, "invalid_request"),
    "a cursor that is none": ('{my_interactions(cursor:"x"){next_cursor}}', 200, "invalid_request"),
    "no such interaction": ('{interaction(id:"x"){id}}', 200, "not_found"),
    "a provider that fails": (
        'mutation{do_conversation(message:"x",model:"demo/fail=provider_timeout@0"){cached}}',
        200,
        "provider_timeout",
    ),
    "no such field": ("{nothing}", 200, "invalid_request"),
    "too deep": ("{" + "a{" * 9, 400, "invalid_request"),
    "a subscription without a stream": (
        'subscription{conversation(message:"x"){type}}',
        406,
        "invalid_request",
    ),
}


@pytest.mark.parametrize(("query", "status", "code"), REFUSED.values(), ids=REFUSED)
async def test_refusals_have_our_codes(ask: Ask, query: str, status: int, code: str):
    answer = await ask(query)
    assert (answer.status, codes(answer)) == (status, [code])


async def test_nobody_asks_anything_without_a_bearer(server: Running, ann: Person):
    for headers in ({}, {"Authorization": "Bearer nonsense"}):
        stranger = Person(ann.session, headers)
        answer = await stranger.ask("POST", "/graphql", {"query": "{__typename}"})
        assert (answer.status, answer.body["code"]) == (401, "unauthorized")


async def test_a_get_asks_and_changes_nothing(ann: Person):
    assert (await ann.ask("GET", "/graphql?query={__typename}")).body["data"] is not None
    answer = await ann.ask("GET", "/graphql?query=mutation{__typename}")
    assert (answer.status, codes(answer)) == (405, ["invalid_request"])


async def test_batches_are_refused(ann: Person):
    async with ann.session.post(
        "/graphql", json=[{"query": "{__typename}"}], headers=ann.headers
    ) as response:
        assert response.status == 400


async def test_the_same_key_is_the_same_run(ask: Ask):
    variables = {"message": "Once"}
    headers = {"Idempotency-Key": "once"}
    first, second = [await ask(SAY, variables=variables, headers=headers) for _ in range(2)]
    ids = [one.body["data"]["do_conversation"]["message"]["id"] for one in (first, second)]
    assert ids[0] == ids[1]


async def test_a_browser_is_shown_a_page_that_runs_nothing_from_elsewhere(ann: Person):
    async with ann.session.get("/graphql", headers={"Accept": "text/html"}) as response:
        assert response.status == 200
        assert "default-src 'self'" in response.headers["Content-Security-Policy"]


async def test_a_subscription_as_server_sent_events(ann: Person):
    query = 'subscription{conversation(message:"x",model:"demo/n=3,delay=0ms"){type}}'
    headers = {**ann.headers, "Accept": "text/event-stream"}
    async with ann.session.post("/graphql", json={"query": query}, headers=headers) as response:
        assert response.headers["X-Run-Id"]
        text = await response.text()

    *events, last = text.strip("\n").split("\n\n")
    assert last.startswith("event: complete\ndata:")
    assert [event.split("\n")[0] for event in events] == ["event: next"] * 5


async def test_introspection_can_be_switched_off(serve: Serve):
    server = serve(SLUICE_GRAPHQL_INTROSPECTION="false")
    async with signed_in(server.url) as ann:
        closed = await ann.ask("POST", "/graphql", {"query": "{__schema{types{name}}}"})
        guessed = await ann.ask("POST", "/graphql", {"query": "{my_point{balance}}"})

    assert set(codes(closed)) == {"invalid_request"}
    assert "Did you mean" not in guessed.body["errors"][0]["message"]


async def test_who_has_too_few_points_is_told_so(serve: Serve):
    server = serve(SLUICE_POINTS_AT_REGISTRATION="0")
    async with signed_in(server.url) as ann:
        answer = await ann.ask("POST", "/graphql", {"query": SAY, "variables": {"message": "Hi"}})
    assert codes(answer) == ["insufficient_points"]
