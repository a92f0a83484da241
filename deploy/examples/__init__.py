"""Examples of programs on the other side of the platform's interfaces. They know its published language, ``contracts``, and nothing else of it."""
