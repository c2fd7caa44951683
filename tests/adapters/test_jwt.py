"""Our own access tokens: what they prove, and what is refused."""

import base64
import json
from typing import Any

import pytest
from joserfc import jws
from joserfc.jwk import OctKey

from sluice.adapters.jwt import LONGEST, AccessTokens
from sluice.services.evidence import Proof

SECRET = bytes(range(32))
NOW = 1_000.25
CLAIMS = {
    "iss": "sluice",
    "aud": "sluice",
    "sub": "ann",
    "sid": "login-1",
    "iat": NOW,
    "exp": 1_900,
    "jti": "id",
}


def encoded(value: object) -> str:
    text = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(text).rstrip(b"=").decode()


def forged(claims: object, algorithm: str = "HS256", secret: bytes = SECRET, **header: Any) -> str:
    """A token that is signed as told, whatever it says."""
    told = {"alg": algorithm, **header}
    key = OctKey.import_key(secret)
    return jws.serialize_compact(told, json.dumps(claims), key, algorithms=[algorithm])


def without(*names: str) -> dict[str, Any]:
    return {name: value for name, value in CLAIMS.items() if name not in names}


def test_a_token_proves_whose_login_it_is_until_it_expires() -> None:
    tokens = AccessTokens(SECRET)
    token, seconds = tokens.access("ann", "login-1", NOW)
    proof = Proof("ann", "login-1", 1_900.0, NOW)
    assert seconds == 900
    for _ in range(2):  # the second time it need not be verified
        assert tokens.read(token, NOW) == proof
        assert tokens.read(token, 1_899.9) == proof
    assert tokens.read(token, 1_900.0) is None
    assert AccessTokens(SECRET).read(token, 1_900.0) is None


def test_a_token_has_the_claims_and_the_header_that_it_should() -> None:
    tokens = AccessTokens(SECRET, lifetime=60, new_id=lambda: "id")
    header, claims, _ = tokens.access("ann", "login-1", NOW)[0].split(".")
    told = [json.loads(base64.urlsafe_b64decode(part + "==")) for part in (header, claims)]
    assert told == [{"alg": "HS256", "typ": "JWT"}, {**CLAIMS, "exp": 1_060}]


def test_no_two_tokens_are_the_same() -> None:
    tokens = AccessTokens(SECRET)
    assert tokens.access("ann", "login-1", NOW) != tokens.access("ann", "login-1", NOW)


GOOD = forged(CLAIMS)
HEAD, BODY, SIGNATURE = GOOD.split(".")
BAD = {
    "another secret": forged(CLAIMS, secret=b"x" * 32),
    "unsigned": f"{encoded({'alg': 'none'})}.{BODY}.",
    "unsigned, in capitals": f"{encoded({'alg': 'NONE'})}.{BODY}.",
    "another algorithm": forged(CLAIMS, "HS512", secret=SECRET),
    "another algorithm, claimed": f"{encoded({'alg': 'HS512'})}.{BODY}.{SIGNATURE}",
    "a key of its own": f"{encoded({'alg': 'RS256', 'jwk': {}})}.{BODY}.{SIGNATURE}",
    "another audience": forged({**CLAIMS, "aud": "else"}),
    "several audiences": forged({**CLAIMS, "aud": ["sluice", "else"]}),
    "another issuer": forged({**CLAIMS, "iss": "else"}),
    "expired": forged({**CLAIMS, "exp": 1_000}),
    "expiry as text": forged({**CLAIMS, "exp": "9999"}),
    "no expiry": forged(without("exp")),
    "no subject": forged(without("sub")),
    "no login": forged(without("sid")),
    "no issuer": forged(without("iss")),
    "no audience": forged(without("aud")),
    "no time of issue": forged(without("iat")),
    "not an object": forged(["ann"]),
    "signature of another": f"{HEAD}.{encoded({**CLAIMS, 'sub': 'bob'})}.{SIGNATURE}",
    "signature cut": GOOD[:-2],
    "no signature": f"{HEAD}.{BODY}.",
    "padded": GOOD + "=",
    "two parts": f"{HEAD}.{BODY}",
    "four parts": f"{GOOD}.{SIGNATURE}",
    "unknown critical header": f"{encoded({'alg': 'HS256', 'crit': ['x'], 'x': 1})}.{BODY}.",
    "critical number": f"{encoded({'alg': 'HS256', 'crit': 5})}.{BODY}.",
    "header is a list": f"{encoded(['alg'])}.{BODY}.{SIGNATURE}",
    "header is text": f"{encoded('alg')}.{BODY}.{SIGNATURE}",
    "header is no JSON": f"{encoded(b'{')}.{BODY}.{SIGNATURE}",
    "header is a pit": f"{encoded(b'[' * 380)}.{BODY}.{SIGNATURE}",
    "header without algorithm": f"{encoded({})}.{BODY}.{SIGNATURE}",
    "algorithm is a list": f"{encoded({'alg': ['HS256']})}.{BODY}.{SIGNATURE}",
    "not base64": "!!!.???.###",
    "not ASCII": GOOD + "é",
    "half a surrogate pair": GOOD + "\ud800",
    "empty": "",
    "dots": "..",
    "oversized": forged({**CLAIMS, "pad": "x" * LONGEST}),
}


@pytest.mark.parametrize("name", BAD)
def test_a_token_that_is_no_good_proves_nothing(name: str) -> None:
    tokens = AccessTokens(SECRET)
    assert tokens.read(GOOD, NOW) is not None
    assert tokens.read(BAD[name], NOW) is None


def test_a_secret_that_is_too_short_is_refused() -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        AccessTokens(b"x" * 31)
