"""The supervisor behind ``aftersales up``: engines, sandbox world and services as one stack that starts, heals and stops as a whole."""
