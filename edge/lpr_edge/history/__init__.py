"""Events kept on the device: searched by part of a plate, corrected by hand, exported by the day, deleted in time."""
