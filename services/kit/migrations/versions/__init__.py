"""The kit's migrations, in order of their number."""
