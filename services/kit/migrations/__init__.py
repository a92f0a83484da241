"""The tables of the kit, made in every service's own schema before the service's own tables."""
