//! One running program: started in a clean environment, watched, ended, never left behind.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use crate::wait::wait_for;

/// A program of this workspace, beside the folder of the running test.
///
/// # Panics
/// When it is not built.
pub fn program(name: &str) -> PathBuf {
    let test = std::env::current_exe().expect("a running program has a path");
    let folder = test.parent().and_then(Path::parent).expect("tests lie in release/deps");
    let path = folder.join(name);
    assert!(
        path.is_file(),
        "{} is not built; cargo build --release --workspace --all-targets makes it",
        path.display()
    );
    path
}

/// A command that sees none of the caller's settings, in the network namespace of the process
/// `namespace`, if one is named.
pub fn command(name: &str, arguments: &[&str], folder: &Path, namespace: Option<u32>) -> Command {
    let program = program(name);
    let mut command = match namespace {
        None => Command::new(program),
        Some(process) => {
            // It becomes the program, under the same id.
            let mut command = Command::new("nsenter");
            command.args(["--target", &process.to_string(), "--net", "--"]).arg(program);
            command
        }
    };
    command.args(arguments).current_dir(folder).stdin(Stdio::null()).env_clear();
    for kept in ["PATH", "HOME", "TMPDIR", "LD_LIBRARY_PATH"] {
        if let Some(value) = std::env::var_os(kept) {
            command.env(kept, value);
        }
    }
    command.env("LOOPCHAIN_USER_CONFIG", "").env("RUST_BACKTRACE", "1");
    command
}

/// A program that writes to a log; dropping it kills it.
pub struct Process {
    name: String,
    child: Child,
}

impl Process {
    /// Starts it, its output appended to `log`.
    pub fn start(name: &str, mut command: Command, log: &Path) -> Process {
        let mut file = append(log);
        writeln!(file, "--- {name} starts").expect("the log can be written");
        let errors = file.try_clone().expect("a file handle can be shared");
        let child = command.stdout(file).stderr(errors).spawn().expect("a built program starts");
        Process { name: name.to_owned(), child }
    }

    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// How it ended, if it has.
    pub fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().expect("a child can be waited for")
    }

    /// SIGKILL.
    pub fn kill(&mut self) {
        // One that has ended already is as good as killed.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// SIGTERM; how it ended and how long that took.
    ///
    /// # Panics
    /// When it has not ended after `limit`.
    pub fn terminate(&mut self, limit: Duration) -> (ExitStatus, Duration) {
        let began = Instant::now();
        signal("TERM", self.id());
        let what = format!("{} to end after SIGTERM", self.name);
        let status = wait_for(&what, limit, || self.ended().ok_or("it runs on".to_owned()));
        (status, began.elapsed())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Runs a program that is to end by itself; its exit code and all it wrote.
///
/// # Panics
/// When it has not ended after `limit`.
pub fn run_to_end(
    name: &str,
    arguments: &[&str],
    folder: &Path,
    limit: Duration,
) -> (Option<i32>, String) {
    let log = folder.join(format!("{name}-output"));
    // What an earlier run wrote is not this one's.
    let _ = std::fs::remove_file(&log);
    let mut process = Process::start(name, command(name, arguments, folder, None), &log);
    let what = format!("{name} {} to end", arguments.join(" "));
    let status = wait_for(&what, limit, || {
        process.ended().ok_or_else(|| std::fs::read_to_string(&log).unwrap_or_default())
    });
    let text = std::fs::read(&log).expect("its output was written");
    (status.code(), String::from_utf8_lossy(&text).into_owned())
}

fn append(path: &Path) -> File {
    OpenOptions::new().create(true).append(true).open(path).expect("the log can be opened")
}

/// Sends a signal by its name, such as KILL, to a process of ours.
pub fn signal(name: &str, id: u32) {
    let sent = Command::new("kill").args(["-s", name, &id.to_string()]).output();
    assert!(sent.expect("kill can be started").status.success(), "no process {id} to send {name}");
}

/// Processes whose parent is `parent`, as (id, program's name).
pub fn children(parent: u32) -> Vec<(u32, String)> {
    let entries = std::fs::read_dir("/proc").expect("/proc can be read");
    let ids = entries.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
    ids.filter_map(|id: u32| {
        let (name, its_parent) = name_and_parent(id)?;
        (its_parent == parent).then_some((id, name))
    })
    .collect()
}

/// Whether a process of that name runs under this id.
pub fn runs(id: u32, name: &str) -> bool {
    name_and_parent(id).is_some_and(|(found, _)| found == name)
}

// None once it has ended, also while nobody has asked how.
fn name_and_parent(id: u32) -> Option<(String, u32)> {
    let text = std::fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
    let (head, tail) = text.rsplit_once(')')?;
    let mut fields = tail.split_whitespace();
    let state = fields.next()?;
    let parent = fields.next()?.parse().ok()?;
    let name = head.split_once('(')?.1.to_owned();
    (state != "Z").then_some((name, parent))
}

/// Files that a process has open.
pub fn open_files(id: u32) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(format!("/proc/{id}/fd")) else { return Vec::new() };
    entries.filter_map(|entry| std::fs::read_link(entry.ok()?.path()).ok()).collect()
}
