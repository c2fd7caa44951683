"""How a database becomes what `sql/schema.py` says: a step a revision, which only goes forward.

A step stays as it was released, so it says its types itself and imports nothing of ours.
"""
