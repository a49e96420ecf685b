"""PostgreSQL: tables, monthly partitions, and events stored once."""
