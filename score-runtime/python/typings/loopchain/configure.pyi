from typing import Any

def __getattr__(name: str) -> Any:
    """A setting of this peer, by its name. Nothing that a transaction writes may depend on it."""
