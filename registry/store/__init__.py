"""The store: the only folder that knows SQL. Every function takes a session, returns records."""
