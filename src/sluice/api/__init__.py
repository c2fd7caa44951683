"""Plain resources: small JSON answers over the services, by way of the framework."""
