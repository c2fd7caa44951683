"""E-mail addresses, judged by their form. Asks no name server, and knows no mailbox."""

from email_validator import EmailNotValidError, validate_email

from sluice.core.errors import InvalidRequest

# The library refuses domains that no mail of the world can reach, such as `office.local`, which a
# server for an office may well see. Within this one it judges the form and nothing else.
WITHIN = ".test"


def email_address(given: str) -> str:
    """An address as it is kept, its domain in lower case. Raises `InvalidRequest`."""
    try:
        found = validate_email(given + WITHIN, check_deliverability=False, test_environment=True)
    except EmailNotValidError:
        text = "This is no e-mail address: it should look like name@example.com."
        raise InvalidRequest(text, field="email") from None
    return found.normalized.removesuffix(WITHIN)
