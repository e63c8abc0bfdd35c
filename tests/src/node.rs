//! A radiostation or a peer of a network: its place, its settings, its process.

use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};
use std::time::Duration;

use serde_json::{Map, Value, json};

use crate::grpc::Grpc;
use crate::ports::PortSet;
use crate::process::{self, Process};
use crate::rest::Rest;
use crate::wait::wait_for;

const LOOPBACK: &str = "127.0.0.1";
const STOP_LIMIT: Duration = Duration::from_secs(10);

pub struct Node {
    /// "radiostation", "peer1", …
    pub name: String,
    pub program: &'static str,
    /// Address that it listens on.
    pub host: String,
    pub grpc_port: u16,
    /// Of a peer, where it listens for peers.
    pub p2p_port: u16,
    pub rest_port: u16,
    pub rest: Rest,
    /// Folder of everything it has: settings, storage, log.
    pub folder: PathBuf,
    /// Its settings; a change takes effect when it starts.
    pub settings: Map<String, Value>,
    /// Variables of its environment, beside those that every process has.
    pub environment: Vec<(String, String)>,
    ports: PortSet,
    /// The process in whose network namespace it is started.
    namespace: Option<u32>,
    process: Option<Process>,
}

/// A SCORE runner of a peer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Runner {
    pub process: u32,
    /// None while it has not opened its store.
    pub channel: Option<String>,
}

impl Node {
    /// A program that has not been started, with ports of its own.
    pub fn new(name: &str, program: &'static str, network_folder: &Path) -> Node {
        let folder = network_folder.join(name);
        std::fs::create_dir_all(&folder).expect("a temporary folder can be written");
        // The REST port is the gRPC port plus a difference that is at least 1.
        let ports = PortSet::take(3);
        let (grpc_port, p2p_port, rest_port) =
            (ports.numbers[0], ports.numbers[1], ports.numbers[2]);
        let settings = json!({
            "LISTEN_ADDRESS": LOOPBACK,
            "LOOPCHAIN_HOST": LOOPBACK,
            "PORT_DIFF_REST_SERVICE_CONTAINER": rest_port - grpc_port,
            "CONNECTION_RETRY_INTERVAL": 0.3,
            "DEFAULT_PW": "a password of tests",
        });
        let Value::Object(settings) = settings else { unreachable!("it is an object") };
        Node {
            name: name.to_owned(),
            program,
            host: LOOPBACK.to_owned(),
            grpc_port,
            p2p_port,
            rest_port,
            rest: Rest::new(&format!("{LOOPBACK}:{rest_port}")),
            folder,
            settings,
            environment: Vec::new(),
            ports,
            namespace: None,
            process: None,
        }
    }

    /// Gives it another address, in the network namespace of the process `namespace`, if one is
    /// named.
    pub fn place(&mut self, host: &str, namespace: Option<u32>) {
        self.namespace = namespace;
        host.clone_into(&mut self.host);
        self.rest = Rest::new(&format!("{host}:{}", self.rest_port));
        self.set("LISTEN_ADDRESS", host);
        self.set("LOOPCHAIN_HOST", host);
    }

    pub fn set(&mut self, name: &str, value: impl Into<Value>) {
        self.settings.insert(name.to_owned(), value.into());
    }

    /// Starts it; does not wait for anything.
    pub fn start(&mut self) {
        assert!(!self.is_running(), "{} runs already", self.name);
        let file = self.write_settings();
        self.ports.release();
        let arguments = ["-o", &file];
        let mut command = process::command(self.program, &arguments, &self.folder, self.namespace);
        command.envs(self.environment.iter().cloned());
        let process = Process::start(&self.name, command, &self.log_path());
        self.process = Some(process);
    }

    /// Writes its settings; the file's path.
    pub fn write_settings(&self) -> String {
        let path = self.folder.join("settings.json");
        let text = Value::Object(self.settings.clone()).to_string();
        std::fs::write(&path, text).expect("a temporary folder can be written");
        path.display().to_string()
    }

