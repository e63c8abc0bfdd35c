"""Settings of the peer, as attributes. Read only: setting one changes nothing outside.

They are this peer's own, so nothing that a transaction writes may depend on them.
"""


def __getattr__(name):
    raise AttributeError(
        f"the peer has no setting named '{name}' (or does not show it to a SCORE); "
        "docs/configuration.md lists them")
