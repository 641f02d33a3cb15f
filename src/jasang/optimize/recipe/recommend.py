"""The settings that the record says are better than today's, for each product; or that it cannot tell, and why."""

from dataclasses import dataclass, replace

import numpy as np

from jasang.optimize.campaigns.setting import Goal, Setting, Specification
from jasang.optimize.one_thread import one_thread
from jasang.optimize.recipe.answer import (
    Gain,
    Reason,
    ReasonCode,
    Recommendation,
    SettingEvidence,
    Status,
)
from jasang.optimize.recipe.choice import (
    Scene,
    choose,
    curves_of,
    extrapolated,
    gains_of,
    told_demands,
    told_gain,
)
from jasang.optimize.recipe.context import Context, build_context
from jasang.optimize.recipe.moves import (
    LEAST_OWN,
    Moved,
    how_settings_moved,
    leading_settings,
    support_of,
    today,
    together,
)
from jasang.optimize.recipe.next_experiment import experiment_for
from jasang.optimize.recipe.records import RecipeRecords, binary_outcome, codes_of
from jasang.optimize.recipe.response import (
    Judgement,
    Learned,
    Surface,
    foretold_unseen,
    judge_surface,
    learn,
    tells_more,
)
from jasang.optimize.recipe.trade import trade_points

MOST_ROWS = 20_000  # of one product, the newest
LEAST_ROWS = 60
LEAST_DEFECTS = 8
_MOST_SETTINGS = 8  # modelled together; of more, those that move with the result most
_ALONE_ROWS, _ALONE_DEFECTS = 2500, 80  # from which on a machine is asked for itself
_DIFFER_ROWS, _DIFFER_DEFECTS = 400, 25  # from which on it is asked whether machines differ
_NEAR_BEST = 0.04  # of the present rate (or of the spread): gains below it are not worth a change
_FEW_FAR = 0.05  # more rows than these are no strays but another way to run
_FAR = 2.0  # middle spans (10th to 90th percentile) beyond them
_LEAST_SHARE = 0.02  # products with less of the rows are not asked


@one_thread
def recommend_recipe(records: RecipeRecords) -> tuple[Recommendation, ...]:
    """The recommendation of each product, those with most rows first.

    Surfaces of every goal and specification over the settings, with time, lot and context held, are fitted as penalised
    regressions (see `response`); a setting is recommended only where the 95 % interval of its gain against today's lies above 0,
    the surface foretells stretches it was not learned from, every specification is kept with a chance of 0.9, and the
    settings lie where the record speaks.

    Examples
    --------
    >>> import numpy as np
    >>> from jasang.optimize.campaigns import Goal, Setting
    >>> rng = np.random.default_rng(1)
    >>> temperature = rng.normal(200, 5, 3000).round(1)
    >>> temperature[-100:] = 208.0
    >>> defect = (rng.random(3000) < 0.03 + 0.002 * (temperature - 198) ** 2).astype(float)
    >>> found = recommend_recipe(RecipeRecords(settings=(Setting(name="temperature", low=180, high=220),),
    ...     values={"temperature": temperature}, outcomes={"defect": defect}, goals=(Goal(outcome="defect"),)))
    >>> found[0].status.value, abs(found[0].recommended["temperature"] - 198) < 2
    ('recommend', True)
    """
    answers: list[Recommendation] = []
    if records.product is None:
        return _by_machine(records, None)
    codes, products = codes_of(records.product)
    counts = np.bincount(codes[codes >= 0], minlength=len(products))
    for product in np.argsort(-counts, kind="stable"):
        if counts[product] >= max(LEAST_ROWS, _LEAST_SHARE * records.rows) or not answers:
            answers.extend(_by_machine(records.part(np.flatnonzero(codes == product)), products[product]))
    return tuple(answers)


def _by_machine(records: RecipeRecords, product: str | None) -> tuple[Recommendation, ...]:
    """One product on each machine for itself where each has records enough or settings do something else on each of them;
    else on all, with the machine held as context.
    """
    if records.machine is not None:
        codes, machines = codes_of(records.machine)
        parts = [records.part(np.flatnonzero(codes == machine)) for machine in range(len(machines))]
        plenty = all(_plenty(part, _ALONE_ROWS, _ALONE_DEFECTS) for part in parts)
        if len(parts) > 1 and (plenty or _machines_differ(records, records.machine)):
            return tuple(_one(part, product, machine) for part, machine in zip(parts, machines, strict=True))
    return (_one(records, product, None),)


