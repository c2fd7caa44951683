"""The flow that shows that streaming works."""

from sluice import run_stream_test_workflow

__all__ = ["run_stream_test_workflow"]
