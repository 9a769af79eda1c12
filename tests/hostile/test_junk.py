"""Whatever Python object is passed, the front door reads it or names it; nothing else happens."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from cupel import _features, _validate, filter
from cupel._errors import WrongKindError
from cupel.neighbors import KnnGraph

scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.integers(0, 3),
    st.floats(),
    st.complex_numbers(),
    st.text(max_size=3),
    st.binary(max_size=3),
    st.dates(),
    st.decimals(),
    st.fractions(),
    st.sampled_from([object(), float, 10**400, np.ma.masked, np.str_("a"), np.float16(1)]),
    st.builds(np.timedelta64, st.integers(0, 3)),
)
dtypes = st.one_of(
    hnp.scalar_dtypes(),
    hnp.unicode_string_dtypes(max_len=4),
    hnp.array_dtypes(),
    st.just(np.dtype(object)),
)
arrays = hnp.arrays(dtypes, hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=4))


def containers(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    lists = st.lists(inner, max_size=4)
    return st.one_of(
        lists,
        lists.map(tuple),
        lists.map(lambda x: np.fromiter(x, dtype=object, count=len(x))),
        st.dictionaries(st.integers(), inner, max_size=3),
        st.frozensets(st.integers(0, 3) | st.text(max_size=2), max_size=3),
    )


junk = st.recursive(scalars | arrays, containers, max_leaves=12)


def calls(x: Any) -> Iterator[tuple[str, Callable[[], Any]]]:
    """Yield every function of the front door, called with `x` as the argument named."""
    for n in (1, 2, 3, None):
        for classes in (None, ["a", "b"], [0, 1]):
            yield "labels", lambda n=n, c=classes: _validate.as_labels(x, n, classes=c)
            yield "labels", lambda n=n, c=classes: _validate.as_multilabels(x, n, 2, classes=c)
        yield "x", lambda n=n: _validate.as_mask(x, n, name="x")
    for ndim in (1, 2, 3):
        yield "x", lambda ndim=ndim: _validate.as_pred_probs(x, name="x", ndim=ndim)
    yield "classes", lambda: _validate.as_labels([0, 1], 2, classes=x)
    yield "x", lambda: _validate.as_class_vector(x, 2, name="x")
    yield "x", lambda: _validate.as_square(x, name="x")
    yield "x", lambda: _validate.as_square(x, name="x", multi_label=True)
    yield "x", lambda: _validate.as_choice(x, ("a", "b"), name="x")
    yield "x", lambda: _features.as_features(x, name="x")
    yield "x", lambda: _features.as_distances(x, name="x")
    yield "x", lambda: np.array(_features.as_k(x, 3, name="x"))
    yield "x", lambda: np.array(_features.as_real(x, name="x", above=0.0))
    yield (
        "num_to_remove_per_class",
        lambda: np.array(
            filter.find_label_issues(
                [0, 1],
                np.eye(2),
                num_to_remove_per_class=x,
                filter_by="prune_by_class",
                min_examples_per_class=0,
            )
        ),
    )
    yield "distances", lambda: KnnGraph.from_arrays(x, [[1], [0]]).distances
    yield "indices", lambda: KnnGraph.from_arrays([[1.0], [1.0]], x).indices


def outcome(call: Callable[[], Any]) -> Any:
    try:
        return call()
    except (TypeError, ValueError) as error:
        return error


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(junk)
@example(np.ma.masked)
@example([np.ma.masked])
def test_junk_is_read_or_refused_by_name(x: Any) -> None:
    for argument, call in calls(x):
        out = outcome(call)
        if isinstance(out, np.ndarray):
            assert out.dtype.isnative
            assert out.dtype.kind in "iufb"
        elif isinstance(out, Exception):
            assert type(out) in (TypeError, ValueError, WrongKindError)
            assert re.search(rf"\b{argument}\b", str(out)), out
        else:
            assert out in ("a", "b")
