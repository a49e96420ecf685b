"""What passes by itself: a server that is away. The work waits and goes on."""


class BrokerLostError(Exception):
    """The broker can't be reached, or the connection has ended: what wasn't acknowledged comes again."""


class DatabaseLostError(Exception):
    """The database can't be reached, or can't store now: nothing of the transaction is stored, or all of it."""
