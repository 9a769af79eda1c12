"""Time until the graph has the recall that is asked for, each contestant with its best setting."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any, NamedTuple

from bench.timing import quiet_collector, take_turns, timed

from .cases import CUPEL, RECALL, Cell, K, Plan
from .data import Features, make_features
from .exact import runs_within
from .methods import GraphMethod, IndexMethod, Method, installed_methods
from .truth import Indices, Truth, others, recall, sample_rows, true_neighbours

Log = Callable[[str], None]
Row = dict[str, Any]

MOST_RUNS = 3
# A setting that is so much slower than the contestant's fastest one, by its time with fewer rows or
# on the sample, is not tried.
CLEARLY_SLOWER = 1.5


class Success(NamedTuple):
    """A setting that reached the recall, on one number of rows."""

    setting: str
    effort: float
    rows: int
    seconds: float


@dataclass
class History:
    """What reached the recall with fewer rows of the same data, by contestant."""

    _of: dict[tuple[str, str, int], list[Success]] = field(default_factory=dict)

    def add(self, name: str, cell: Cell, success: Success) -> None:
        """Remember one."""
        self._of.setdefault((name, cell.kind, cell.columns), []).append(success)

    def of(self, name: str, cell: Cell) -> list[Success]:
        """Return those with the most rows below this cell's, the fastest first."""
        found = [s for s in self._of.get((name, cell.kind, cell.columns), []) if s.rows < cell.rows]
        most = max((s.rows for s in found), default=0)
        return sorted((s for s in found if s.rows == most), key=lambda s: s.seconds)


@dataclass(frozen=True)
class Race:
    """One cell: the data, the truth about a sample of rows, and the limits."""

    cell: Cell
    features: Features
    truth: Truth
    threads: int
    plan: Plan
    history: History

    def recall_of(self, indices: Indices) -> float:
        """Recall of the sample's rows, given their k or k+1 neighbours."""
        if indices.shape[1] == K + 1:
            indices = indices[others(self.truth.rows, indices)].reshape(-1, K)
        return recall(self.features, self.truth, indices, self.cell.metric)


def time_approximate(plan: Plan, threads: int, log: Log) -> list[Row]:
    """All cells."""
    history = History()
    rows = []
    for cell in plan.approximate:
        features = make_features(cell.kind, cell.rows, cell.columns)
        sample = sample_rows(cell.rows, plan.recall_rows)
        truth = true_neighbours(features, sample, K, cell.metric)
        rows.append(run_race(Race(cell, features, truth, threads, plan, history), log))
    return rows


def run_race(race: Race, log: Log) -> Row:
    """Let everybody find its fastest setting; then cupel and the fastest peer take turns."""
    attempts: list[Row] = []
    methods = installed_methods()
    guesses = {method.name: guess(method, race) for method in methods}
    fastest = min((g for name, g in guesses.items() if name != CUPEL and g), default=0.0)
    with quiet_collector():
        for method in methods:
            warm_up(method, race)
            expected = guesses[method.name]
            if method.name != CUPEL and has_no_chance(expected, fastest, race.plan):
                made = [_attempt(method, "", note=f"left out: about {expected:.0f} s")]
            elif isinstance(method, GraphMethod):
                made = climb_graphs(method, race)
            else:
                made = climb_indexes(method, race)
            attempts += made
            for attempt in made:
                log(f"approximate, {race.cell}: {_one_line(attempt)}")
        seconds = _take_turns(race, attempts, methods)
    return {
        **race.cell._asdict(),
        "k": K,
        "recall": RECALL,
        "sample": len(race.truth.rows),
        "attempts": attempts,
        "seconds": seconds,
    }


def has_no_chance(expected: float, fastest: float, plan: Plan) -> bool:
    """Whether a peer would take too long, or too long to be the fastest."""
    far_behind = 0 < plan.no_chance * fastest < expected
    too_long = expected > plan.cap_approximate
    return too_long or (far_behind and expected > plan.patience_approximate)


def guess(method: Method, race: Race) -> float:
    """Seconds, from the same data with fewer rows; 0 if not known."""
    known = race.history.of(method.name, race.cell)
    if not known:
        return 0.0
    return float(known[0].seconds * (race.cell.rows / known[0].rows) ** method.growth)


def warm_up(method: Method, race: Race) -> None:
    """Let it load, and compile, what it needs."""
    few = make_features(race.cell.kind, 2000, race.cell.columns)
    if isinstance(method, GraphMethod):
        method.graph(few, method.efforts[0], race.threads)
    else:
        setting = next(iter(method.settings.values()))
        method.search(method.build(few, setting, race.threads), few[:10], method.efforts[0])


