"""Keep the books: paid checks, video jobs, leases and the pace, in one database that processes share."""

from greenlight.ledger.books import Ledger
from greenlight.ledger.checks import BookedCheck
from greenlight.ledger.jobs import Job, JobState

__all__ = ["BookedCheck", "Job", "JobState", "Ledger"]
