"""The history of the ``notifications`` schema. Forward only."""
