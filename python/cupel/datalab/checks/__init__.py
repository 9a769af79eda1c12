"""Checks, one issue type a module."""
