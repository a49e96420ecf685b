"""Delivery: events are stored in the outbox and delivered to sinks, by one worker each."""
