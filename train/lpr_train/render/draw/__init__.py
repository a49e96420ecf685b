"""Drawing without any knowledge of plates: shapes, noise, textures, wear, camera effects."""
