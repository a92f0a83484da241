"""Money: what a refund comes to, to the minor unit, and why. Pure: order, request and what went before in, quote out."""