def _machines_differ(records: RecipeRecords, machine: np.ndarray) -> bool:
    """Whether surfaces of each machine foretell what was not shown to them better than one surface for all does."""
    known = _known_rows(records)
    usual = known[_usual_rows(records.part(known))[-MOST_ROWS:]]
    records, (codes, machines) = records.part(usual), codes_of(machine[usual])
    parts = [np.flatnonzero(codes == machine) for machine in range(len(machines))]
    if not all(_plenty(records.part(rows), _DIFFER_ROWS, _DIFFER_DEFECTS) for rows in parts):
        return False
    y, moved = _loss(records.goals[0], records), _moved(records)
    context = _context_of(_Case(
        records=records, product=None, machine=None, rows_all=records.rows, whole=moved, moved=moved, y=y
    ))  # fmt: skip
    evidence = how_settings_moved(moved, context)
    if not any(one.usable for one in evidence):
        return False
    moved = moved.only(leading_settings(moved, context, y, evidence, _MOST_SETTINGS))
    now, levels = today(moved), tuple(len(setting.levels) for setting in moved.named)

    def learnt(rows: np.ndarray) -> Learned:
        part, binary = context.rows(rows), binary_outcome(y)
        return learn(moved.numbers[rows], moved.codes[rows], levels, y[rows], part, binary=binary, seed=records.seed)

    together_learnt = learnt(np.arange(y.size))
    apart = np.zeros(y.size)
    for rows in parts:
        apart[rows] = foretold_unseen(learnt(rows), now)
    return tells_more(together_learnt, apart, foretold_unseen(together_learnt, now))


def _plenty(records: RecipeRecords, rows: int, defects: int) -> bool:
    values = records.outcomes[records.goals[0].outcome]
    values = values[np.isfinite(values)]
    if values.size < rows:
        return False
    return not binary_outcome(values) or bool(min(values.sum(), (1 - values).sum()) >= defects)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Case:
    """One product (on one machine) made ready: what every answer about it carries."""

    records: RecipeRecords
    product: str | None
    machine: str | None
    rows_all: int
    whole: Moved  # every setting
    moved: Moved  # those that are modelled together
    y: np.ndarray
    evidence: tuple[SettingEvidence, ...] = ()
    reasons: tuple[Reason, ...] = ()

    def because(self, code: ReasonCode, value: float | None = None) -> "_Case":
        """With a leading reason."""
        return replace(self, reasons=(Reason(code=code, value=value), *self.reasons))


def _one(records: RecipeRecords, product: str | None, machine: str | None) -> Recommendation:
    """One product: enough results, settings that moved by themselves, a surface that holds, a setting that is better."""
    rows_all = records.rows
    records = records.part(_known_rows(records))
    records = records.part(_usual_rows(records)[-MOST_ROWS:])
    y = _loss(records.goals[0], records)
    moved = _moved(records)
    case = _Case(
        records=records, product=product, machine=machine, rows_all=rows_all, whole=moved, moved=moved, y=y
    )  # fmt: skip
    if y.size < LEAST_ROWS or (binary_outcome(y) and min(y.sum(), (1 - y).sum()) < LEAST_DEFECTS):
        count = min(float(y.sum()), float((1 - y).sum())) if binary_outcome(y) and y.size else float(y.size)
        return _silent(case.because(ReasonCode.TOO_FEW_RESULTS, count), None, None, None)
    context = _context_of(case)
    evidence = how_settings_moved(case.moved, context)
    case = replace(case, evidence=evidence, reasons=_why_not(evidence, context))
    if not any(one.usable for one in evidence):
        return _silent(case, None, None, None)
    kept = leading_settings(case.moved, context, y, evidence, _MOST_SETTINGS)
    if kept.size < len(evidence):
        case = replace(case, moved=case.moved.only(kept))
        context = _context_of(case)
    movable = np.array([evidence[place].usable for place in kept])
    scene, learned = _scene(case, context, movable)
    return _answered(case, scene, judge_surface(learned, scene.now))


def _context_of(case: _Case) -> Context:
    numbers = case.moved.numbers
    z = np.column_stack([_standard(column) for column in numbers.T] or [np.empty((case.y.size, 0))])
    return build_context(_context(case.records), case.records.time, z)


