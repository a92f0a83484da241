"""What is done when something is heard: each function is one change, inside the transaction it is given."""
