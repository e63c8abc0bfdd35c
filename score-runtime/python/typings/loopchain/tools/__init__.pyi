from .score_helper import (
    LogLevel as LogLevel,
    ScoreDatabaseType as ScoreDatabaseType,
    ScoreHelper as ScoreHelper,
)
