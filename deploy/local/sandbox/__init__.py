"""The sandbox world: third parties a shop deals with, as real servers outside the services.

``payments``, ``carrier`` and ``mailbox`` are programs (``python -m deploy.local.sandbox.payments …``); the other modules are what they share.
They import nothing of the services: they play somebody else's systems. Their interfaces are described in docs/sandbox.md.
"""
