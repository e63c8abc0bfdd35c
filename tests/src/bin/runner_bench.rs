//! What the SCORE runner costs by itself, without a peer: `runner_bench` executes blocks of 1, 100
//! and 10,000 transactions of an empty contract, one that writes once, and the documents contract,
//! in Python and natively, and prints for each transaction the bytes over the socket, the system
//! calls, and the time. `tests/README.md` has figures.

use std::io::Write;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

use clap::Parser;
use wire::runner::{Block, Load, Order, Report, Transaction, encode_frame, read_frame};

/// What the SCORE runner costs by itself.
#[derive(Parser)]
struct Arguments {
    /// Transactions of each measurement, about; more take longer and are steadier.
    #[arg(long, default_value_t = 20_000)]
    transactions: usize,
    /// The built `score-runner`.
    #[arg(long)]
    runner: Option<PathBuf>,
    /// The folder of packages; the native ones must be built.
    #[arg(long)]
    packages: Option<PathBuf>,
}

/// Name, package in Python, package in Rust, and what transactions say.
type Subject = (&'static str, [&'static str; 2], fn(usize) -> String);

const SUBJECTS: [Subject; 3] = [
    ("empty", ["sample/plain", "sample/plain_native"], |_| String::new()),
    ("one write", ["sample/plain", "sample/plain_native"], |number| {
        format!("{{\"number\":{number},\"text\":\"{}\"}}", "x".repeat(160))
    }),
    ("documents", ["sample/documents", "sample/documents_native"], |number| {
        format!(
            "{{\"jsonrpc\":\"2.0\",\"id\":{number},\"method\":\"propose\",\"params\":{{\"document\":\
             \"d{number}\",\"user\":\"ann\",\"parties\":[\"ann\",\"bob\"],\"quorum\":2,\
             \"content_hash\":\"{number:064x}\"}}}}"
        )
    }),
];
const SIZES: [usize; 3] = [1, 100, 10_000];
const LANGUAGES: [&str; 2] = ["Python", "native"];
/// A single transaction a block takes a write of its own: fewer of them are enough.
const BLOCKS_MAX: usize = 2_000;

struct Figures {
    bytes: f64,
    calls: Option<f64>,
    time: Duration,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let here = std::env::current_exe().ok().and_then(|path| Some(path.parent()?.to_owned()));
    let runner = arguments.runner.clone().or(here.map(|folder| folder.join("score-runner")));
    let runner = runner.unwrap_or_else(|| "score-runner".into());
    let packages = arguments.packages.clone().unwrap_or_else(|| root.join("score"));
    let mut output = std::io::stdout().lock();
    let mut say = |line: &str| writeln!(output, "{line}").is_ok();
    say("| contract | language | block | bytes | system calls | µs | per second |");
    say("|---|---|---|---|---|---|---|");
    for (name, by_language, data) in SUBJECTS {
        for (language, package) in LANGUAGES.iter().zip(by_language) {
            for size in SIZES {
                let count = (arguments.transactions / size).clamp(2, BLOCKS_MAX);
                let measured = measure(&runner, &packages, package, size, count, data);
                let Figures { bytes, calls, time } = match measured {
                    Ok(figures) => figures,
                    Err(why) => {
                        eprintln!("{name}, {language}: {why}");
                        return ExitCode::FAILURE;
                    }
                };
                let us = time.as_secs_f64() * 1e6;
                let calls = calls.map_or("-".to_owned(), |calls| format!("{calls:.2}"));
                say(&format!(
                    "| {name} | {language} | {size} | {bytes:.0} | {calls} | {us:.2} | {:.0} |",
                    1e6 / us
                ));
            }
        }
    }
    ExitCode::SUCCESS
}

fn measure(
    runner: &Path,
    packages: &Path,
    package: &str,
    size: usize,
    count: usize,
    data: fn(usize) -> String,
) -> Result<Figures, String> {
    let (bytes, time) =
        Conversation::start(runner, packages, package, false)?.run(size, count, data)?;
    let transactions = (size * count) as f64;
    let time = time.div_f64(transactions);
    // What one block more takes, as starting takes many calls by itself.
    let few = (1, 1 + (200 / size).clamp(1, 100));
    let counted = |count| -> Option<f64> {
        Conversation::start(runner, packages, package, true).ok()?.count_calls(size, count, data)
    };
    let calls = counted(few.0).zip(counted(few.1));
    let calls = calls.map(|(one, more)| (more - one) / ((few.1 - few.0) * size) as f64);
    Ok(Figures { bytes: bytes as f64 / transactions, calls, time })
}

/// A running runner.
struct Conversation {
    child: Child,
    stream: UnixStream,
    folder: tempfile::TempDir,
}

