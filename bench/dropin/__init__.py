"""Every public function of cleanlab 2.9.0 against cupel's of the same name, in one run.

``python -m bench.dropin`` checks signatures and results, times both and writes the coverage table.
"""
