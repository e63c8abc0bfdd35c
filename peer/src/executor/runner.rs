//! The runner's process, and the socket to it.

use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::process::ExitStatusExt;
use std::process::{ExitStatus, Stdio};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};
use tokio::process::{Child, Command};
use tokio::sync::mpsc;
use wire::runner::{Order, Report, TRUSTED_BYTES, decode_frame, encode_frame, frame_length};

use super::ScoreRunner;

/// How a runner's life ended before it was told to end.
#[derive(Debug)]
pub struct Ended {
    pub reason: String,
    /// It ended itself in a way that it has no code for: the contract may have done it.
    pub crashed: bool,
}

impl From<String> for Ended {
    fn from(reason: String) -> Ended {
        Ended { reason, crashed: false }
    }
}

/// Exit codes that `score-runner` gives itself when it ends before it is told to.
const KNOWN_EXIT_CODES: std::ops::RangeInclusive<i32> = 1..=5;
/// Signals that others send to end a process; it may be tried again as it was.
const OUTSIDE_SIGNALS: [i32; 4] = [libc::SIGHUP, libc::SIGINT, libc::SIGKILL, libc::SIGTERM];

/// Reports read ahead of being handled.
const REPORTS_MAX: usize = 16;

/// A running runner; dropping it kills the process.
pub struct Process {
    child: Child,
    writer: OwnedWriteHalf,
    reports: mpsc::Receiver<io::Result<Report>>,
}

impl Process {
    /// Starts the program with one end of a socket pair as its standard input.
    pub fn start(settings: &ScoreRunner) -> io::Result<Process> {
        let (here, there) = std::os::unix::net::UnixStream::pair()?;
        here.set_nonblocking(true)?;
        let mut command = Command::new(&settings.program);
        command
            .arg("serve")
            .stdin(Stdio::from(OwnedFd::from(there)))
            .stdout(Stdio::null())
            .kill_on_drop(true);
        for name in configs::names_of_secrets() {
            command.env_remove(name);
        }
        let child = command.spawn()?;
        let (reader, writer) = tokio::net::UnixStream::from_std(here)?.into_split();
        let (sender, reports) = mpsc::channel(REPORTS_MAX);
        // A task of its own: reading a frame must not be broken off half-way.
        tokio::spawn(read(reader, sender));
        Ok(Process { child, writer, reports })
    }

    /// Sends an order.
    pub async fn send(&mut self, order: &Order) -> io::Result<()> {
        self.writer.write_all(&encode_frame(order)?).await
    }

    /// The next report; an error when the runner has ended. May be broken off.
    pub async fn report(&mut self) -> Result<Report, Ended> {
        match self.reports.recv().await {
            Some(Ok(report)) => Ok(report),
            Some(Err(error)) => {
                let Ended { reason, crashed } = self.ending().await;
                Err(Ended { reason: format!("{error} ({reason})"), crashed })
            }
            None => Err(self.ending().await),
        }
    }

    /// Ends it cleanly: it is told, and killed if it takes long.
    pub async fn stop(mut self) {
        let _ = self.send(&Order::Stop).await;
        let ended = tokio::time::timeout(std::time::Duration::from_secs(5), self.child.wait());
        if ended.await.is_err() {
            let _ = self.child.kill().await;
        }
    }

    // How the process ended.
    pub async fn ending(&mut self) -> Ended {
        let soon = std::time::Duration::from_secs(2);
        match tokio::time::timeout(soon, self.child.wait()).await {
            Ok(Ok(status)) => {
                let reason = format!("the runner ended with {status}");
                Ended { reason, crashed: is_crash(status) }
            }
            Ok(Err(error)) => format!("the runner is lost: {error}").into(),
            Err(_) => Ended { reason: "the runner closed its socket".into(), crashed: true },
        }
    }
}

fn is_crash(status: ExitStatus) -> bool {
    match status.code() {
        Some(code) => !KNOWN_EXIT_CODES.contains(&code),
        None => status.signal().is_none_or(|signal| !OUTSIDE_SIGNALS.contains(&signal)),
    }
}

async fn read(mut reader: OwnedReadHalf, reports: mpsc::Sender<io::Result<Report>>) {
    loop {
        let report = read_report(&mut reader).await;
        let ended = match &report {
            Ok(_) => false,
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return,
            Err(_) => true,
        };
        if reports.send(report).await.is_err() || ended {
            return;
        }
    }
}

async fn read_report(reader: &mut OwnedReadHalf) -> io::Result<Report> {
    let mut length = [0; 4];
    reader.read_exact(&mut length).await?;
    let length = frame_length(length)?;
    let mut bytes = Vec::with_capacity(length.min(TRUSTED_BYTES));
    reader.take(length as u64).read_to_end(&mut bytes).await?;
    if bytes.len() < length {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    decode_frame(&bytes)
}
