"""Flows: functions of the operator's own that answer by calling models, any number of times."""

from sluice.flows.mark import flow

__all__ = ["flow"]
