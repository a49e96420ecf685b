"""Files with their manifests inside, the runtimes that load them, and their verification later."""
