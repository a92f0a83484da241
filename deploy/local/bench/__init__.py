"""How fast things are, each measured beside a bare program that does the least of it: a ratio means the same on every machine."""
