"""Use cases: one class per command or question, between the HTTP edge and the stores."""
