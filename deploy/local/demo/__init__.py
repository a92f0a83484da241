"""The demo: real orders and real credit notes through the whole system, with the people played over HTTP."""
