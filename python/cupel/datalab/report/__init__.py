"""An audit told in a terminal, a notebook and one HTML page."""
