"""What ``import cupel`` does to a process: as little as possible."""

from __future__ import annotations

import json
import subprocess
import sys
import textwrap

HEAVY = ["cleanlab", "click", "pandas", "polars", "pyarrow", "rich", "scipy", "sklearn"]


def in_fresh_interpreter(code: str) -> dict:
    """Run code that leaves a dictionary in ``result``, with every warning an error."""
    script = f"{textwrap.dedent(code)}\nimport json\nprint(json.dumps(result))"
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", script], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return json.loads(done.stdout)


def test_imports_nothing_but_numpy():
    result = in_fresh_interpreter("""
        import sys
        import numpy
        before = set(sys.modules)
        import cupel
        result = {"roots": sorted({name.split(".")[0] for name in set(sys.modules) - before})}
    """)
    assert set(result["roots"]).isdisjoint(HEAVY)
    assert set(result["roots"]) <= {"cupel", "numpy", *sys.stdlib_module_names}


def test_leaves_the_process_as_it_was():
    result = in_fresh_interpreter("""
        import locale, logging, signal, sys, threading, warnings
        import numpy as np

        def state():
            smallest, half = np.array([5e-324, 1e-310]), np.array([0.5])
            single = np.array([1e-40], dtype=np.float32)
            return repr([
                warnings.filters, np.geterr(), np.get_printoptions(), locale.setlocale(locale.LC_ALL),
                # Flush-to-zero and denormals-are-zero would show here.
                smallest * 1.0 > 0, np.array([2.2250738585072014e-308]) * half > 0, single * 1 > 0,
                signal.getsignal(signal.SIGINT), threading.active_count(), sys.getswitchinterval(),
                logging.root.handlers, sys.flags, sys.excepthook, str(np.random.get_state()),
            ])

        before = state()
        import cupel
        after = state()
        cupel.find_label_issues([0, 1, 0, 1], np.full((4, 2), 0.5), n_jobs=2)
        result = {"before": before, "after": after, "used": state()}
    """)
    assert result["after"] == result["before"]
    assert result["used"] == result["before"]


def test_is_fast():
    """In seconds beyond NumPy's own import; the best of three, for the sake of a busy machine."""
    code = """
        import time
        import numpy
        start = time.perf_counter()
        import cupel
        result = {"seconds": time.perf_counter() - start}
    """
    seconds = min(in_fresh_interpreter(code)["seconds"] for _ in range(3))
    assert seconds < 0.5


def test_works_with_numpy_alone():
    """Everything but NumPy, the standard library and cupel is refused by an import hook."""
    result = in_fresh_interpreter("""
        import sys

        class OnlyNumpy:
            allowed = {"cupel", "numpy", *sys.stdlib_module_names}
            refused = []

            def find_spec(self, name, path=None, target=None):
                if name.split(".")[0] not in self.allowed:
                    self.refused.append(name)
                    raise ModuleNotFoundError(f"No module named {name!r}", name=name)

        sys.meta_path.insert(0, OnlyNumpy())
        import numpy as np
        import cupel

        labels = [0, 0, 1, 1, 1, 0]
        probs = np.array([[0.9, 0.1], [0.2, 0.8], [0.1, 0.9], [0.3, 0.7], [0.8, 0.2], [0.7, 0.3]])
        named = cupel.find_label_issues(
            ["cat", "cat", "dog", "dog", "dog", "cat"], probs, classes=["cat", "dog"]
        )
        joint = cupel.count.compute_confident_joint(labels, probs)
        scorer = cupel.Scorer.fit(labels, probs)
        result = {
            "named": named.tolist(),
            "mask": cupel.find_label_issues(labels, probs).tolist(),
            "reference": cupel.reference.filter.find_label_issues(labels, probs).tolist(),
            "scores": cupel.get_label_quality_scores(labels, probs).tolist(),
            "joint": joint.tolist(),
            "issue": scorer.check(0, probs[1]).is_label_issue,
        }
        try:
            cupel.count.estimate_cv_predicted_probabilities(probs, labels)
        except ImportError as error:
            result["message"] = str(error)
    """)
    assert (
        result["mask"]
        == result["reference"]
        == result["named"]
        == [False, True, False, False, True, False]
    )
    assert result["issue"] is True
    assert result["scores"] == [0.9, 0.2, 0.9, 0.7, 0.2, 0.7]
    assert result["joint"] == [[2, 1], [1, 2]]
    assert "pip install" in result["message"]
    assert "cupel[sklearn]" in result["message"]
