"""Intake's tables, forward only."""
