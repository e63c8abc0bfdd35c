"""Finds what may make peers differ: clocks, chance, the outside, floats, kept state.

Reads sources with Python's `ast`; nothing of the package is run.
"""

import ast
import os

# Beginnings of dotted names, and what is wrong with their use.
_SUSPECTS = {
    "time.": "the clock answers the block's time while a transaction runs",
    "datetime.datetime.now": "the clock answers the block's time while a transaction runs",
    "datetime.datetime.utcnow": "the clock answers the block's time while a transaction runs",
    "datetime.datetime.today": "the clock answers the block's time while a transaction runs",
    "datetime.date.today": "the clock answers the block's time while a transaction runs",
    "loopchain.utils.get_time_stamp": "the clock answers the block's time",
    "random.": "random numbers come from the transaction's hash",
    "secrets.": "random numbers come from the transaction's hash",
    "os.urandom": "random numbers come from the transaction's hash",
    "os.getrandom": "random numbers come from the transaction's hash",
    "uuid.uuid1": "the identifier comes from the transaction's hash",
    "uuid.uuid4": "the identifier comes from the transaction's hash",
    "socket": "the network is refused",
    "ssl": "the network is refused",
    "http": "the network is refused",
    "urllib.request": "the network is refused",
    "requests": "the network is refused",
    "grpc": "the network is refused",
    "subprocess": "programs are refused",
    "os.system": "programs are refused",
    "os.popen": "programs are refused",
    "os.fork": "processes are refused",
    "os.spawn": "programs are refused",
    "os.exec": "programs are refused",
    "multiprocessing": "processes are refused",
    "threading": "threads are refused",
    "concurrent.futures": "threads and processes are refused",
    "asyncio": "event loops need the network, which is refused",
    "os.environ": "the environment differs between peers",
    "os.getenv": "the environment differs between peers",
    "os.getpid": "it differs between peers",
    "platform.": "it differs between peers",
    "tempfile": "files are refused",
    "open": "files outside the package are refused",
    "id": "addresses differ between peers",
    "float": "floating point; use int or decimal",
}
_BUILTINS = ("open", "id", "float")
_MUTABLE_NODES = (ast.List, ast.Dict, ast.Set, ast.ListComp, ast.DictComp, ast.SetComp)
_MUTABLE_CALLS = {
    "list", "dict", "set", "bytearray", "collections.defaultdict", "collections.OrderedDict",
    "collections.Counter", "collections.deque",
}


def check_package(folder):
    """Findings as lines `file:line: what`, in order."""
    findings = []
    for path in _sources(folder):
        name = os.path.relpath(path, folder)
        try:
            with open(path, "rb") as file:
                source = file.read()
            tree = ast.parse(source, name)
        except (SyntaxError, ValueError, OSError, RecursionError) as error:
            line = getattr(error, "lineno", None) or 1
            findings.append((name, line, f"cannot be parsed: {error}"))
            continue
        try:
            visitor = _Visitor(tree)
        except RecursionError:
            findings.append((name, 1, "cannot be checked: its statements are nested too deeply"))
            continue
        findings.extend((name, line, text) for line, text in sorted(visitor.found))
    return [f"{name}:{line}: {text}" for name, line, text in findings]


def _sources(folder):
    for parent, folders, files in os.walk(folder):
        folders[:] = sorted(f for f in folders if f not in (".git", "__pycache__", "target"))
        for name in sorted(files):
            if name.endswith(".py") and os.path.isfile(os.path.join(parent, name)):
                yield os.path.join(parent, name)


class _Visitor(ast.NodeVisitor):
    def __init__(self, tree):
        self.found = set()
        self._names = {name: name for name in _BUILTINS}
        for node in ast.walk(tree):
            self._learn_import(node)
            self._learn_own_name(node)
        for statement in tree.body:
            self._check_module_state(statement)
            if isinstance(statement, ast.ClassDef):
                self._check_class(statement)
        self.visit(tree)

    def _add(self, node, text):
        self.found.add((node.lineno, text))

    def _learn_import(self, node):
        if isinstance(node, ast.Import):
            for alias in node.names:
                top = alias.name.split(".")[0]
                self._names[alias.asname or top] = alias.name if alias.asname else top
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            for alias in node.names:
                self._names[alias.asname or alias.name] = f"{node.module}.{alias.name}"

    def _learn_own_name(self, node):
        """A package may use the name of a builtin for something else."""
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            name = node.id
        else:
            name = node.arg if isinstance(node, ast.arg) else None
        if name in _BUILTINS and self._names.get(name) == name:
            del self._names[name]

    def _dotted(self, node):
        """The full name that an expression stands for, or None."""
        if isinstance(node, ast.Name):
            return self._names.get(node.id)
        if isinstance(node, ast.Attribute):
            before = self._dotted(node.value)
            return before and f"{before}.{node.attr}"
        return None

    def _check_module_state(self, statement, level="module-level"):
        value = getattr(statement, "value", None)
        if not isinstance(statement, (ast.Assign, ast.AnnAssign)) or value is None:
            return
        targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
        names = ", ".join(ast.unparse(target) for target in targets)
        if names == "__all__":
            return
        called = isinstance(value, ast.Call) and (
            self._dotted(value.func) or getattr(value.func, "id", None))
        if isinstance(value, _MUTABLE_NODES) or called in _MUTABLE_CALLS:
            self._add(statement, f"{level} mutable state '{names}'; keep state in a database")

    def _check_class(self, definition):
        """What methods set on the object or keep in its class outlives the call, and is gone when
        the runner starts anew."""
        for statement in definition.body:
            self._check_module_state(statement, "class-level")
            if isinstance(statement, ast.FunctionDef) and statement.name != "__init__":
                owner = statement.args.args[0].arg if statement.args.args else None
                for node in ast.walk(statement):
                    if (isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store)
                            and isinstance(node.value, ast.Name) and node.value.id == owner):
                        text = f"{owner}.{node.attr} is lost when the runner restarts"
                        self._add(node, text + "; keep state in a database")

    def visit_Name(self, node):
        if isinstance(node.ctx, ast.Load):
            self._check_use(node)

    def visit_Attribute(self, node):
        if not self._check_use(node):
            self.generic_visit(node)

    def _check_use(self, node):
        name = self._dotted(node)
        for suspect, why in _SUSPECTS.items():
            exact = suspect.rstrip(".")
            if name and (name == exact or name.startswith(exact + ".")):
                if suspect.endswith(".") and name == exact:
                    return False
                self._add(node, f"{name}: {why}")
                return True
        return False

    def visit_Constant(self, node):
        if isinstance(node.value, (float, complex)):
            self._add(node, f"{node.value!r}: floating point; use int or decimal")

    def visit_BinOp(self, node):
        if isinstance(node.op, ast.Div):
            self._add(node, "'/' gives floating point; use '//'")
        self.generic_visit(node)

    def visit_Global(self, node):
        self._add(node, f"global {', '.join(node.names)}: state is lost when the runner restarts")
