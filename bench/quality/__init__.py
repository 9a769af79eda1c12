"""How good the lists are: cupel's noise posterior, cleanlab's scores and filters, and baselines.

``python -m bench.quality`` from the project's root runs everything and prints the report.
"""
