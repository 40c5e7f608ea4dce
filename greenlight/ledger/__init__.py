"""Keep the books: paid checks, video jobs, leases and the pace, in one database that processes share."""

from greenlight.ledger.books import Ledger
from greenlight.ledger.budgets import Budget
from greenlight.ledger.checks import BookedCheck, NewCheck
from greenlight.ledger.costs import Cost
from greenlight.ledger.jobs import Job, JobState, NewJob
from greenlight.ledger.leases import Claim, ClaimLost
from greenlight.ledger.payments import Terms

__all__ = [
    "BookedCheck",
    "Budget",
    "Claim",
    "ClaimLost",
    "Cost",
    "Job",
    "JobState",
    "Ledger",
    "NewCheck",
    "NewJob",
    "Terms",
]
