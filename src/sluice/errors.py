"""The errors that iterating an answer can raise, for those who `import sluice`."""

from sluice.core.errors import *  # noqa: F403
from sluice.core.errors import BY_CODE, SluiceError, from_code

__all__ = ["BY_CODE", "SluiceError", "from_code"]
