"""Forms: which labelled registrations the country's grammar allows."""
