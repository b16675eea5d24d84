"""The journal port without a database: in memory and in files. PostgreSQL has its own package."""
