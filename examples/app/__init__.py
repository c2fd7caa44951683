"""The module names of an older API, for code that imports them."""
