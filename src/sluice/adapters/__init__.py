"""The rest of the outside world: one third party in each file."""
