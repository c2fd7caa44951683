"""What Sluice is about: prompts in, events out. Knows no HTTP, no SQL, no framework."""
