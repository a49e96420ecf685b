"""Integration with Frigate: reads its events' snapshots, and writes each plate back as the sub label."""
