"""Numbers and reasons in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from cupel.cli.audit import Audit
    from cupel.cli.estimates import Posterior

__all__ = ["percent", "reason"]

_NEARLY = 1e-9


def reason(audit: Audit, i: int) -> str:
    """Why the suspect at position `i` of the list is there.

    With the noise posterior: ``given label 3% likely, 'cat' at 94%; by the model alone 12% and
    71%``, the first two from the posterior, the others the model's own probabilities of the same
    classes. Without it: ``given label 3% likely; 'cat' at 0.94, above its threshold 0.81``, by the
    model. Remarks follow.
    """
    if audit.posterior is None:
        judgement = _by_model(audit, i)
    else:
        judgement = _by_posterior(audit, audit.posterior, i)
    remark = audit.remarks.get(int(audit.rows[i]))
    return judgement + (f"; {remark}" if remark else "")


def _by_posterior(audit: Audit, posterior: Posterior, i: int) -> str:
    wrong = float(posterior.error_probability[i])
    other = float(posterior.suggested_probability[i])
    likely = f"given label {_uncertain(1 - wrong)} likely"
    likely += ", still the likeliest; next" if 1 - wrong >= other else ","
    own = [percent(float(probs[i])) for probs in (audit.given_probs, audit.suggested_probs)]
    name = _class_name(audit, int(audit.suggested[i]))
    return f"{likely} {name} at {_uncertain(other)}; by the model alone {' and '.join(own)}"


def _by_model(audit: Audit, i: int) -> str:
    given, other = float(audit.given_probs[i]), float(audit.suggested_probs[i])
    likely = f"given label {percent(given)} likely"
    if given >= other:
        likely += ", still the likeliest; next"
    else:
        likely += ";"
    k = int(audit.suggested[i])
    name = _class_name(audit, k)
    threshold = float(audit.thresholds[k])
    if np.isnan(threshold):
        return f"{likely} {name} at {other:.2f}, a class that no row is labelled with"
    shown, shown_threshold = _told_apart(other, threshold)
    side = "above" if other > threshold else "at" if other == threshold else "below"
    return f"{likely} {name} at {shown}, {side} its threshold {shown_threshold}"


def _class_name(audit: Audit, k: int) -> str:
    return f"class {k}" if audit.class_names is None else f"'{audit.class_names[k]}'"


def _uncertain(probability: float) -> str:
    """Percentage of a posterior probability, which is never quite 0 or 1."""
    return percent(min(max(probability, _NEARLY), 1 - _NEARLY))


def percent(share: float) -> str:
    """Share as a percentage with the digits that matter.

    Examples
    --------
    >>> [percent(p) for p in (0.0, 0.00001, 0.004, 0.031, 0.94, 0.9999, 1.0)]
    ['0%', '<0.1%', '0.4%', '3.1%', '94%', '>99.9%', '100%']
    """
    value = 100 * share
    if value in (0, 100):
        return f"{value:.0f}%"
    if value < 0.1:
        return "<0.1%"
    if value > 99.9:
        return ">99.9%"
    return f"{value:.1f}%".replace(".0%", "%") if value < 10 or value > 99 else f"{value:.0f}%"


def _told_apart(a: float, b: float) -> tuple[str, str]:
    """Both numbers with the fewest decimals, two or more, that show them different."""
    for decimals in range(2, 7):
        texts = f"{a:.{decimals}f}", f"{b:.{decimals}f}"
        if texts[0] != texts[1]:
            break
    return texts