def climb_graphs(method: GraphMethod, race: Race) -> list[Row]:
    """Make graphs with more and more effort until one reaches the recall."""
    known = race.history.of(method.name, race.cell)
    least = known[0].effort if known else method.efforts[0]
    attempts: list[Row] = []
    spent = 0.0
    for effort in (e for e in method.efforts if e >= least):
        seconds, (indices, own) = timed(partial(method.graph, race.features, effort, race.threads))
        spent += seconds
        attempt = _attempt(
            method,
            "",
            effort=effort,
            search=seconds,
            recall=race.recall_of(indices[race.truth.rows]),
            own_recall=own,
        )
        attempts.append(attempt)
        if attempt["recall"] >= RECALL:
            _succeed(method, race, attempt)
            break
        if spent > race.plan.cap_approximate:
            attempt["note"] = "gave up"
            break
    return attempts


def climb_indexes(method: IndexMethod, race: Race) -> list[Row]:
    """Find the least effort of every setting, and of those that may win the whole time."""
    attempts = []
    best = race.plan.cap_approximate
    promising = promising_settings(method, race)
    for name in method.settings:
        if name not in promising:
            continue
        attempt = climb_one(method, name, best, race)
        attempts.append(attempt)
        if attempt["total"]:
            best = min(best, attempt["total"])
    return attempts


def promising_settings(method: IndexMethod, race: Race) -> set[str]:
    """Return all settings, less those that with fewer rows were clearly slower than the best."""
    known = race.history.of(method.name, race.cell)
    if method.best_depends_on_rows or not known:
        return set(method.settings)
    return {s.setting for s in known if s.seconds <= CLEARLY_SLOWER * known[0].seconds}


def climb_one(method: IndexMethod, name: str, best: float, race: Race) -> Row:
    """Build once; search a sample with more and more effort, then everything with the least."""
    build, index = timed(partial(method.build, race.features, method.settings[name], race.threads))
    attempt = _attempt(method, name, build=build)
    if build > best:
        attempt["note"] = "building alone takes longer"
        return attempt
    sample = race.features[race.truth.rows]
    for effort in method.efforts:
        seconds, indices = timed(partial(method.search, index, sample, effort))
        attempt.update(effort=effort, recall=race.recall_of(indices))
        whole = seconds * race.cell.rows / len(sample)
        if build + whole > CLEARLY_SLOWER * best:
            attempt["note"] = f"left out: about {build + whole:.0f} s"
            return attempt
        if attempt["recall"] < RECALL:
            continue
        search, indices = timed(partial(method.search, index, race.features, effort))
        attempt.update(search=search, recall=race.recall_of(indices[race.truth.rows]))
        if attempt["recall"] >= RECALL:
            _succeed(method, race, attempt)
            return attempt
    attempt["note"] = "recall not reached"
    return attempt


def _succeed(method: Method, race: Race, attempt: Row) -> None:
    attempt["total"] = attempt["build"] + attempt["search"]
    success = Success(attempt["setting"], attempt["effort"], race.cell.rows, attempt["total"])
    race.history.add(method.name, race.cell, success)


def _attempt(method: Method, setting: str, **known: Any) -> Row:
    nothing = {"build": 0.0, "search": 0.0, "total": None, "effort": None, "recall": None}
    names = {"contestant": method.name, "setting": setting, "effort_name": method.effort}
    return {**names, **nothing, "own_recall": None, "note": "", **known}


def _take_turns(race: Race, attempts: list[Row], methods: list[Method]) -> dict[str, list[float]]:
    best: dict[str, Row] = {}
    for attempt in sorted((a for a in attempts if a["total"]), key=lambda a: a["total"]):
        best.setdefault(attempt["contestant"], attempt)
    seconds = {name: [attempt["total"]] for name, attempt in best.items()}
    peers = [name for name in best if name != CUPEL]
    again = {name for name in (CUPEL, *peers[:1]) if name in best}
    by_name = {method.name: method for method in methods}
    calls = {name: _whole(by_name[name], best[name], race) for name in again}
    runs = {
        name: runs_within(race.plan.patience_approximate, best[name]["total"], MOST_RUNS)
        for name in again
    }
    take_turns(calls, runs, seconds)
    return seconds


def _whole(method: Method, attempt: Row, race: Race) -> Callable[[], Any]:
    if isinstance(method, GraphMethod):
        return lambda: method.graph(race.features, attempt["effort"], race.threads)
    setting = method.settings[attempt["setting"]]
    return lambda: method.search(
        method.build(race.features, setting, race.threads), race.features, attempt["effort"]
    )


def _one_line(attempt: Row) -> str:
    parts = [attempt["contestant"], attempt["setting"]]
    if attempt["effort"] is not None:
        parts.append(f"{attempt['effort_name']} = {attempt['effort']}")
    if attempt["recall"] is not None:
        parts.append(f"recall {attempt['recall']:.4f}")
    if attempt["total"]:
        parts.append(f"{attempt['build']:.2f} + {attempt['search']:.2f} s")
    return ", ".join(filter(None, [*parts, attempt["note"]]))
