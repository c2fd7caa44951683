"""A server that is killed again and again, at random moments, while people do all they can."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from random import Random
from typing import Any

import pytest

from tests.chaos.homes import Home, assert_discreet
from tests.chaos.people import LOST, SESSION, STREAM, Headers, Town, town

pytestmark = pytest.mark.chaos

SEED = 20261121
ROUNDS = 4
USERS = 3
FEWEST, MOST = 10, 40  # things that are done before a server is killed
LONGEST = 60.0  # seconds that it lives, at most, however busy the machine is
BUDGET = {"SLUICE_DAILY_TOKENS": "100000000", "SLUICE_DISCONNECT_GRACE": "0.1"}
REFUSED = {404, 409}  # what is being written, or has been deleted by now

Act = Callable[["Person"], Awaitable[Any]]


class Life:
    """How much is done with one server; `over` is set when that is enough."""

    def __init__(self, enough: int) -> None:
        self.over = asyncio.Event()
        self._left = enough

    def done(self) -> None:
        self._left -= 1
        if self._left <= 0:
            self.over.set()


class Person:
    """Somebody who does one thing after another, as chance has it."""

    def __init__(self, people: Town, name: str, who: Headers, chance: Random, life: Life) -> None:
        self.life = life
        self.people = people
        self.name = name
        self.who = who
        self.chance = chance

    @property
    def model(self) -> str:
        n, delay = self.chance.choice([(3, 0), (20, 5), (300, 10)])
        return f"demo/n={n},first=0ms,delay={delay}ms"

    async def go_on(self) -> None:
        """Until the server is gone."""
        try:
            while True:
                act = self.chance.choice(ACTS)
                leaves = self.chance.random() < 0.7
                with suppress(TimeoutError):  # has left in the middle of it
                    async with asyncio.timeout(self.chance.uniform(0.05, 0.5) if leaves else None):
                        await act(self)
                    self.life.done()
        except LOST:
            pass

    async def talk(self) -> str | None:
        """One of the conversations."""
        _, page = await self.people.call("GET", "/api/v1/conversations", who=self.who)
        talks = [one["id"] for one in page["items"]]
        return self.chance.choice(talks) if talks else None

    async def reply(self, role: str) -> str | None:
        """The address of a message in one of the conversations."""
        if (talk := await self.talk()) is None:
            return None
        path = f"/api/v1/conversations/{talk}/messages"
        _, page = await self.people.call("GET", path, who=self.who)
        found = [one["id"] for one in page.get("items", ()) if one["role"] == role]
        return f"{path}/{self.chance.choice(found)}" if found else None


async def say(person: Person) -> None:
    body: dict[str, Any] = {"message": "Tell me about kills", "model": person.model}
    if person.chance.random() < 0.7:
        body["conversation_id"] = await person.talk()
    fair(await person.people.listen(STREAM, body, person.who))


async def say_in_a_session(person: Person) -> None:
    body = {"message": "Tell me about kills", "model": person.model, "session_id": person.name}
    fair(await person.people.listen(SESSION, body))


async def regenerate(person: Person) -> None:
    if (reply := await person.reply("assistant")) is not None:
        body = {"model": person.model}
        fair(await person.people.listen(f"{reply}/regenerate", body, person.who))


async def put_in_other_words(person: Person) -> None:
    if (question := await person.reply("user")) is not None:
        body = {"content": "Tell me about edits", "model": person.model}
        fair(await person.people.listen(question, body, person.who, method="PATCH"))


async def choose(person: Person) -> None:
    if (reply := await person.reply("assistant")) is not None:
        talk, _, message = reply.rpartition("/messages/")
        body = {"active_message_id": message}
        status, _ = await person.people.call("PATCH", talk, body, person.who)
        assert status in {200, *REFUSED}


async def delete(person: Person) -> None:
    if (talk := await person.talk()) is not None and person.chance.random() < 0.3:
        await person.people.call("DELETE", f"/api/v1/conversations/{talk}", who=person.who)
        if person.chance.random() < 0.5:
            path = f"/api/v1/conversations/{talk}/restore"
            await person.people.call("POST", path, {}, person.who)


async def sign_in(person: Person) -> None:
    person.who = await person.people.sign_in(person.name)


def fair(stream: Any) -> None:
    """What is told to somebody whose server lives is no bug."""
    if stream.cut:
        raise ConnectionError
    assert stream.status == 200 or stream.status in REFUSED, (stream.status, stream.events)


ACTS: list[Act] = [
    say, say, say_in_a_session, regenerate, put_in_other_words, choose, delete, sign_in,
]  # fmt: skip


async def live(home: Home, chance: Random, *, first: bool) -> None:
    """One server's life."""
    life = Life(chance.randint(FEWEST, MOST))
    with home.serving(**BUDGET) as server:
        assert await home.broken() == {}
        async with town(server.url) as people:
            names = [f"user{n}" for n in range(USERS)]
            known = people.join if first else people.sign_in
            everybody = [
                Person(people, name, who, Random(chance.random()), life)
                for name, who in zip(names, await asyncio.gather(*map(known, names)), strict=True)
                for _ in range(3)
            ]
            tasks = [asyncio.create_task(one.go_on()) for one in everybody]
            async with asyncio.timeout(LONGEST):
                await life.over.wait()
            server.process.kill()
            await asyncio.gather(*tasks)
        assert_discreet(server)


async def test_whatever_is_cut_off_the_books_are_right(home: Home):
    chance = Random(SEED)
    for number in range(ROUNDS):
        await live(home, chance, first=number == 0)
    with home.serving(**BUDGET):
        assert await home.broken() == {}
    rows = await home.rows("SELECT status, count(*) AS many FROM runs GROUP BY status")
    counts = {row.status: row.many for row in rows}
    assert {"done", "crashed"} <= counts.keys(), counts
