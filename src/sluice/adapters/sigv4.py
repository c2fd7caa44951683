"""Signatures of requests to S3, AWS Signature Version 4, for requests without a query. Does no I/O.

https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html
"""

import hashlib
import hmac
from collections.abc import Mapping
from datetime import datetime

import msgspec

ALGORITHM = "AWS4-HMAC-SHA256"
SERVICE = "s3"


class Signer(msgspec.Struct, frozen=True):
    """Who signs, and for which region."""

    access_key: str
    secret_key: str
    region: str

    def sign(
        self, method: str, path: str, headers: Mapping[str, str], payload: str, now: datetime
    ) -> dict[str, str]:
        """The same headers, with those that a signature takes.

        `path` is as it is sent, percent-encoded; the names of `headers` are in lower case, `host`
        among them; `payload` is the SHA-256 of the body in hexadecimal.
        """
        instant = now.strftime("%Y%m%dT%H%M%SZ")
        known = {**headers, "x-amz-content-sha256": payload, "x-amz-date": instant}
        names = ";".join(sorted(known))
        lines = [f"{name}:{known[name].strip()}" for name in sorted(known)]
        request = "\n".join([method, path, "", *lines, "", names, payload])
        scope = f"{instant[:8]}/{self.region}/{SERVICE}/aws4_request"
        digest = hashlib.sha256(request.encode()).hexdigest()
        signature = _mac(
            self._key(instant[:8]), "\n".join([ALGORITHM, instant, scope, digest])
        ).hex()
        credential = f"{self.access_key}/{scope}"
        known["authorization"] = (
            f"{ALGORITHM} Credential={credential},SignedHeaders={names},Signature={signature}"
        )
        return known

    def _key(self, day: str) -> bytes:
        key = f"AWS4{self.secret_key}".encode()
        for part in (day, self.region, SERVICE, "aws4_request"):
            key = _mac(key, part)
        return key


def _mac(key: bytes, text: str) -> bytes:
    return hmac.digest(key, text.encode(), "sha256")
