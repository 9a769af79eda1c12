"""Wrong labels of pixels, in images that are segmented into classes.

The modules of cleanlab 2.9.0's package of this name. `labels` has shape (n, h, w), `pred_probs`
shape (n, k, h, w): a plane of probabilities per image and class. Both are read where they lie, also
a ``numpy.memmap`` of a file that is larger than memory, an image or a part of it at a time.
"""

from __future__ import annotations

from cupel.segmentation import filter, rank, summary

__all__ = ["filter", "rank", "summary"]
