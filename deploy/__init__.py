"""How aftersales is run: on one machine today, elsewhere later."""
