"""Whether cleanlab is patched, and how: one answer for the whole process."""

from __future__ import annotations

import threading
import warnings

from cupel.patch import _table
from cupel.patch._names import Names
from cupel.patch._report import Difference, Report
from cupel.patch._verified import verified
from cupel.patch._verify import Verifier

# From Patcher's private methods to the code that called the public function.
_TO_CALLER = 5


class Request:
    """Somebody's wish that cleanlab be patched. No two are equal."""

    def __init__(self, *, verify: bool) -> None:
        self.verify = verify


class Patcher:
    """Keeps cleanlab patched as the latest request that stands says. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._requests: list[Request] = []
        self._verify: bool | None = None  # of the patch that is in place; None: there is none
        self._pairs: list[_table.Pair] = []
        self._names = Names([])
        self._verifier: Verifier | None = None
        self.report = Report()

    @property
    def is_patched(self) -> bool:
        """Whether cleanlab's names mean cupel's objects."""
        return self._verify is not None

    def patch(self, *, verify: bool, purpose: str) -> None:
        """Patch until further notice, whatever was requested before."""
        modules = _table.load(purpose)  # not under the lock: imports have locks of their own
        with self._lock:
            self._look_up(modules)
            self._requests = [Request(verify=verify)]
            self._settle()

    def unpatch(self) -> list[str]:
        """Take the patch away, whatever was requested before."""
        with self._lock:
            self._requests = []
            return self._settle()

    def enter(self, *, verify: bool, purpose: str) -> Request:
        """Patch until `leave`, unless somebody else requests otherwise meanwhile."""
        modules = _table.load(purpose)
        request = Request(verify=verify)
        with self._lock:
            self._look_up(modules)
            self._requests.append(request)
            self._settle()
        return request

    def leave(self, request: Request) -> None:
        """Withdraw a request; the latest of the others decides."""
        with self._lock:
            self._requests = [r for r in self._requests if r is not request]
            self._settle()

    def map(self, purpose: str) -> dict[str, str]:
        """Return cleanlab's dotted names and cupel's."""
        modules = _table.load(purpose)
        with self._lock:
            self._look_up(modules)
            return {f"cleanlab.{pair.name}": f"cupel.{pair.name}" for pair in self._pairs}

    @property
    def differences(self) -> list[Difference]:
        """What the latest verification found."""
        return self.report.differences

    def _look_up(self, modules: list[_table.ModulePair]) -> None:
        """Note what cleanlab's names mean while they are cleanlab's."""
        if not self.is_patched:
            self._pairs = _table.pairs(modules)

    def _settle(self) -> list[str]:
        """Do what the latest request says; return the names that could not be restored."""
        wanted = self._requests[-1].verify if self._requests else None
        left = self._remove() if self._verify not in (None, wanted) else []
        if wanted is not None:
            if self._verify is None:
                self._prepare(verify=wanted)
            self._names.replace()
        return left

    def _prepare(self, *, verify: bool) -> None:
        """Make what takes the place of cleanlab's objects."""
        self._verify = verify
        if not verify:
            self._names = Names([(pair.original, pair.replacement) for pair in self._pairs])
            return
        self.report = Report()
        verifier = self._verifier = Verifier(self.report)
        self._names = Names([(pair.original, verified(verifier, pair)) for pair in self._pairs])

    def _remove(self) -> list[str]:
        left = self._names.restore()
        if self._verifier is not None:
            self._verifier.active = False
            self._verifier = None
        self._verify = None
        if left:
            text = f"left as they are, since something else replaced them: {', '.join(left)}"
            warnings.warn(text, RuntimeWarning, stacklevel=_TO_CALLER)
        return left


patcher = Patcher()
