"""What logistics needs of the outside world."""
