"""What used to be built from several calls."""
