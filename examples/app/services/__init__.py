"""What used to talk to each vendor."""
