"""Neighbours: cupel, FAISS, scikit-learn, cleanlab, hnswlib and pynndescent in one run.

``python -m bench.neighbors`` from the project's root runs everything and prints the report.
"""
