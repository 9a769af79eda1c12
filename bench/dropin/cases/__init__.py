"""The cases, one module per topic, each with a list ``CASES``."""