    /// Its ports, for a test that starts the program in its own way.
    pub fn ports(&mut self) -> &mut PortSet {
        &mut self.ports
    }

    pub fn is_running(&mut self) -> bool {
        self.process.as_mut().is_some_and(|process| process.ended().is_none())
    }

    /// Whether it was started and neither killed nor stopped by the test.
    pub fn should_run(&self) -> bool {
        self.process.is_some()
    }

    /// SIGKILL.
    pub fn kill(&mut self) {
        let mut process = self.process.take().unwrap_or_else(|| panic!("{} is off", self.name));
        process.kill();
    }

    /// SIGTERM; how it ended and how long it took.
    ///
    /// # Panics
    /// When it takes more than 10 s.
    pub fn stop(&mut self) -> (ExitStatus, Duration) {
        let mut process = self.process.take().unwrap_or_else(|| panic!("{} is off", self.name));
        process.terminate(STOP_LIMIT)
    }

    /// How it ended, when it was to end by itself.
    ///
    /// # Panics
    /// When it has not ended after `limit`.
    pub fn wait_for_end(&mut self, limit: Duration) -> ExitStatus {
        let mut process = self.process.take().unwrap_or_else(|| panic!("{} is off", self.name));
        let what = format!("{} to end by itself", self.name);
        wait_for(&what, limit, || process.ended().ok_or("it runs on".to_owned()))
    }

    /// Id of its process.
    pub fn process_id(&self) -> u32 {
        self.process.as_ref().unwrap_or_else(|| panic!("{} is off", self.name)).id()
    }

    /// host:port of its gRPC service.
    pub fn target(&self) -> String {
        format!("{}:{}", self.host, self.grpc_port)
    }

    pub fn grpc(&self) -> Grpc {
        Grpc::new(&self.target())
    }

    /// Folder of a peer's key, ledgers and SCOREs.
    pub fn storage(&self) -> PathBuf {
        self.folder.join("storage")
    }

    /// Makes `copy` what the storage is now. The peer is off.
    pub fn copy_storage_to(&self, copy: &Path) {
        copy_folder(&self.storage(), copy);
    }

    /// Makes the storage what `copy` is. The peer is off.
    pub fn copy_storage_from(&self, copy: &Path) {
        copy_folder(copy, &self.storage());
    }

    pub fn log_path(&self) -> PathBuf {
        self.folder.join("log")
    }

    /// Everything it has logged in all its lives.
    pub fn log(&self) -> String {
        let bytes = std::fs::read(self.log_path()).unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// Its SCORE runners.
    pub fn runners(&self) -> Vec<Runner> {
        let children = process::children(self.process_id());
        let runners = children.into_iter().filter(|(_, name)| name == "score-runner");
        runners.map(|(id, _)| Runner { process: id, channel: self.channel_of(id) }).collect()
    }

    /// Process of the runner of a channel, if it runs.
    pub fn runner(&self, channel: &str) -> Option<u32> {
        let runners = self.runners();
        let found = runners.iter().find(|runner| runner.channel.as_deref() == Some(channel));
        found.map(|runner| runner.process)
    }

    // Its store lies in a folder named for the channel.
    fn channel_of(&self, runner: u32) -> Option<String> {
        let stores = self.storage().join("score");
        process::open_files(runner).iter().find_map(|file| {
            let below = file.strip_prefix(&stores).ok()?;
            Some(below.components().next()?.as_os_str().to_str()?.to_owned())
        })
    }
}

fn copy_folder(from: &Path, to: &Path) {
    // What was there must not shine through.
    let _ = std::fs::remove_dir_all(to);
    let done = Command::new("cp").arg("-a").args([from, to]).status();
    assert!(done.is_ok_and(|status| status.success()), "{} is not copied", from.display());
}
