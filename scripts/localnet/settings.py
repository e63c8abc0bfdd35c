"""Reads the JSON files of this project, which may carry comments and trailing commas."""

from __future__ import annotations

import json
from pathlib import Path


class Problem(Exception):
    """Something the user has to know, in a sentence or a few lines; ends the command with 1."""


def read_json(path: Path):
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise Problem(f"{path} cannot be read: {error.strerror}.") from error
    try:
        return json.loads(plain_json(text))
    except json.JSONDecodeError as error:
        raise Problem(f"{path}, line {error.lineno}: {error.msg}; expected JSON.") from error


def plain_json(text: str) -> str:
    """Blanks `//` and `/* */` comments and trailing commas; positions stay what they were."""
    kept = list(text)
    comma = None
    position = 0
    while position < len(text):
        end = token_end(text, position)
        token = text[position:end]
        if token.startswith(("//", "/*")):
            for index in range(position, end):
                if text[index] != "\n":
                    kept[index] = " "
        elif token in ("}", "]") and comma is not None:
            kept[comma] = " "
            comma = None
        elif token == ",":
            comma = position
        elif not token.isspace():
            comma = None
        position = end
    return "".join(kept)


def token_end(text: str, start: int) -> int:
    """Where the string, the comment or the single character at `start` ends."""
    if text.startswith("//", start):
        end = text.find("\n", start)
        return len(text) if end < 0 else end
    if text.startswith("/*", start):
        end = text.find("*/", start + 2)
        return len(text) if end < 0 else end + 2
    if text[start] != '"':
        return start + 1
    end = start + 1
    while end < len(text) and text[end] != '"':
        end += 2 if text[end] == "\\" else 1
    return min(end + 1, len(text))
