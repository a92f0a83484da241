"""The history of the schema `workflow`, applied after the history of the kit."""
