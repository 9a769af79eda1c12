"""The file of an audit: arrays and JSON with checksums, written as a whole."""
