"""Accounts: how people, their logins, keys and invitations come to be, change and go."""
