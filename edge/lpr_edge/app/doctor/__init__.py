"""`--doctor`: checks of this device, each with what to do about a problem."""
