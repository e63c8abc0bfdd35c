"""Databases and logging for SCOREs."""

from .score_helper import LogLevel, ScoreDatabaseType, ScoreHelper

__all__ = ["LogLevel", "ScoreDatabaseType", "ScoreHelper"]
