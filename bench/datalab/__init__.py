"""cleanlab 2.9.0's Datalab against cupel's, in one run.

``python -m bench.datalab`` compares what both find, times both, and measures memory, report, import.
"""