impl Conversation {
    fn start(runner: &Path, packages: &Path, package: &str, traced: bool) -> Result<Self, String> {
        let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
        let (here, there) = UnixStream::pair().map_err(|error| error.to_string())?;
        let mut command = match traced {
            false => Command::new(runner),
            true => {
                let mut command = Command::new("strace");
                command.args(["-f", "-c", "-U", "calls", "-o"]).arg(folder.path().join("calls"));
                command.arg(runner);
                command
            }
        };
        command.arg("serve").stdin(Stdio::from(OwnedFd::from(there))).stdout(Stdio::null());
        command.env("RUST_LOG", "error");
        let child = command.spawn().map_err(|error| format!("{}: {error}", runner.display()))?;
        let text = |path: &Path| path.display().to_string();
        let packages = std::fs::canonicalize(packages).map_err(|error| error.to_string())?;
        let load = Load {
            channel: "bench".to_owned(),
            peer_id: "bench".to_owned(),
            package: package.to_owned(),
            repository_path: text(&packages),
            storage_path: text(&folder.path().join("store")),
            develop_root: Some("sample".to_owned()),
            in_force: Vec::new(),
            branch: "master".to_owned(),
            base: String::new(),
            key_path: String::new(),
            pull: false,
            invoke_timeout_ms: 60_000,
            query_timeout_ms: 60_000,
            memory_bytes_max: 2 << 30,
            careful: false,
            settings_json: "{}".to_owned(),
        };
        let mut conversation = Conversation { child, stream: here, folder };
        match conversation.ask(&Order::Load(load))?.1 {
            Report::Loaded(_) => Ok(conversation),
            other => Err(format!("{package} does not load: {other:?}")),
        }
    }

    /// Bytes both ways, and the answer.
    fn ask(&mut self, order: &Order) -> Result<(usize, Report), String> {
        let frame = encode_frame(order).map_err(|error| error.to_string())?;
        self.stream.write_all(&frame).map_err(|error| error.to_string())?;
        let report: Option<Report> =
            read_frame(&mut self.stream).map_err(|error| error.to_string())?;
        let report = report.ok_or("the runner ended")?;
        let back = encode_frame(&report).map_err(|error| error.to_string())?;
        Ok((frame.len() + back.len(), report))
    }

    fn run(
        &mut self,
        size: usize,
        count: usize,
        data: fn(usize) -> String,
    ) -> Result<(usize, Duration), String> {
        let blocks: Vec<Order> = (0..count)
            .map(|at| Order::Execute(block(at as u64 + 1, at * size, size, data)))
            .collect();
        let mut bytes = 0;
        let since = Instant::now();
        for order in &blocks {
            let (more, report) = self.ask(order)?;
            bytes += more;
            let Report::Executed(executed) = report else { return Err(format!("{report:?}")) };
            if let Some(bad) = executed.receipts.iter().find(|receipt| receipt.code != 0) {
                return Err(format!("a transaction failed: {bad:?}"));
            }
        }
        Ok((bytes, since.elapsed()))
    }

    /// None where there is no strace, or it may not look.
    fn count_calls(&mut self, size: usize, count: usize, data: fn(usize) -> String) -> Option<f64> {
        self.run(size, count, data).ok()?;
        self.ask_to_stop();
        self.child.wait().ok()?;
        let table = std::fs::read_to_string(self.folder.path().join("calls")).ok()?;
        let total = table.lines().rev().find(|line| line.contains("total"))?;
        total.split_whitespace().next()?.parse().ok()
    }

    fn ask_to_stop(&mut self) {
        if let Ok(frame) = encode_frame(&Order::Stop) {
            let _ = self.stream.write_all(&frame);
        }
    }
}

impl Drop for Conversation {
    fn drop(&mut self) {
        self.ask_to_stop();
        let _ = self.child.wait();
    }
}

fn block(height: u64, first: usize, size: usize, data: fn(usize) -> String) -> Block {
    let transaction = |number: usize| {
        let mut hash = [0; 32];
        hash[..8]
            .copy_from_slice(&(number as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15).to_be_bytes());
        hash[8..16].copy_from_slice(&(number as u64).to_be_bytes());
        Transaction {
            hash,
            timestamp_us: 1_600_000_000_000_000 + number as u64,
            data: data(number),
            peer_id: "5c6f0000-0000-0000-0000-000000000000".to_owned(),
            signature: vec![0; 64],
            public_key: vec![0; 33],
        }
    };
    let mut hash = [0; 32];
    hash[..8].copy_from_slice(&height.to_be_bytes());
    Block {
        height,
        block_hash: hash,
        previous_block_hash: hash,
        merkle_root: hash,
        timestamp_us: 1_600_000_000_000_000 + height,
        peer_id: "5c6f0000-0000-0000-0000-000000000000".to_owned(),
        transactions: (first..first + size).map(transaction).collect(),
        receipts_durable: height.saturating_sub(10),
    }
}
