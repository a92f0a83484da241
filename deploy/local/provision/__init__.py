"""What the engines must hold before a service can start: roles and schemas, topics, search attributes. Safe to repeat; works on engines given by address."""
