"""`aftersales policy …`: reading, checking, testing and trying out policy packs on the command line."""
