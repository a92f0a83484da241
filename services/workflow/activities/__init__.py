"""The steps that do I/O: classes that take ports, called by workflows."""
