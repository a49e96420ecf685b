"""Events kept in the outbox and delivered to sinks, one worker each."""
