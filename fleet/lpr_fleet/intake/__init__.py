"""From message to row: checks, batches, acknowledgement after commit, dead letters."""
