"""The rules of intake without any framework: what may be opened, what may be done, and what a case looks like from outside."""
