"""Capture: frames from cameras, streams, video files and images, as `for frame in source.frames`."""
