"""Notifications: what customers are told at each moment of a case, in their language, once.

It reacts to case, resolution, refund and shipment events on its own, owns mail addresses and the message log, and publishes
``aftersales.message.v1``. Stop it, and cases go on; start it again, and everything that was to be said is said.
"""
