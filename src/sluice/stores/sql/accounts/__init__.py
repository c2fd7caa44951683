"""Accounts in tables, a file per port of `services/accounts`."""
