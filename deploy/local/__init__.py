"""Everything on one machine without containers: set-up, engines, sandbox world, supervisor, demo."""
