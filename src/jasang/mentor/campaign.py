"""Campaigns from the command line: begin one, ask for trials, tell their results, see how it stands. One JSON file each."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from threadpoolctl import threadpool_limits

from jasang.errors import WrongArguments
from jasang.mentor.campaign_file import OpenTrial, SavedCampaign, read_campaign, write_campaign
from jasang.mentor.campaign_plan import goal_of_word, plan_errors, plan_of_factory, read_plan
from jasang.mentor.campaign_rows import TrialRow, history_rows, read_rows
from jasang.optimize.campaigns import Campaign, Gain, Setting, StopAdvice, Trial, Value

MOST_TOGETHER = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class CampaignStatus:
    """How a campaign stands. `advice` is `None` where neither a trial nor the gain has a price."""

    saved: SavedCampaign
    best: Gain
    advice: StopAdvice | None
    in_spec: tuple[bool, ...]  # of the trials, in order


def new_campaign(
    source: Path,
    *,
    history: Path | None = None,
    out: Path | None = None,
    goals: Sequence[str] = (),
    elsewhere: Sequence[Path] = (),
    promise: float | None = None,
    replace_file: bool = False,
    table: str | None = None,
    asset: str | None = None,
    product: str | None = None,
) -> tuple[SavedCampaign, Path]:
    """Begin a campaign from its TOML file and a table of records, or from a factory's folder; the campaign and its file.

    Raises
    ------
    WrongArguments
        No records were given, the file is there already, or what a folder lacks for a campaign.
    ConfigurationError
        The plan is wrong, or the records do not go with it.
    UnreadableInput
        The records, or a campaign of elsewhere, cannot be read.
    """
    target = out or (source / "campaign.json" if source.is_dir() else source.with_suffix(".json"))
    if target.exists() and not replace_file:
        raise WrongArguments(
            ko=f"{target}: 이미 있습니다. 다른 이름을 --out으로 주거나 --replace로 새로 만드세요.",
            en=f"{target}: is there already. Give another name with --out, or begin anew with --replace.",
        )
    if source.suffix.lower() == ".toml" and source.name != "factory.toml":
        if history is None:
            raise WrongArguments(
                ko="지난 기록을 --history 파일로 주세요(설정과 결과가 열로 있는 표).",
                en="Give the records with --history FILE (a table with settings and outcomes as columns).",
            )
        plan = read_plan(source)
        records = history_rows(history, plan.settings, plan.outcomes)
    else:
        folder = source.parent if source.name == "factory.toml" else source
        wanted = tuple(goal_of_word(word) for word in goals)
        plan, records = plan_of_factory(folder, wanted, table=table, asset=asset, product=product)
        if history is not None:
            records = history_rows(history, plan.settings, plan.outcomes)
    others = [read_campaign(one).campaign for one in elsewhere]
    arguments = {**plan.more, **({} if promise is None else {"promise": promise})}
    try:
        campaign = Campaign(
            settings=plan.settings,
            goals=plan.goals,
            specifications=plan.specifications,
            limits=plan.limits,
            history=records,
            elsewhere=tuple((*one.history, *one.trials) for one in others),
            **arguments,
        )
        campaign.check()
    except (TypeError, ValueError) as error:
        raise plan_errors(source, ValueError(str(error))) from error
    saved = SavedCampaign(name=plan.name, campaign=campaign)
    write_campaign(target, saved)
    return saved, target


def ask_campaign(path: Path, count: int = 1) -> SavedCampaign:
    """Have `count` trials open: those suggested already and not yet told come first, new ones are added and written down.

    Raises
    ------
    WrongArguments
        `count` is not between 1 and `MOST_TOGETHER`.
    UnreadableInput
        The campaign cannot be read.
    """
    if not 1 <= count <= MOST_TOGETHER:
        raise WrongArguments(
            ko=f"-n {count}: 1에서 {MOST_TOGETHER} 사이여야 합니다.", en=f"-n {count}: expected 1 to {MOST_TOGETHER}."
        )
    saved = read_campaign(path)
    more = count - len(saved.open_trials)
    if more <= 0:
        return saved
    with threadpool_limits(limits=1):
        found = saved.campaign.ask(more, running=[one.settings for one in saved.open_trials])
    fresh = tuple(OpenTrial.of(saved.suggested + place, one) for place, one in enumerate(found, start=1))
    saved = replace(saved, open_trials=(*saved.open_trials, *fresh), suggested=saved.suggested + more)
    write_campaign(path, saved)
    return saved


def tell_campaign(
    path: Path,
    *,
    results: Path | None = None,
    values: Sequence[str] = (),
    trial: int | None = None,
    failed: bool = False,
    drop: bool = False,
) -> tuple[SavedCampaign, tuple[Trial, ...]]:
    """Add results: rows of a table, or `name=value` words for one trial; the campaign and what was added.

    A row or words that name all settings are a trial of their own; else they belong to the open trial of the number `trial`,
    or to the only open one. `drop` takes back an open trial that is not made.

    Raises
    ------
    WrongArguments
        Nothing to tell, an unknown name or trial, or a value that is no number.
    UnreadableInput
        The campaign or the table cannot be read.
    """
    saved = read_campaign(path)
    settings, outcomes = saved.campaign.settings, saved.campaign.outcomes
    if results is not None:
        rows = read_rows(results, settings, outcomes)
    elif values or failed or drop:
        rows = [_words(values, settings, outcomes, trial=trial, failed=failed)]
    else:
        raise WrongArguments(
            ko="결과를 --results 파일이나 항목=값으로 주세요(예: cost=2.6).",
            en="Give the results with --results FILE or as NAME=VALUE (for example cost=2.6).",
        )
    waiting = list(saved.open_trials)
    added = []
    for row in rows:
        open_trial = _belongs_to(row, settings, waiting)
        if open_trial is not None:
            waiting.remove(open_trial)
        if not drop:
            added.append(_trial(row, settings, open_trial))
    campaign = saved.campaign
    try:
        campaign.tell(added)
    except ValueError as error:
        raise WrongArguments(
            ko=f"결과를 쓸 수 없습니다({error}).", en=f"The result cannot be used: {error}."
        ) from error
    saved = replace(saved, open_trials=tuple(waiting))
    write_campaign(path, saved)
    return saved, tuple(added)


def take_back(path: Path, place: int) -> tuple[SavedCampaign, Trial]:
    """Remove a result that was told wrongly: the trial at `place`, counted from 1 as `status` lists them.

    It waits for its result again under a new number, unless it was made outside the limits of a setting.

    Raises
    ------
    WrongArguments
        No such trial was told.
    UnreadableInput
        The campaign cannot be read.
    """
    saved = read_campaign(path)
    told = saved.campaign.trials
    if not 1 <= place <= len(told):
        there = f"1–{len(told)}" if told else "-"
        raise WrongArguments(
            ko=f"{place}번 결과가 없습니다. 알려 준 결과: {there}",
            en=f"No result number {place} was told. Told are: {there}",
        )
    rest = tuple(trial for at, trial in enumerate(told, start=1) if at != place)
    campaign, trial = replace(saved.campaign, trials=rest), told[place - 1]
    saved = replace(saved, campaign=campaign)
    if not outside_limits(campaign.settings, trial):
        with threadpool_limits(limits=1):
            again = OpenTrial.of(saved.suggested + 1, campaign.foreseen(trial.settings))
        saved = replace(saved, open_trials=(*saved.open_trials, again), suggested=again.number)
    write_campaign(path, saved)
    return saved, told[place - 1]


def outside_limits(settings: Sequence[Setting], trial: Trial) -> tuple[Setting, ...]:
    """The settings that a trial was made with outside their limits: a slip of the finger, or meant so."""
    given = [(one, trial.settings[one.name]) for one in settings if one.numeric]
    return tuple(
        one
        for one, value in given
        if one.low is not None and one.high is not None and not one.low <= float(value) <= one.high
    )


def campaign_status(path: Path) -> CampaignStatus:
    """The best setting so far with its gain, whether to go on, and which trials stayed in specification."""
    saved = read_campaign(path)
    campaign = saved.campaign
    priced = campaign.gain_value > 0 or campaign.trial_cost > 0
    with threadpool_limits(limits=1):
        return CampaignStatus(
            saved=saved,
            best=campaign.best(),
            advice=campaign.stop_advice() if priced else None,
            in_spec=campaign.kept(),
        )


def _trial(row: TrialRow, settings: Sequence[Setting], open_trial: OpenTrial | None) -> Trial:
    chosen = dict(row.settings) if open_trial is None else {**open_trial.settings, **row.settings}
    # What was really set differs from what was suggested: then nothing had been stated about it.
    as_suggested = open_trial is not None and all(
        _same(chosen[one.name], open_trial.settings[one.name]) for one in settings
    )
    stated = open_trial.chance if open_trial is not None and as_suggested else None
    return Trial(settings=chosen, outcomes=dict(row.outcomes), failed=row.failed, stated=stated)


def _same(one: Value, other: Value) -> bool:
    if isinstance(one, str) or isinstance(other, str):
        return str(one) == str(other)
    return bool(np.isclose(one, other, rtol=1e-6, atol=1e-12))


def _belongs_to(row: TrialRow, settings: Sequence[Setting], waiting: Sequence[OpenTrial]) -> OpenTrial | None:
    numbers = [one.number for one in waiting]
    listed = ", ".join(str(number) for number in numbers) or "-"
    if row.trial is not None:
        if row.trial not in numbers:
            raise WrongArguments(
                ko=f"시험 {row.trial}은(는) 결과를 기다리는 시험이 아닙니다. 기다리는 시험: {listed}",
                en=f"Trial {row.trial} is not waiting for its result. Waiting are: {listed}",
            )
        return waiting[numbers.index(row.trial)]
    if len(row.settings) == len(settings):
        alike = [one for one in waiting if all(_same(row.settings[s.name], one.settings[s.name]) for s in settings)]
        return alike[0] if alike else None
    if len(waiting) == 1:
        return waiting[0]
    raise WrongArguments(
        ko=f"어느 시험의 결과인지 모릅니다. 번호(--trial 또는 trial 열)나 설정값을 모두 주세요. 기다리는 시험: {listed}",
        en=f"Which trial gave this? Give its number (--trial, or a column trial) or all settings. Waiting are: {listed}",
    )


def _words(
    words: Sequence[str], settings: Sequence[Setting], outcomes: Sequence[str], *, trial: int | None, failed: bool
) -> TrialRow:
    chosen: dict[str, Value] = {}
    measured: dict[str, float | None] = {}
    by_name = {one.name: one for one in settings}
    for word in words:
        name, sign, value = word.rpartition("=")
        if not sign or (name not in by_name and name not in outcomes):
            known = ", ".join((*outcomes, *by_name))
            raise WrongArguments(
                ko=f"'{word}': 항목=값으로 쓰세요. 쓸 수 있는 항목: {known}",
                en=f"{word!r}: expected NAME=VALUE with one of the names: {known}",
            )
        if name in by_name and not by_name[name].numeric:
            chosen[name] = value
            continue
        try:
            number = float(value)
        except ValueError as error:
            raise WrongArguments(
                ko=f"'{word}': 숫자가 필요한데 '{value}'입니다.", en=f"{word!r}: expected a number, found {value!r}."
            ) from error
        if name in by_name:
            chosen[name] = number
        else:
            measured[name] = number if np.isfinite(number) else None
    return TrialRow(row=0, trial=trial, settings=chosen, outcomes=measured, failed=failed)


def settings_words(settings: Sequence[Setting], values: Mapping[str, Value]) -> str:
    """Settings in one line, with their units."""
    return ", ".join(
        f"{one.name} {value_words(values[one.name])}{f' {one.unit}' if one.unit else ''}" for one in settings
    )


def value_words(value: Value) -> str:
    """A value as people write it."""
    return value if isinstance(value, str) else f"{value:.5g}"
