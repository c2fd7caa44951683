"""Puts the plain resources together: everything that is no stream of tokens."""

import time
import uuid
from collections.abc import Sequence
from datetime import UTC, datetime

import msgspec
from litestar.handlers import HTTPRouteHandler

from sluice.adapters.metrics import TYPE, Metrics
from sluice.api.about import MediaLimits, Terms, about
from sluice.api.admin import LimitsInForce, limits, live_runs
from sluice.api.admin_users import audit, managed_users
from sluice.api.auth import me, registering, tokens
from sluice.api.chat_sessions import chat_sessions
from sluice.api.conversations import conversation, conversations, deleting, messages, search
from sluice.api.files import files
from sluice.api.flows import Flow, flows
from sluice.api.health import Condition, health, metrics, probes
from sluice.api.interactions_health import interactions_health
from sluice.api.invitations import invitations
from sluice.api.keys import keys
from sluice.api.logins import page_session, sessions
from sluice.api.media import media
from sluice.api.models import models
from sluice.api.openai_models import openai_models
from sluice.api.points import granting, points
from sluice.api.runs import runs
from sluice.api.tickets import tickets
from sluice.api.usage import usage
from sluice.dialects.interactions import KIND as INTERACTIONS
from sluice.graphql.calls import Shelf
from sluice.house import House
from sluice.people import People
from sluice.services.conversations.keeping import Conversations
from sluice.services.conversations.reading import Reading
from sluice.services.conversations.sessions import NamedSessions
from sluice.services.media.library import FILES
from sluice.services.media.ports import KINDS
from sluice.services.points import Points
from sluice.services.usage import UsageReport
from sluice.storage import Storage
from sluice.stores.sql.conversations import SqlConversations
from sluice.stores.sql.messages import SqlMessages
from sluice.stores.sql.points import SqlPoints
from sluice.stores.sql.sessions import SqlSessions
from sluice.stores.sql.usage import SqlLedger
from sluice.version import VERSION

Handlers = Sequence[HTTPRouteHandler]


class Parts(msgspec.Struct, frozen=True):
    """What the addresses stand on. `started` is monotonic seconds."""

    house: House
    storage: Storage
    people: People
    keeping: Conversations
    metrics: Metrics
    rates: dict[str, str]
    started: float


def library(house: House, storage: Storage) -> Conversations:
    """The conversations that are kept."""
    return _kept(house, SqlConversations(storage.database))


def shelf(parts: Parts) -> Shelf:
    """What GraphQL reads: interactions are conversations of their own kind."""
    house, database = parts.house, parts.storage.database
    store = SqlConversations(database, INTERACTIONS)
    reading = Reading(store, SqlMessages(database, INTERACTIONS))
    return Shelf(_kept(house, store), reading, _points(parts))


def handlers(parts: Parts) -> Handlers:
    """Every plain resource."""
    return [*_server(parts), *_accounts(parts.people), *_talk(parts), *_administration(parts)]


def _server(parts: Parts) -> Handlers:
    house = parts.house
    token = house.settings.metrics_token
    return [
        health(VERSION, lambda: time.monotonic() - parts.started, lambda: _conditions(house)),
        *probes(lambda: house.engine.draining, parts.storage.reachable),
        interactions_health(parts.storage.reachable, time.time),
        metrics(parts.metrics.render, TYPE, token.get_secret_value() if token else None),
        about(_terms(house), parts.people.registration.admission),
        flows(lambda: [Flow(one.name, one.description) for one in house.flows.listed()]),
        models(house.catalog, house.rules),
        openai_models(house.catalog, house.rules),
    ]


def _accounts(people: People) -> Handlers:
    return [
        registering(people.registration),
        *tokens(people.signing_in),
        *me(people.profile),
        *page_session(people.signing_in, people.profile),
        *sessions(people.signing_in),
        *keys(people.keys),
        tickets(people.tickets.issue),
    ]


def _talk(parts: Parts) -> Handlers:
    house, database = parts.house, parts.storage.database
    store = SqlConversations(database)
    reading = Reading(store, SqlMessages(database))
    scopes = parts.storage.store.scopes
    named = NamedSessions(SqlSessions(database), scopes, house.chat.stop_run, _now)
    return [
        *conversations(parts.keeping),
        *conversation(parts.keeping),
        *deleting(parts.keeping),
        *messages(reading),
        search(reading),
        usage(UsageReport(SqlLedger(database), _now)),
        points(_points(parts)),
        *chat_sessions(named),
        files(parts.storage.library),
        *media(parts.storage.library, house.settings.media_limit, house.settings.stall),
        *runs(house.chat),
    ]


def _administration(parts: Parts) -> Handlers:
    people, settings = parts.people, parts.house.settings
    in_force = LimitsInForce(
        parts.rates, settings.max_runs, settings.max_runs_per_user, settings.daily_tokens
    )
    return [
        *managed_users(people.administration),
        *invitations(people.inviting),
        audit(people.administration),
        granting(_points(parts), people.audit),
        *live_runs(parts.house.chat, people.audit),
        limits(in_force),
    ]


def _kept(house: House, store: SqlConversations) -> Conversations:
    return Conversations(store, store, house.chat.stop_run, lambda: str(uuid.uuid4()), _now)


def _points(parts: Parts) -> Points:
    return Points(SqlPoints(parts.storage.database), time.time)


def _terms(house: House) -> Terms:
    """What is told to whoever asks."""
    settings, rules = house.settings, house.rules
    configured = {name for name, one in house.catalog.health().items() if one["configured"]}
    return Terms(
        name="Sluice",
        version=VERSION,
        demo=configured == {"demo"},
        points=settings.points,
        max_tokens=rules.max_tokens,
        default_max_tokens=rules.default_max_tokens,
        media=MediaLimits(settings.media_limit, FILES, tuple(KINDS)),
    )


def _conditions(house: House) -> dict[str, Condition]:
    return {
        name: Condition(one["configured"], one["state"])
        for name, one in house.catalog.health().items()
    }


def _now() -> datetime:
    return datetime.now(UTC)
