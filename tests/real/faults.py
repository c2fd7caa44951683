"""What the mocked vendors say, and do instead: tables for whoever asks them."""

from typing import Any

TEXT = 'Xin chào 🦊 👩‍👩‍👧 Z͑͗ "quoted"\r\n\r\ndata: [DONE]\n\n\tÅ̊ \u2028 \\ 完了。'
USAGE = {"prompt_tokens": 11, "completion_tokens": 7, "input_tokens": 11, "output_tokens": 7}
HELLO = {"content": TEXT, "usage": USAGE}
LONG = {"content": "An answer that goes on for a good while. " * 50}


def refuses(status: int, kind: str, message: str = "No.") -> dict[str, Any]:
    return {"response": {"error": {"message": message, "type": kind}, "status": status}}


def chaos(kind: str) -> dict[str, Any]:
    return {"response": HELLO, "chaos": {kind: 1}}


# what the vendor does: (how the mock is told, the code that it leads to)
REFUSALS = {
    "asks us to slow down": (refuses(429, "rate_limit_error"), "provider_rate_limited"),
    "breaks": (refuses(500, "api_error"), "provider_unavailable"),
    "is down": (refuses(503, "api_error"), "provider_unavailable"),
    "is overloaded": (refuses(529, "overloaded_error"), "provider_unavailable"),
    "does not know our key": (refuses(401, "authentication_error"), "provider_auth"),
    "forbids it": (refuses(403, "permission_error"), "provider_auth"),
    "finds fault with it": (refuses(400, "invalid_request_error"), "invalid_request"),
    "has no such model": (
        refuses(404, "not_found_error", "The model `x` does not exist"),
        "model_not_found",
    ),
    "finds it too long": (
        refuses(400, "invalid_request_error", "This model's maximum context length is 8192"),
        "context_too_long",
    ),
    "fails at random": (chaos("dropRate"), "provider_unavailable"),
    "hangs up at once": (chaos("disconnectRate"), "provider_unavailable"),
    "talks nonsense": (chaos("malformedRate"), "provider_bad_response"),
}

CUTS: dict[str, dict[str, Any]] = {
    "after some chunks": {"chunkSize": 5, "latency": 5, "truncateAfterChunks": 8},
    "after some time": {"chunkSize": 5, "latency": 5, "disconnectAfterMs": 100},
}
