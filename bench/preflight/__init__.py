"""Whether preflight finds faults put into real data, and how often it cries wolf without any.

``python -m bench.preflight`` from the project's root runs everything and prints the report.
"""
