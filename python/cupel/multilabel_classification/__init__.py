"""Label issues where several classes may apply to an example.

The functions of cleanlab 2.9.0's package of this name: `filter` lists the suspects, `rank` scores
every example, `dataset` sums up the classes. Labels are lists of classes, one list per example;
column c of `pred_probs` holds the probability that class c applies, and rows need not sum to 1.

Each class is a question of its own: "does it apply?" has the answers no, of probability 1 - p, and
yes, of probability p. Thyagarajan, Snorrason, Northcutt, Mueller (2022), "Identifying Incorrect
Annotations in Multi-Label Classification Data".
"""

from cupel.multilabel_classification import dataset, filter, rank
from cupel.multilabel_classification.rank import get_label_quality_scores

__all__ = ["dataset", "filter", "get_label_quality_scores", "rank"]
