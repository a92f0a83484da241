"""The HTTP API of the warehouse, of label links and of carrier webhooks."""
