"""The published language of aftersales.

What the services say to each other and to the outside world: identifiers, money, the event envelope, topics, every event, and the models of
a decision and a quote. It imports pydantic and the standard library, nothing else, so that anybody can depend on it.
"""
