"""Arrays of the wrong shape are refused by the command line."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("click")
pytest.importorskip("rich")
pytest.importorskip("pyarrow")

from cli_data import planted, write_npy
from cupel.cli.errors import CliError
from cupel.cli.inputs import read_inputs

LABELS, PROBS = planted()


@pytest.mark.parametrize("shape", [(240,), (240, 4, 1), (0, 4)])
def test_shapes_that_are_no_matrix(tmp_path, shape):
    labels = write_npy(tmp_path / "y.npy", LABELS)
    probs = write_npy(tmp_path / "p.npy", np.zeros(shape))
    with pytest.raises(CliError, match="one row of probabilities per label"):
        read_inputs(labels, probs)


def test_one_hot_labels_are_refused(tmp_path):
    probs = write_npy(tmp_path / "p.npy", PROBS)
    with pytest.raises(CliError, match="expected one label per row"):
        read_inputs(write_npy(tmp_path / "y.npy", np.eye(4)[LABELS]), probs)
