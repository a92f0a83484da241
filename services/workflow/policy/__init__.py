"""Policy: what a shop owes in a situation, and why. Pure: facts and a policy in, a decision with its trace out. The policies themselves are in ``packs``."""
