"""cupel, cleanlab, the NumPy reference and one bare pass over memory, side by side.

``python -m bench`` from the project's root runs everything and prints the report.
"""
