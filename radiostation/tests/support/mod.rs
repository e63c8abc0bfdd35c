//! The real program on ports of the system, peers that attend it, and REST calls.
#![allow(dead_code, clippy::unwrap_used, clippy::missing_panics_doc)]

pub mod peer;
pub mod serving;

use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tempfile::TempDir;

pub const WAIT: Duration = Duration::from_secs(20);

/// A running radiostation; killed when dropped.
pub struct Station {
    child: Child,
    pub folder: TempDir,
    pub grpc_port: u16,
    pub rest_port: u16,
}

/// One channel `one` that names nobody.
pub fn one_channel() -> Value {
    json!({ "one": { "score_package": "score/one" } })
}

impl Station {
    pub fn start(settings: &Value, channels: &Value) -> Station {
        for _ in 0..5 {
            let folder = tempfile::tempdir().unwrap();
            write(&folder.path().join("channels.json"), channels);
            let (grpc_port, rest_port) = free_ports();
            write_settings(folder.path(), settings, grpc_port, rest_port);
            let child = spawn(folder.path());
            let mut station = Station { child, folder, grpc_port, rest_port };
            if station.is_serving() {
                return station;
            }
            let log = station.log();
            assert!(log.contains("cannot listen"), "the radiostation ended:\n{log}");
        }
        panic!("no free ports");
    }

    /// Starts again on the same storage and ports.
    pub fn restart(&mut self) {
        self.child = spawn(self.folder.path());
        assert!(self.is_serving(), "the radiostation ended:\n{}", self.log());
    }

    pub fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// SIGTERM; gives how it ended.
    pub fn terminate(&mut self) -> ExitStatus {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &id]).status().unwrap().success());
        self.ended()
    }

    pub fn ended(&mut self) -> ExitStatus {
        let deadline = Instant::now() + WAIT;
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status;
            }
            assert!(Instant::now() < deadline, "it does not end:\n{}", self.log());
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    pub fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }

    pub fn get(&self, path: &str) -> (u16, Value) {
        let response = agent().get(self.url(path)).call().unwrap();
        read(response)
    }

    /// The body of a call that is to go well.
    pub fn got(&self, path: &str) -> Value {
        let (status, body) = self.get(path);
        assert_eq!(status, 200, "{path}: {body}");
        body
    }

    pub fn post(&self, path: &str, body: &Value) -> (u16, Value) {
        self.post_text(path, "application/json", &body.to_string())
    }

    pub fn post_text(&self, path: &str, content_type: &str, body: &str) -> (u16, Value) {
        let request = agent().post(self.url(path)).content_type(content_type);
        read(request.send(body).unwrap())
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.rest_port)
    }

    fn is_serving(&mut self) -> bool {
        let deadline = Instant::now() + WAIT;
        while Instant::now() < deadline {
            if self.child.try_wait().unwrap().is_some() {
                return false;
            }
            if agent().get(self.url("/api/v1/openapi.json")).call().is_ok() {
                return true;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        panic!("the radiostation does not answer:\n{}", self.log());
    }
}

impl Drop for Station {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub fn agent() -> ureq::Agent {
    let config = ureq::Agent::config_builder();
    config.http_status_as_error(false).timeout_global(Some(WAIT)).build().new_agent()
}

/// The body of any answer, whose headers are as the contract says.
pub fn read(mut response: ureq::http::Response<ureq::Body>) -> (u16, Value) {
    let header = |name: &str| {
        let value = response.headers().get(name);
        value.unwrap_or_else(|| panic!("no {name}")).to_str().unwrap().to_owned()
    };
    assert_eq!(header("content-type"), "application/json");
    assert_eq!(header("access-control-allow-origin"), "*");
    let text = response.body_mut().read_to_string().unwrap();
    let body = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"));
    (response.status().as_u16(), body)
}

/// Two ports that were free a moment ago, the smaller one first.
pub fn free_ports() -> (u16, u16) {
    let listeners = [0, 0].map(|port| TcpListener::bind(("127.0.0.1", port)).unwrap());
    let ports = listeners.map(|listener| listener.local_addr().unwrap().port());
    (ports[0].min(ports[1]), ports[0].max(ports[1]))
}

pub fn write_settings(folder: &Path, settings: &Value, grpc_port: u16, rest_port: u16) {
    let mut all = json!({
        "LISTEN_ADDRESS": "127.0.0.1",
        "PORT_RADIOSTATION": grpc_port,
        "PORT_DIFF_REST_SERVICE_CONTAINER": rest_port - grpc_port,
        "RADIOSTATION_STORAGE_PATH": "storage",
        "CHANNEL_MANAGE_DATA_PATH": "channels.json",
        "LOOPCHAIN_DEFAULT_CHANNEL": "one",
        "DEFAULT_PW": "a password of tests",
    });
    let members = settings.as_object().unwrap().clone();
    all.as_object_mut().unwrap().extend(members);
    write(&folder.join("settings.json"), &all);
}

pub fn write(path: &Path, value: &Value) {
    std::fs::write(path, value.to_string()).unwrap();
}

/// The program with the settings of `folder`; its log is appended to the file `log` there.
pub fn command(folder: &Path) -> Command {
    let log = std::fs::OpenOptions::new().create(true).append(true).open(folder.join("log"));
    let mut command = Command::new(env!("CARGO_BIN_EXE_radiostation"));
    command
        .arg("-o")
        .arg(folder.join("settings.json"))
        .env_clear()
        .env("LOOPCHAIN_USER_CONFIG", "")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(log.unwrap());
    command
}

fn spawn(folder: &Path) -> Child {
    command(folder).spawn().unwrap()
}
