"""What a run's transactions consist of: each file is one part, in plain functions."""