def _answered(case: _Case, scene: Scene, judgement: Judgement) -> Recommendation:
    if not judgement.known or judgement.low <= 0:
        return _silent(case.because(ReasonCode.NO_EFFECT, judgement.slope), scene, judgement, None)
    if judgement.later_high < 0:
        return _silent(case.because(ReasonCode.CHANGED, judgement.later), scene, judgement, None)
    point, forbidden = choose(scene)
    gain = told_gain(*scene.goals[0], scene, point)
    leading = gains_of(scene.goals[0][1], scene.now, point)
    value = float(leading.value[0]) / leading.scale
    if gain.low <= 0 or value < _NEAR_BEST:
        near = value < 2 * _NEAR_BEST
        code = ReasonCode.CONSTRAINT if forbidden else ReasonCode.NEAR_BEST if near else ReasonCode.NOT_SURE
        return _silent(case.because(code, value), scene, judgement, gain)
    if forbidden:
        case = case.because(ReasonCode.CONSTRAINT)
    silent = _silent(case, scene, judgement, gain)
    return replace(
        silent,
        status=Status.RECOMMEND,
        recommended=silent.now | case.moved.values(point[0][0], point[1][0]),
        gain=gain,
        other_gains=tuple(told_gain(goal, surface, scene, point) for goal, surface in scene.goals[1:]),
        extrapolation=extrapolated(scene, point),
        constraints=told_demands(scene, point),
        curves=curves_of(scene, point),
        trade=trade_points(scene, point),
        experiment=None,
    )


def _silent(case: _Case, scene: Scene | None, judgement: Judgement | None, possible: Gain | None) -> Recommendation:
    """An answer without a recommendation."""
    y, moved = case.y, case.whole
    keep = bool(case.reasons) and case.reasons[0].code in (ReasonCode.NEAR_BEST, ReasonCode.CONSTRAINT)
    now = today(moved) if y.size else None
    known = judgement is not None and judgement.known
    return Recommendation(
        product=case.product,
        machine=case.machine,
        rows=y.size,
        rows_all=case.rows_all,
        status=Status.KEEP if keep else Status.CANNOT_TELL,
        now=moved.values(now[0][0], now[1][0]) if now is not None else {},
        recommended=None,
        gain=None,
        other_gains=(),
        extrapolation=0.0,
        constraints=told_demands(scene, scene.now) if keep and scene is not None else (),
        reasons=case.reasons,
        evidence=case.evidence,
        curves=(),
        trade=(),
        experiment=None if keep or now is None else experiment_for(case.records, moved, now, y, case.evidence),
        possible=possible,
        held_out_slope=(judgement.slope, judgement.low, judgement.high) if judgement is not None and known else None,
        outcome_mean=float(y.mean()) if y.size else float("nan"),
        outcome_spread=float(y.std()) if y.size else float("nan"),
    )


def _scene(case: _Case, context: Context, movable: np.ndarray) -> tuple[Scene, Learned]:
    """Fit every outcome and gather what the choice needs."""
    records, moved = case.records, case.moved
    levels = tuple(len(setting.levels) for setting in moved.named)
    now = today(moved)
    learned: list[Learned] = []

    def surface(values: np.ndarray, target: float | None = None) -> Surface:
        rows = np.flatnonzero(np.isfinite(values))
        part = context if rows.size == values.size else context.rows(rows)
        learned.append(
            learn(
                moved.numbers[rows], moved.codes[rows], levels, values[rows], part,
                binary=binary_outcome(values), target=target, seed=records.seed,
            )
        )  # fmt: skip
        return learned[-1].surface

    goals = tuple((goal, surface(*_modelled(goal, records))) for goal in records.goals)
    specifications = tuple(
        (one, surface(records.outcomes[one.outcome])) for one in records.specifications if _enough(one, records)
    )
    guards = tuple((goal, surface(_loss(goal, records))) for goal in records.guards if _enough(goal, records))
    scene = Scene(
        moved=moved,
        now=now,
        movable=movable,
        support=support_of(moved, now),
        goals=goals,
        specifications=specifications,
        guards=guards,
        interlocks=records.interlocks,
        in_spec=records.in_spec,
        seed=records.seed,
    )
    return scene, learned[0]


def _enough(one: Specification | Goal, records: RecipeRecords) -> bool:
    values = records.outcomes[one.outcome]
    known = values[np.isfinite(values)]
    if binary_outcome(values):
        return bool(known.size >= LEAST_ROWS and min(known.sum(), (1 - known).sum()) >= LEAST_DEFECTS)
    return bool(known.size >= LEAST_ROWS and np.unique(known[:2000]).size > 2)


