"""The payment provider of the sandbox: captures, refunds with an asynchronous outcome, look-up, settlement records."""
