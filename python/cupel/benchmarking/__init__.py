"""Making noisy labels on purpose, to measure what finds them; cleanlab 2.9.0's names and results."""

from cupel.benchmarking import noise_generation

__all__ = ["noise_generation"]
