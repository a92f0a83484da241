"""What is measured and runs as a process of its own."""
