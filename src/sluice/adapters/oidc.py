"""Bearer tokens of another issuer, by OpenID Connect: discovery, its public keys, the claims.

Sources: OpenID Connect Discovery 1.0, RFC 7517 (keys), RFC 7519 (tokens). Knows no user of ours.
"""

import asyncio
import logging
from collections.abc import Callable
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import msgspec
from joserfc import jws
from joserfc.errors import JoseError, UnsupportedAlgorithmError
from joserfc.jwk import JWKRegistry, Key
from joserfc.jws import JWSRegistry

from sluice.core.errors import Overloaded
from sluice.services.evidence import Outsider

# Whose keys are public, so that they can be fetched. Ed25519 is what RFC 9864 calls EdDSA.
ALGORITHMS = frozenset({"RS256", "PS256", "ES256", "EdDSA", "Ed25519"})
DISCOVERY = "/.well-known/openid-configuration"
LEEWAY = 60.0  # seconds that clocks may differ
PATIENCE = 5.0  # seconds for one document
LARGEST = 1 << 20  # bytes of one document
LONGEST = 8 << 10  # characters of a token
FRESH = 3600.0  # seconds after which the keys are fetched again
PAUSE = 60.0  # seconds between two fetches, whatever keys are asked for
RETRY = 5.0  # seconds between two fetches while there are no keys at all
SUBJECT = 255  # characters of a subject, at most (OpenID Connect Core, 2)
EMAIL = 254  # characters of an address, at most
MODULUS = 342  # characters of an RSA key of 2048 bits: it has no less (RFC 7518, 3.3)
CURVES = {"EC": "P-256", "OKP": "Ed25519"}  # of the keys for ALGORITHMS

log = logging.getLogger("sluice.oidc")


class Discovery(msgspec.Struct, frozen=True):
    """What is used of an issuer's description of itself."""

    issuer: str
    jwks_uri: str


class KeyList(msgspec.Struct, frozen=True):
    """An issuer's keys, as it lists them."""

    keys: list[dict[str, Any]]


class Header(msgspec.Struct, frozen=True):
    """What is used of a token's header."""

    alg: str
    kid: str | None = None


class Claims(msgspec.Struct, frozen=True):
    """What is used of a token's claims."""

    iss: str
    sub: str
    aud: str | list[str]
    exp: float
    nbf: float | None = None
    preferred_username: str | None = None
    name: str | None = None
    email: str | None = None
    email_verified: bool | str | None = None


class Unreachable(Exception):
    """The issuer gives no keys. The text says why, for the log."""


class Algorithms(JWSRegistry):
    """What may have signed a token. (joserfc itself warns of the name EdDSA at each use.)"""

    def get_alg(self, name: str) -> Any:
        if name not in ALGORITHMS:
            raise UnsupportedAlgorithmError("this algorithm is not taken")
        return self.algorithms[name]


