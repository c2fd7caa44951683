"""Where things are kept: one schema over SQLite and PostgreSQL."""
