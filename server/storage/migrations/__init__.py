"""Alembic migrations of the tables; run by `server.storage.migrate`, never from a command line."""
