"""The bare programs: the least that any implementation would have to do."""