def _known_rows(records: RecipeRecords) -> np.ndarray:
    """Rows whose goals and settings are known, in order."""
    known = np.ones(records.rows, dtype=bool)
    for goal in records.goals:
        known &= np.isfinite(records.outcomes[goal.outcome])
    for setting in records.settings:
        column = records.values[setting.name]
        if setting.numeric:
            known &= np.isfinite(np.asarray(column, dtype=np.float64))
        else:
            known &= np.isin(np.asarray([str(value) for value in column]), setting.levels)
    return np.flatnonzero(known)


def _usual_rows(records: RecipeRecords) -> np.ndarray:
    """Rows with no setting far from all usual ones: zeros of a machine at rest or a test shot say nothing about recipes."""
    usual = np.ones(records.rows, dtype=bool)
    for setting in records.settings:
        if not setting.numeric or records.rows < LEAST_ROWS:
            continue
        column = np.asarray(records.values[setting.name], dtype=np.float64)
        for share in (0.1, 0.03):
            low, high = np.quantile(column, [share, 1 - share])
            if high > low:
                near = (column >= low - _FAR * (high - low)) & (column <= high + _FAR * (high - low))
                if near.mean() >= 1 - _FEW_FAR:
                    usual &= near
                break
    return np.flatnonzero(usual)


def _moved(records: RecipeRecords) -> Moved:
    numeric = tuple(setting for setting in records.settings if setting.numeric)
    named = tuple(setting for setting in records.settings if not setting.numeric)
    rows = records.rows
    numbers = [np.asarray(records.values[s.name], dtype=np.float64) for s in numeric]
    return Moved(
        numeric=numeric,
        named=named,
        numbers=np.column_stack(numbers) if numbers else np.empty((rows, 0)),
        codes=np.column_stack([_codes(s, records.values[s.name]) for s in named])
        if named
        else np.empty((rows, 0), dtype=np.int64),
    )


def _codes(setting: Setting, column: np.ndarray) -> np.ndarray:
    places = {level: place for place, level in enumerate(setting.levels)}
    return np.array([places[str(value)] for value in column], dtype=np.int64)


def _loss(goal: Goal, records: RecipeRecords) -> np.ndarray:
    """The goal as a quantity to make small; wild values of a measurement are drawn in to the outermost usual ones."""
    values = np.asarray(records.outcomes[goal.outcome], dtype=np.float64)
    if binary_outcome(values):
        return goal.loss(values) if goal.direction != "max" else 1.0 - values
    loss = goal.loss(values)
    if np.isfinite(loss).sum() < LEAST_ROWS:
        return loss
    return _drawn_in(loss)


def _modelled(goal: Goal, records: RecipeRecords) -> tuple[np.ndarray, float | None]:
    """What a surface is fitted to: the loss; with a value to meet the result itself, which runs more smoothly."""
    values = np.asarray(records.outcomes[goal.outcome], dtype=np.float64)
    if goal.direction != "target" or binary_outcome(values) or np.isfinite(values).sum() < LEAST_ROWS:
        return _loss(goal, records), None
    return _drawn_in(values), goal.target


def _drawn_in(loss: np.ndarray) -> np.ndarray:
    """Wild values drawn in to the outermost usual ones."""
    low, middle, high = np.nanquantile(loss, [0.05, 0.5, 0.95])
    found: np.ndarray = np.clip(loss, middle - 4 * max(middle - low, 1e-12), middle + 4 * max(high - middle, 1e-12))
    return found


def _context(records: RecipeRecords) -> dict[str, np.ndarray]:
    named = dict(records.context)
    if records.machine is not None:
        named["machine"] = np.asarray(records.machine)
    return named


def _standard(column: np.ndarray) -> np.ndarray:
    spread = float(column.std())
    standard: np.ndarray = (column - column.mean()) / spread if spread > 0 else np.zeros_like(column)
    return standard


def _why_not(evidence: tuple[SettingEvidence, ...], context: Context) -> tuple[Reason, ...]:
    """For each setting without a say, why."""
    reasons = []
    twins = {one.setting for one in together(evidence)}
    for one in evidence:
        if not one.moved:
            reasons.append(Reason(code=ReasonCode.NEVER_MOVED, setting=one.setting))
        elif not one.usable:
            reasons.append(
                Reason(
                    code=ReasonCode.MOVED_WITH_LOT,
                    setting=one.setting,
                    other=context.lot if one.own_share < LEAST_OWN else None,
                    value=one.own_share,
                )
            )
        elif one.setting in twins:
            reasons.append(
                Reason(
                    code=ReasonCode.MOVED_WITH_SETTING, setting=one.setting, other=one.moves_with, value=one.association
                )
            )
    return tuple(reasons)
