"""What the campaign commands print with `--json` (docs/campaigns.md)."""

from dataclasses import asdict
from typing import Any

import numpy as np

from jasang.mentor.campaign import CampaignStatus
from jasang.mentor.campaign_file import SavedCampaign


def trials_json(saved: SavedCampaign) -> dict[str, Any]:
    """`jasang.campaign-trials/1`: the trials that wait for their results, and how many were told."""
    return {
        "format": "jasang.campaign-trials/1",
        "name": saved.name,
        "records": len(saved.campaign.history),
        "told": len(saved.campaign.trials),
        "trials": [one.record() for one in saved.open_trials],
    }


def status_json(status: CampaignStatus) -> dict[str, Any]:
    """`jasang.campaign-status/1`: the best setting, its gain, the advice to stop, and the course."""
    campaign = status.saved.campaign
    trials = campaign.trials
    return {
        "format": "jasang.campaign-status/1",
        "name": status.saved.name,
        "goals": [asdict(goal) for goal in campaign.goals],
        "records": len(campaign.history),
        "told": len(trials),
        "in_spec": int(np.sum(status.in_spec)),
        "best": {**asdict(status.best), "tells": status.best.tells},
        "advice": None if status.advice is None else asdict(status.advice),
        "course": [
            {
                "settings": dict(trial.settings),
                "outcomes": dict(trial.outcomes),
                "failed": trial.failed,
                "in_spec": kept,
                "stated": trial.stated,
            }
            for trial, kept in zip(trials, status.in_spec, strict=True)
        ],
        "open": [one.record() for one in status.saved.open_trials],
    }
