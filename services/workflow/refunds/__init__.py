"""The life of a refund, pure: states, ids, phases. What a database row may become, and what a process does next."""
