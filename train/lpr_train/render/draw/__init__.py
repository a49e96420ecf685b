"""Drawing without any knowledge of plates: shapes, noise, textures, wear, effects of a camera."""
