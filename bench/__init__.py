"""Sluice's benchmark: a mock provider, a load client, and the servers that stand between them."""
