"""The peers of `benchmarks/campaigns.py`, in an environment of their own that has torch: never the default install.

uv venv peers && uv pip install --python peers botorch optuna && uv pip install --python peers --no-deps -e .
peers/bin/python -m benchmarks.campaign_peers --by optuna botorch --seeds 2 [--plants NAME …] [--out FILE]
"""

import sys
import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np

from benchmarks.campaign_problems import Outcomes, Plant
from benchmarks.campaigns import METHODS, Settings, losses, main
from jasang.optimize.campaigns.space import Space


def excesses(plant: Plant, told: Outcomes) -> list[float]:
    """How far each outcome lies beyond its upper limit; 0 or less is in specification."""
    return [told[one.outcome] - float(one.high or 0.0) for one in plant.specifications]


def by_optuna(plant: Plant, records: list[tuple[Settings, Outcomes]], seed: int) -> Iterator[Settings]:
    """Optuna's Gaussian process, with its constraints."""
    import optuna  # noqa: PLC0415

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    warnings.simplefilter("ignore")
    spread: dict[str, Any] = {}
    for one in plant.settings:
        if one.numeric:
            spread[one.name] = optuna.distributions.FloatDistribution(one.low, one.high, step=None)
        else:
            spread[one.name] = optuna.distributions.CategoricalDistribution(one.levels)
    constraints = (lambda trial: trial.user_attrs["g"]) if plant.specifications else None
    sampler = optuna.samplers.GPSampler(seed=seed, n_startup_trials=0, constraints_func=constraints)
    study = optuna.create_study(directions=["minimize"] * len(plant.goals), sampler=sampler)
    for settings, told in records:
        excess = excesses(plant, told)
        study.add_trial(
            optuna.trial.create_trial(
                params=settings,
                distributions=spread,
                values=[float(v) for v in losses(plant, told)],
                user_attrs={"g": excess},
                system_attrs={"constraints": excess} if excess else {},
            )
        )
    space = Space(plant.settings, plant.limits)
    while True:
        trial = study.ask(spread)
        # Steps are rounded for it, as an engineer would.
        told = yield space.named(space.rounded(space.point(trial.params)[None, :])[0])
        trial.set_user_attr("g", excesses(plant, told))
        study.tell(trial, [float(v) for v in losses(plant, told)])


def by_botorch(plant: Plant, records: list[tuple[Settings, Outcomes]], seed: int) -> Iterator[Settings]:
    """BoTorch as its tutorials do it: qLogNEI or qLogNEHVI, a process an outcome; levels as one column each."""
    import torch  # noqa: PLC0415
    from botorch.acquisition.logei import qLogNoisyExpectedImprovement  # noqa: PLC0415
    from botorch.acquisition.multi_objective.logei import qLogNoisyExpectedHypervolumeImprovement  # noqa: PLC0415
    from botorch.acquisition.multi_objective.objective import IdentityMCMultiOutputObjective  # noqa: PLC0415
    from botorch.acquisition.objective import GenericMCObjective  # noqa: PLC0415
    from botorch.fit import fit_gpytorch_mll  # noqa: PLC0415
    from botorch.models import ModelListGP, SingleTaskGP  # noqa: PLC0415
    from botorch.models.transforms import Standardize  # noqa: PLC0415
    from botorch.optim import optimize_acqf  # noqa: PLC0415
    from gpytorch.mlls import SumMarginalLogLikelihood  # noqa: PLC0415

    torch.manual_seed(seed)
    torch.set_num_threads(1)
    warnings.simplefilter("ignore")
    space, goals = Space(plant.settings, plant.limits), len(plant.goals)
    x = [space.encoded(space.point(settings)[None, :])[0] for settings, _ in records]
    y = [[*(-losses(plant, told)), *(-np.array(excesses(plant, told)))] for _, told in records]
    while True:
        train, outcomes = torch.tensor(np.array(x)), torch.tensor(np.array(y))
        model = ModelListGP(
            *[SingleTaskGP(train, outcomes[:, [i]], outcome_transform=Standardize(1)) for i in range(outcomes.shape[1])]
        )
        fit_gpytorch_mll(SumMarginalLogLikelihood(model.likelihood, model))
        rules = [lambda z, i=i: -z[..., i] for i in range(goals, outcomes.shape[1])] or None
        common: dict[str, Any] = {"X_baseline": train, "constraints": rules, "prune_baseline": True}
        if goals == 1:
            worth = qLogNoisyExpectedImprovement(
                model,
                objective=GenericMCObjective(lambda z, X: z[..., 0]),  # noqa: ARG005
                **common,
            )
        else:
            worst = [-float(goal.loss(goal.worst or 0.0)) for goal in plant.goals]
            only = IdentityMCMultiOutputObjective(outcomes=list(range(goals)))
            worth = qLogNoisyExpectedHypervolumeImprovement(model, ref_point=worst, objective=only, **common)
        width = train.shape[1]
        bounds = torch.stack([torch.zeros(width), torch.ones(width)]).double()
        found, _ = optimize_acqf(worth, bounds, q=1, num_restarts=8, raw_samples=256)
        asked = space.named(space.rounded(decoded(space, found[0].numpy())[None, :])[0])
        told = yield asked
        x.append(space.encoded(space.point(asked)[None, :])[0])
        y.append([*(-losses(plant, told)), *(-np.array(excesses(plant, told)))])


def decoded(space: Space, columns: np.ndarray) -> np.ndarray:
    """A point from its columns: of levels the one with the largest column."""
    point, place = [], 0
    for setting in space.settings:
        width = max(1, len(setting.levels))
        part = columns[place : place + width]
        point.append(float(part[0]) if setting.numeric else float(np.argmax(part)))
        place += width
    return np.array(point)


if __name__ == "__main__":
    METHODS.update({"optuna": by_optuna, "botorch": by_botorch})
    sys.exit(main())
