"""How events reach clients. Transports pump, and know no dialect by name."""
