"""Our own access tokens: JSON Web Tokens (RFC 7519), signed by HMAC-SHA-256 and nothing else.

Knows no user: who a token speaks of may be gone, or the login over.
"""

import hashlib
import secrets
from collections.abc import Callable

import msgspec
from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import OctKey

from sluice.services.evidence import Proof
from sluice.services.lookups import Recent

ALGORITHM = "HS256"
HEADER = {"alg": ALGORITHM, "typ": "JWT"}
SECRET = 32  # bytes that the secret has at least: the size of what it makes (RFC 7518, 3.2)
LONGEST = 4 << 10  # characters
REMEMBERED = 20_000  # tokens that need not be verified again


class Claims(msgspec.Struct, frozen=True):
    """What a token says. `sid` is the login; `iat` has fractions, so that a token which is issued
    in the second of a revocation, but after it, is good."""

    iss: str
    aud: str
    sub: str
    sid: str
    iat: float
    exp: int
    jti: str


class AccessTokens:
    """Issues and reads them. `lifetime` is seconds; `secret` has 32 bytes or more.

    A `Tokens` and a `Reader`. Raises `ValueError` for a secret that is too short.
    """

    def __init__(
        self,
        secret: bytes,
        lifetime: int = 900,
        issuer: str = "sluice",
        audience: str = "sluice",
        new_id: Callable[[], str] = secrets.token_urlsafe,
    ) -> None:
        if len(secret) < SECRET:
            raise ValueError(f"the secret for tokens must have at least {SECRET} bytes")
        self._key = OctKey.import_key(secret)
        self._lifetime = lifetime
        self._issuer = issuer
        self._audience = audience
        self._new_id = new_id
        self._encoder = msgspec.json.Encoder()
        self._decoder = msgspec.json.Decoder(Claims)
        self._verified: Recent[Proof] = Recent(REMEMBERED)  # by the token's hash, as long as good

    def access(self, user_id: str, login_id: str, now: float) -> tuple[str, int]:
        """A token, and the seconds that it lives."""
        claims = Claims(
            iss=self._issuer,
            aud=self._audience,
            sub=user_id,
            sid=login_id,
            iat=now,
            exp=int(now) + self._lifetime,
            jti=self._new_id(),
        )
        token = jws.serialize_compact(HEADER, self._encoder.encode(claims), self._key, [ALGORITHM])
        return token, self._lifetime

    def read(self, token: str, now: float) -> Proof | None:
        """What a token proves; None for any that is not good now."""
        if len(token) > LONGEST or not token.isascii():
            return None
        name = hashlib.sha256(token.encode()).hexdigest()
        proof = self._verified.get(name, now)
        if proof is None:
            proof = self._verify(token, now)
            if proof is not None and proof.expires is not None:
                self._verified.put(name, proof, now, proof.expires)
        return proof

    def _verify(self, token: str, now: float) -> Proof | None:
        try:
            found = jws.deserialize_compact(token, self._key, [ALGORITHM])
            claims = self._decoder.decode(found.payload or b"")
        except (JoseError, ValueError, TypeError, msgspec.MsgspecError):
            return None  # TypeError: a header that is no JSON object
        ours = claims.iss == self._issuer and claims.aud == self._audience
        if not ours or claims.exp <= now:
            return None
        return Proof(claims.sub, claims.sid, float(claims.exp), claims.iat)
