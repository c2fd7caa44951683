"""Where words come from: each provider's wire format, and the chain that asks them in turn."""
