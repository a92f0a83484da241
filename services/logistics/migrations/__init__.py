"""The tables of logistics, forward only."""
