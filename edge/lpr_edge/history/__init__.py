"""The history of events on the device: search by part of a plate, correction, export by day, deletion by age."""
