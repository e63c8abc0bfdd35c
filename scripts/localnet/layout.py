"""What the local network consists of: its processes, their files, ports and channels."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path

from settings import Problem, read_json

PEERS_DEFAULT = 4
# Peer 19's gRPC port would be peer 1's REST port.
PEERS_MAX = 18
PORT_STEP = 100
REST_OFFSET_DEFAULT = 1900
NETWORK_OFFSET_DEFAULT = 50


@dataclass(frozen=True)
class Node:
    """One process of the network. Ports by what they serve, in the order they are told."""

    name: str
    program: Path
    config: Path
    storage: Path
    host: str
    ports: dict
    log: Path
    pid_file: Path

    @property
    def rest_url(self) -> str:
        return f"http://{self.host}:{self.ports['REST']}/api/v1"

    @property
    def is_peer(self) -> bool:
        return self.name != "radiostation"


class Layout:
    """The files of one checkout: configuration in `configs/`, all else in `.localnet/`."""

    def __init__(self, root: Path):
        self.root = root
        self.configs = root / "configs" / "localnet"
        self.state = root / ".localnet"
        self.logs = self.state / "logs"

    def remembered_peers(self):
        """How many peers the ledgers were made with; None before the first start."""
        try:
            return int((self.state / "peers").read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return None

    def remember_peers(self, count: int) -> None:
        (self.state / "peers").write_text(f"{count}\n", encoding="utf-8")

    def peer_count(self, asked) -> int:
        """`asked` peers, or as many as last time. Refuses a number that could not agree."""
        known = self.remembered_peers()
        if asked is None:
            return known or PEERS_DEFAULT
        if known and asked < known and 3 * asked <= 2 * known:
            raise Problem(
                f"The ledgers were made by {known} peers; {asked} of them are not more than two "
                f"thirds and could not agree on a block.\n"
                f"Start with --peers {known * 2 // 3 + 1} or more, or forget the ledgers first: "
                "./localnet reset"
            )
        return asked

    def make_folders(self) -> None:
        for folder in (self.logs, self.state / "pids", self.state / "configs"):
            folder.mkdir(parents=True, exist_ok=True)

    def nodes(self, peers: int) -> list:
        """The radiostation, then the peers in order."""
        nodes = [self.node("radiostation", self.configs / "radiostation.json")]
        for number in range(1, peers + 1):
            nodes.append(self.node(f"peer{number}", self.peer_config(number)))
        return nodes

    def known_nodes(self) -> list:
        """Every node that may be running: those of last time, and any with a pid file."""
        numbers = [self.remembered_peers() or 0]
        for path in (self.state / "pids").glob("peer*.pid"):
            found = re.fullmatch(r"peer(\d+)", path.stem)
            if found:
                numbers.append(int(found.group(1)))
        return self.nodes(max(numbers) or PEERS_DEFAULT)

    def node(self, name: str, config: Path) -> Node:
        settings = read_json(config)
        program = "peer" if name != "radiostation" else "radiostation"
        grpc = int(settings.get(f"PORT_{program.upper()}", 7100 if program == "peer" else 7102))
        rest = grpc + int(settings.get("PORT_DIFF_REST_SERVICE_CONTAINER", REST_OFFSET_DEFAULT))
        ports = {"gRPC": grpc, "REST": rest}
        if program == "peer":
            ports["network"] = network_port(settings, grpc)
        host = settings.get("LOOPCHAIN_HOST") or settings.get("IP_LOCAL") or "127.0.0.1"
        key = "DEFAULT_STORAGE_PATH" if program == "peer" else "RADIOSTATION_STORAGE_PATH"
        storage = config.parent / settings.get(key, ".storage")
        return Node(
            name=name,
            program=self.root / "bin" / program,
            config=config,
            storage=storage.resolve(),
            host=host,
            ports=ports,
            log=self.logs / f"{name}.log",
            pid_file=self.state / "pids" / f"{name}.pid",
        )

    def peer_config(self, number: int) -> Path:
        """The peer's file in `configs/localnet/`, or one made after the last of them."""
        shipped = self.configs / f"peer{number}.json"
        if shipped.exists():
            return shipped
        stems = [path.stem[len("peer") :] for path in self.configs.glob("peer*.json")]
        numbers = [int(stem) for stem in stems if stem.isdigit()]
        if not numbers:
            raise Problem(f"{self.configs} holds no peer1.json; expected one file for each peer.")
        template = max(numbers)
        settings = read_json(self.configs / f"peer{template}.json")
        made = self.state / "configs" / f"peer{number}.json"
        derived = derive_settings(settings, self.configs, template, number)
        text = json.dumps(derived, indent=2) + "\n"
        if not made.exists() or made.read_text(encoding="utf-8") != text:
            made.parent.mkdir(parents=True, exist_ok=True)
            made.write_text(text, encoding="utf-8")
        return made

    def channels(self) -> dict:
        """SCORE package of each channel, as the radiostation's channel file defines them."""
        config = self.configs / "radiostation.json"
        path = read_json(config).get("CHANNEL_MANAGE_DATA_PATH")
        file = config.parent / path if path else self.root / "channel_manage_data.json"
        channels = read_json(file.resolve())
        return {name: channel.get("score_package", "") for name, channel in channels.items()}


def network_port(settings: dict, grpc: int) -> int:
    own = int(settings.get("PORT_P2P", 0))
    return own or grpc + int(settings.get("PORT_DIFF_P2P_SERVICE", NETWORK_OFFSET_DEFAULT))


def derive_settings(settings: dict, folder: Path, template: int, number: int) -> dict:
    """A peer's settings for another number: ports moved, storage renamed, paths made absolute."""
    port = int(settings.get("PORT_PEER", 7000 + PORT_STEP * template))
    ports = range(port, port + PORT_STEP)

    def derive(name: str, value):
        if isinstance(value, dict):
            return {inner: derive(inner, item) for inner, item in value.items()}
        if isinstance(value, int) and name.startswith("PORT_") and value in ports:
            return value + PORT_STEP * (number - template)
        if isinstance(value, str):
            value = re.sub(rf"\bpeer{template}\b", f"peer{number}", value)
            if value and name.lower().endswith("_path"):
                return str((folder / value).resolve())
        return value

    derived = {name: derive(name, value) for name, value in settings.items()}
    derived["PORT_PEER"] = port + PORT_STEP * (number - template)
    return derived
