"""The chat APIs that Sluice speaks: one file each. Pure translations, no I/O."""
