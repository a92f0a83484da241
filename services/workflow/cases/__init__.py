"""What a case is, without any framework: where it stands, what its evidence amounts to, what its remedies come to."""
