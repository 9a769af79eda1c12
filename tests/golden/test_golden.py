"""Numbers stay where they are; `regenerate` moves them, and the CHANGELOG says so."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

import cupel
from compare import assert_identical
from golden.regenerate import DTYPES, PATH, all_outputs, outputs


@pytest.fixture(params=cupel.available_isas())
def isa(request: pytest.FixtureRequest) -> Iterator[str]:
    before = cupel.active_isa()
    cupel.select_isa(request.param)
    yield request.param
    cupel.select_isa(before)


# Logarithms and powers are the C library's, and may differ in the last digit between platforms.
ROUNDED = ("confidence_weighted_entropy", "py", "noise_matrix", "inverse")


@pytest.mark.parametrize("dtype", DTYPES)
def test_outputs(dtype: str, isa: str) -> None:
    with np.load(PATH, allow_pickle=False) as golden:
        found = outputs(golden["labels"], golden["pred_probs"].astype(dtype))
        assert {f"{dtype}_{name}" for name in found} == {
            name for name in golden.files if name.startswith(f"{dtype}_")
        }
        for name, value in found.items():
            expected = golden[f"{dtype}_{name}"]
            if name in ROUNDED:
                assert value.dtype == expected.dtype
                np.testing.assert_allclose(value, expected, rtol=1e-13)
            else:
                assert_identical(value, expected)


def test_the_file_is_small_and_complete() -> None:
    assert PATH.stat().st_size < 50_000
    with np.load(PATH, allow_pickle=False) as golden:
        names = set(all_outputs(dict(golden)))
        assert names | {"labels", "pred_probs"} == set(golden.files)


def test_the_problem_tells_the_methods_apart() -> None:
    with np.load(PATH, allow_pickle=False) as golden:
        masks = [
            golden[f"float64_{name}"].tobytes()
            for name in (
                "prune_by_noise_rate",
                "prune_by_class",
                "both",
                "confident_learning",
                "predicted_neq_given",
                "low_normalized_margin",
                "low_self_confidence",
            )
        ]
        assert len(set(masks)) >= 6
        assert (golden["float64_joint_argmax"] != golden["float64_joint_confident"]).any()
