"""What intake needs of the world: its tables, its files, its keys."""
