"""The relational store. A transaction is one function of a connection."""
