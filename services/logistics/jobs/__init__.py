"""The work that reaches the carrier: durable jobs, claimed and repeated until they are done."""
