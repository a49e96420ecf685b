"""`--doctor`: what works on this device, what doesn't, and what to do about it."""
