//! A peer's disk is full while it works: it ends and says why, the others go on, and with room it
//! goes on as well. The disk is a small one in memory, which not everybody may mount.

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use tests::audit::audit;
use tests::load::{Load, LoadPlan};
use tests::network::Network;
use tests::note;
use tests::plan::Plan;
use tests::random::seed;

const VICTIM: usize = 2;
const LIMIT: Duration = Duration::from_secs(120);
const DISK: &str = "size=256m";

/// Taken away when it is dropped.
struct Disk(PathBuf);

impl Disk {
    fn mount(folder: &Path) -> Result<Disk, String> {
        std::fs::create_dir_all(folder).map_err(|error| error.to_string())?;
        let mut command = Command::new("mount");
        command.args(["-t", "tmpfs", "-o", DISK, "tmpfs"]).arg(folder);
        let output = command.output().map_err(|error| error.to_string())?;
        match output.status.success() {
            true => Ok(Disk(folder.to_owned())),
            false => Err(String::from_utf8_lossy(&output.stderr).trim().to_owned()),
        }
    }

    /// Until there is hardly any room; the file that takes it.
    fn fill(&self) -> PathBuf {
        let path = self.0.join("filler");
        let mut file = File::create(&path).expect("there is room for a file");
        let piece = vec![0; 64 << 10];
        while file.write_all(&piece).is_ok() {}
        // The journal of a running database goes on for a moment.
        let length = file.metadata().expect("it was just written").len();
        file.set_len(length.saturating_sub(1 << 20)).expect("a file can be cut");
        path
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}

#[test]
fn a_peer_whose_disk_is_full_ends_and_goes_on_when_there_is_room() {
    let mut network = Network::prepare(Plan::default());
    let folder = network.peers[VICTIM].folder.join("storage");
    let disk = match Disk::mount(&folder) {
        Ok(disk) => disk,
        Err(why) => return note(&format!("left out: a disk in memory cannot be mounted: {why}")),
    };
    network.start_planned();
    let plan = LoadPlan {
        label: "full".to_owned(),
        seed: seed(),
        transactions_per_client: None,
        pause: Duration::from_millis(2),
    };
    let others: Vec<usize> = (0..network.peers.len()).filter(|peer| *peer != VICTIM).collect();
    let load = Load::start_at(&network, &plan, &others);
    let filler = disk.fill();
    let status = network.peers[VICTIM].wait_for_end(LIMIT);
    assert!(!status.success(), "{status}");
    let log = network.peers[VICTIM].log();
    assert!(log.contains("If the disk is full"), "{log}");
    let record = load.stop();
    assert!(record.clients.iter().any(|client| !client.sent.is_empty()));
    std::fs::remove_file(filler).expect("it was there");
    network.peers[VICTIM].start();
    network.wait_ready();
    audit(&network, &record);
    network.assert_healthy();
    // The programs end before their disk goes.
    drop(network);
    drop(disk);
}
