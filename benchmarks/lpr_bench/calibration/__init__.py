"""A reader's confidence curve, fitted on readings of plates it hasn't seen."""
