"""The modules that SCORE packages import, served by score-runner from its own binary."""
