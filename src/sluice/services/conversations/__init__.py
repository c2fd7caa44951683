"""Stored conversations: everything that one does with them, short of having one."""
