"""The portal's settings with one more kind of job, for the tests that kill workers."""

from jasang.web.settings import *  # noqa: F403
from jasang.web.settings import CHORES, JOB_KINDS

JOB_KINDS = JOB_KINDS | {"slow": "slow_job.slow_job"}
JOB_HEARTBEAT_SECONDS = 0.5
JOB_LOST_AFTER_SECONDS = 120  # a worker that a busy machine holds up is not lost
WEBHOOK_PRIVATE = True
DELIVERY_LOST_AFTER_SECONDS = 2
CHORES = dict.fromkeys(CHORES, 0.5)
