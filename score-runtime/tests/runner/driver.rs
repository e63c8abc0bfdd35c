//! The peer's side of the conversation.

use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;
use wire::runner::{
    Answer, Block, Executed, Load, Loaded, Order, Receipt, Report, Transaction, read_frame,
    write_frame,
};

/// No answer takes longer, even on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

pub fn tests_folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests")
}

/// What a peer would say for a package under `tests/packages`, with a store in `storage`.
pub fn load(package: &str, storage: &Path) -> Load {
    Load {
        channel: "channel1".to_owned(),
        peer_id: "this-peer".to_owned(),
        package: format!("packages/{package}"),
        repository_path: tests_folder().to_str().unwrap().to_owned(),
        storage_path: storage.to_str().unwrap().to_owned(),
        develop_root: None,
        in_force: Vec::new(),
        branch: "master".to_owned(),
        base: String::new(),
        key_path: String::new(),
        pull: false,
        invoke_timeout_ms: 30_000,
        query_timeout_ms: 30_000,
        memory_bytes_max: 1 << 30,
        careful: false,
        settings_json: r#"{"SOME_SETTING": 12}"#.to_owned(),
    }
}

/// A running `score-runner`; killed when dropped.
pub struct Runner {
    child: Child,
    stream: UnixStream,
}

impl Runner {
    pub fn start() -> Runner {
        let (ours, theirs) = UnixStream::pair().unwrap();
        ours.set_read_timeout(Some(PATIENCE)).unwrap();
        let child = Command::new(env!("CARGO_BIN_EXE_score-runner"))
            .arg("serve")
            .stdin(Stdio::from(OwnedFd::from(theirs)))
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        Runner { child, stream: ours }
    }

    /// Starts one and has it load a package that can be loaded.
    pub fn loaded(load: &Load) -> (Runner, Loaded) {
        let mut runner = Runner::start();
        runner.order(&Order::Load(load.clone()));
        match runner.report() {
            Report::Loaded(loaded) => (runner, loaded),
            other => panic!("expected Loaded, not {other:?}"),
        }
    }

    /// Starts one that cannot load; the reason and the exit code.
    pub fn refused(load: &Load) -> (String, i32) {
        let mut runner = Runner::start();
        runner.order(&Order::Load(load.clone()));
        match runner.report() {
            Report::LoadFailed { reason } => (reason, runner.exit_code()),
            other => panic!("expected LoadFailed, not {other:?}"),
        }
    }

    pub fn order(&mut self, order: &Order) {
        write_frame(&mut self.stream, order).unwrap();
    }

    pub fn report(&mut self) -> Report {
        self.report_or_end().expect("the runner ended")
    }

    /// None when the runner ended.
    pub fn report_or_end(&mut self) -> Option<Report> {
        match read_frame(&mut self.stream) {
            Ok(report) => report,
            Err(error) if error.kind() == std::io::ErrorKind::ConnectionReset => None,
            Err(error) => panic!("no report: {error}"),
        }
    }

    pub fn execute(&mut self, block: Block) -> Executed {
        self.order(&Order::Execute(block));
        match self.report() {
            Report::Executed(executed) => executed,
            other => panic!("expected Executed, not {other:?}"),
        }
    }

    pub fn query(&mut self, request: &str) -> Answer {
        self.order(&Order::Query { id: 7, request: request.to_owned() });
        match self.report() {
            Report::Answered { id: 7, answer } => answer,
            other => panic!("expected Answered, not {other:?}"),
        }
    }

    /// The text that a query returned.
    pub fn returned(&mut self, request: &str) -> String {
        match self.query(request) {
            Answer::Returned(text) => text,
            other => panic!("expected Returned, not {other:?}"),
        }
    }

    pub fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Waits for the process to end by itself; 128 + the signal that ended it.
    pub fn exit_code(mut self) -> i32 {
        let since = Instant::now();
        while since.elapsed() < PATIENCE {
            if let Some(status) = self.child.try_wait().unwrap() {
                use std::os::unix::process::ExitStatusExt;
                return status.code().unwrap_or_else(|| 128 + status.signal().unwrap());
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        panic!("the runner does not end");
    }

    /// Closes the socket and waits for the process.
    pub fn hang_up(mut self) -> i32 {
        let (other, _) = UnixStream::pair().unwrap();
        drop(std::mem::replace(&mut self.stream, other));
        self.exit_code()
    }
}

impl Drop for Runner {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// A block with one transaction for each text. Everything in it follows from the height.
pub fn block(height: u64, texts: &[impl AsRef<str>]) -> Block {
    let transaction = |(index, text): (usize, &str)| {
        let mut hash = [0; 32];
        hash[0] = u8::try_from(height - 1).unwrap();
        hash[28..].copy_from_slice(&(index as u32 + 1).to_be_bytes());
        Transaction {
            hash,
            timestamp_us: 1_500_000_000_000_000 + index as u64,
            data: text.to_owned(),
            peer_id: "maker-of-transaction".to_owned(),
            signature: vec![1, 2],
            public_key: vec![3],
        }
    };
    let height_byte = u8::try_from(height).unwrap();
    Block {
        height,
        block_hash: [height_byte; 32],
        previous_block_hash: [height_byte - 1; 32],
        merkle_root: [0xaa; 32],
        timestamp_us: 1_600_000_000_000_000 + height * 1_000_000,
        peer_id: "maker-of-block".to_owned(),
        transactions: texts.iter().map(AsRef::as_ref).enumerate().map(transaction).collect(),
        receipts_durable: 0,
    }
}

pub fn receipt(code: i64, message: &str) -> Receipt {
    Receipt { code, message: (!message.is_empty()).then(|| message.to_owned()) }
}

/// A store for one test.
pub fn storage() -> TempDir {
    tempfile::tempdir().unwrap()
}

/// A receipt whose message ends without the file and line in the package.
pub fn without_place(receipt: &Receipt) -> Receipt {
    let text = |message: &String| match message.rsplit_once(" (") {
        Some((text, place)) if place.contains(".py:") => text.to_owned(),
        _ => message.clone(),
    };
    Receipt { code: receipt.code, message: receipt.message.as_ref().map(text) }
}

/// Executes blocks of one package and checks every receipt.
pub fn check_blocks(package: &str, storage: &Path, blocks: &[&[(&str, Receipt)]]) -> Runner {
    let (mut runner, _) = Runner::loaded(&load(package, storage));
    for (height, expected) in (1..).zip(blocks) {
        let texts: Vec<&str> = expected.iter().map(|(text, _)| *text).collect();
        let executed = runner.execute(block(height, &texts));
        assert_eq!(executed.height, height);
        for ((text, expected), found) in expected.iter().zip(&executed.receipts) {
            assert_eq!(&without_place(found), expected, "{package}: {text}");
        }
        assert_eq!(executed.receipts.len(), expected.len());
    }
    runner
}
