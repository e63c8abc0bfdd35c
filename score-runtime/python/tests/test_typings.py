"""That the stubs name what the modules define; run by `python3 -m unittest` in the folder above."""

import ast
import os
import unittest

_HERE = os.path.dirname(os.path.abspath(__file__))
_SOURCES = os.path.dirname(_HERE)
_STUBS = os.path.join(_SOURCES, "typings")
# What one module makes for another is no author's.
_INTERNAL = {"open_database"}


def _defined(path):
    """Public functions and classes of a file, and of its classes: dotted names."""
    with open(path, encoding="utf-8") as file:
        tree = ast.parse(file.read())
    names = set()

    def walk(body, prefix):
        for node in body:
            if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
                if not node.name.startswith("_") or node.name == "__getattr__":
                    names.add(prefix + node.name)
                    if isinstance(node, ast.ClassDef):
                        walk(node.body, prefix + node.name + ".")
            elif prefix and isinstance(node, (ast.Assign, ast.AnnAssign)):
                targets = node.targets if isinstance(node, ast.Assign) else [node.target]
                names.update(prefix + target.id for target in targets
                             if isinstance(target, ast.Name) and not target.id.startswith("_"))

    walk(tree.body, "")
    return names


def _stubs():
    for folder, _, files in os.walk(_STUBS):
        for name in files:
            yield os.path.relpath(os.path.join(folder, name), _STUBS)


class Stubs(unittest.TestCase):
    def test_every_module_of_packages_has_a_stub_that_names_what_it_defines(self):
        stubs = sorted(_stubs())
        modules = sorted(stub[:-1] for stub in stubs)
        found = ["leveldb.py"]
        for folder, _, files in os.walk(os.path.join(_SOURCES, "loopchain")):
            if os.path.basename(folder) not in ("runner", "__pycache__"):
                found.extend(os.path.relpath(os.path.join(folder, name), _SOURCES)
                             for name in files if name.endswith(".py"))
        self.assertEqual(modules, sorted(found))
        for stub in stubs:
            with self.subTest(stub):
                source = _defined(os.path.join(_SOURCES, stub[:-1]))
                typed = _defined(os.path.join(_STUBS, stub))
                # What a constructor sets is an attribute to an editor.
                attributes = {name for name in typed if "." in name}
                self.assertEqual(source - typed - _INTERNAL, set())
                self.assertEqual(typed - attributes - source, {"BlockReply"} & typed)
