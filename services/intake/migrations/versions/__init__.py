"""The versions, in order of number."""
