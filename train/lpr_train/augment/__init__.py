"""Changes to real samples: occlusion, copy-paste, other layouts of rows."""
