//! The runner's process, and the socket to it.

use std::io;
use std::os::fd::OwnedFd;
use std::process::Stdio;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};
use tokio::process::{Child, Command};
use tokio::sync::mpsc;
use wire::runner::{Order, Report, TRUSTED_BYTES, decode_frame, encode_frame, frame_length};

use super::ScoreRunner;

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
        let child = Command::new(&settings.program)
            .arg("serve")
            .stdin(Stdio::from(OwnedFd::from(there)))
            .stdout(Stdio::null())
            .kill_on_drop(true)
            .spawn()?;
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
    pub async fn report(&mut self) -> Result<Report, String> {
        match self.reports.recv().await {
            Some(Ok(report)) => Ok(report),
            Some(Err(error)) => Err(format!("{} ({})", error, self.ending().await)),
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
    async fn ending(&mut self) -> String {
        let soon = std::time::Duration::from_secs(2);
        match tokio::time::timeout(soon, self.child.wait()).await {
            Ok(Ok(status)) => format!("the runner ended with {status}"),
            Ok(Err(error)) => format!("the runner is lost: {error}"),
            Err(_) => "the runner closed its socket".to_string(),
        }
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
