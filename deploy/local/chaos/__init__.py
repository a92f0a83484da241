"""``make chaos``: cases are played while processes die, connections break and third parties misbehave; then every promise is checked on the records."""
