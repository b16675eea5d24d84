"""PostgreSQL: the embedded server, the journal, the migrations and the queries.

Nothing is imported here, so a command that only needs the embedded server stays quick to start.
"""
