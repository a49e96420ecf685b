"""The centre: takes events of many devices from a broker into PostgreSQL, and searches them."""
