"""What travels between workflows and activities: small, typed, without personal data. Pydantic and contracts only."""
