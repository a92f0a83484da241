"""Policy tests as data: facts and the decision that is expected of them, in YAML that a merchant can write, and how far they cover the rules."""