class OpenIdIssuer:
    """An `Issuer`. `clock` is monotonic; `issuer` is its address, exactly as it writes itself.

    Raises `ValueError` for an address that is neither https nor on this machine.
    """

    def __init__(
        self,
        session: aiohttp.ClientSession,
        issuer: str,
        audience: str,
        clock: Callable[[], float],
    ) -> None:
        if not is_safe(issuer):
            raise ValueError("the issuer's address must begin with https://")
        self._session = session
        self._issuer = issuer
        self._audience = audience
        self._clock = clock
        self._registry = Algorithms(strict_check_header=False)
        self._keys: dict[str | None, Key] = {}
        self._fresh_until = clock()
        self._not_before = clock()  # when the keys may be fetched again
        self._cut_off = False
        self._fetching = asyncio.Lock()

    async def read(self, token: str, now: float) -> Outsider | None:
        """Whom a token speaks of; see `Issuer`. `now` is epoch seconds."""
        if len(token) > LONGEST:
            return None
        try:
            found = jws.extract_compact(token.encode())
            header = msgspec.convert(found.headers(), Header)
            key = await self._key(header.kid)
            if key is None or key.get("alg") not in {None, header.alg}:
                return None
            if not jws.validate_compact(found, key, registry=self._registry):
                return None
            claims = msgspec.json.decode(found.payload, type=Claims)
        except (JoseError, ValueError, TypeError, msgspec.MsgspecError):
            return None  # TypeError: a header that is no JSON object
        return self._outsider(claims) if self._holds(claims, now) else None

    def _holds(self, claims: Claims, now: float) -> bool:
        """Whether a token is from there, for us, and good now."""
        meant_for = [claims.aud] if isinstance(claims.aud, str) else claims.aud
        if claims.iss != self._issuer or self._audience not in meant_for:
            return False
        if claims.nbf is not None and claims.nbf - LEEWAY > now:
            return False
        return claims.exp + LEEWAY > now and is_plain(claims.sub, SUBJECT)

    def _outsider(self, claims: Claims) -> Outsider:
        names = (claims.preferred_username, claims.name, claims.sub)
        email = claims.email if claims.email_verified is True else None
        return Outsider(
            issuer=self._issuer,
            subject=claims.sub,
            username=next(name for name in names if name and is_plain(name, SUBJECT)),
            email=email if email is not None and is_plain(email, EMAIL) else None,
            expires=claims.exp + LEEWAY,
        )

    async def _key(self, id: str | None) -> Key | None:
        """The key of that id; None where the issuer has no such key. Raises `Overloaded`.

        An old key is good while the issuer cannot be reached, and while another request fetches.
        """
        key = self._find(id)
        now = self._clock()
        waiting = now < max(self._fresh_until, self._not_before) or self._fetching.locked()
        if key is not None and waiting:
            return key
        async with self._fetching:
            if self._clock() >= self._not_before:
                await self._refresh()
        key = self._find(id)
        if key is None and self._cut_off:
            raise Overloaded("The issuer of this token cannot be reached.", retry_after=RETRY)
        return key

    def _find(self, id: str | None) -> Key | None:
        if id is None and len(self._keys) == 1:
            return next(iter(self._keys.values()))
        return self._keys.get(id)

    async def _refresh(self) -> None:
        """Fetch the keys; where that fails, those that there are stay."""
        try:
            async with asyncio.timeout(PATIENCE):
                self._keys = await self._fetch_keys()
        except (Unreachable, aiohttp.ClientError, OSError, msgspec.MsgspecError) as problem:
            reason = str(problem) if isinstance(problem, Unreachable) else type(problem).__name__
            log.warning("no keys from the issuer of tokens: %s", reason)
            self._cut_off = True
            self._not_before = self._clock() + (PAUSE if self._keys else RETRY)
        else:
            self._cut_off = False
            self._fresh_until = self._clock() + FRESH
            self._not_before = self._clock() + PAUSE

    async def _fetch_keys(self) -> dict[str | None, Key]:
        body = await self._fetch(self._issuer.rstrip("/") + DISCOVERY)
        about = msgspec.json.decode(body, type=Discovery)
        if about.issuer != self._issuer:
            raise Unreachable("it calls itself by another address")
        if not is_safe(about.jwks_uri):
            raise Unreachable("its keys are not at an https address")
        listed = msgspec.json.decode(await self._fetch(about.jwks_uri), type=KeyList)
        found = {key.kid: key for one in listed.keys if (key := import_key(one)) is not None}
        if not found:
            raise Unreachable("it has no key that can be used")
        return found

    async def _fetch(self, url: str) -> bytes:
        body = b""
        async with self._session.get(url, allow_redirects=False) as response:
            if response.status != 200:
                raise Unreachable(f"it answers {response.status}")
            while chunk := await response.content.readany():
                body += chunk
                if len(body) > LARGEST:
                    raise Unreachable("its answer is too large")
        return body


def import_key(about: dict[str, Any]) -> Key | None:
    """A public key as an issuer lists it; None for one that is not for tokens like ours."""
    kind = str(about.get("kty"))
    weak = kind == "RSA" and len(str(about.get("n"))) < MODULUS
    known = kind == "RSA" or (kind in CURVES and about.get("crv") == CURVES[kind])
    if weak or not known or about.get("use", "sig") != "sig":
        return None
    try:
        return JWKRegistry.import_key(about)
    except (JoseError, ValueError, TypeError):
        return None


def is_safe(url: str) -> bool:
    """Whether what comes from this address can be believed: https, or this machine's own."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    if parts.scheme == "http":
        return is_near(parts.hostname or "")
    return parts.scheme == "https" and bool(parts.hostname)


def is_near(host: str) -> bool:
    """Whether a name or an address is this machine's own."""
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def is_plain(text: str, most: int) -> bool:
    """Whether a text has something in it, is no longer than that, and hides nothing."""
    return 0 < len(text) <= most and text.isprintable()
