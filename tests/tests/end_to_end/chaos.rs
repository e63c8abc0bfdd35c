//! Faults chosen by a seed, one after another, under load.

use std::time::Duration;

use tests::audit::audit;
use tests::load::{Load, LoadPlan};
use tests::network::Network;
use tests::plan::{CERTIFICATES, DOCUMENTS, Plan};
use tests::process::signal;
use tests::random::{Random, seed};
use tests::wait::wait_for;
use tests::{long_tests_wanted, note};

const PROGRESS_LIMIT: Duration = Duration::from_secs(90);

#[test]
fn faults_in_any_order_lose_nothing() {
    run(12);
}

#[test]
fn many_faults_in_any_order_lose_nothing() {
    if long_tests_wanted("many_faults_in_any_order_lose_nothing") {
        run(150);
    }
}

fn run(steps: usize) {
    let mut network = Network::start(Plan::default());
    let plan = LoadPlan {
        label: "chaos".to_owned(),
        seed: seed(),
        transactions_per_client: None,
        pause: Duration::from_millis(60),
    };
    note(&format!("chaos, seed {}", plan.seed));
    let load = Load::start(&network, &plan);
    let mut random = Random::new(plan.seed);
    for step in 0..steps {
        let fault = *random.one_of(&FAULTS);
        note(&format!("step {step}: {} ({} accepted)", fault.0, load.accepted()));
        (fault.1)(&mut network, &mut random);
        network.wait_ready();
        let wanted = load.accepted() + 100;
        wait_for("100 more accepted transactions", PROGRESS_LIMIT, || {
            let accepted = load.accepted();
            if accepted >= wanted { Ok(()) } else { Err(format!("{accepted} of {wanted}")) }
        });
    }
    let record = load.stop();
    note(&record.summary());
    audit(&network, &record);
    network.assert_healthy();
}

type Fault = (&'static str, fn(&mut Network, &mut Random));

const FAULTS: [Fault; 8] = [
    ("kill a peer", |network, random| {
        let victim = random.below(4) as usize;
        network.peers[victim].kill();
        pause(random, 2000);
        network.peers[victim].start();
    }),
    ("kill a leader", |network, random| {
        let victim = network.leader(CERTIFICATES);
        network.peers[victim].kill();
        pause(random, 3000);
        network.peers[victim].start();
    }),
    ("kill two peers", |network, random| {
        let first = random.below(4) as usize;
        let second = (first + 1 + random.below(3) as usize) % 4;
        network.peers[first].kill();
        pause(random, 300);
        network.peers[second].kill();
        pause(random, 3000);
        network.peers[first].start();
        network.peers[second].start();
    }),
    ("kill everything", |network, random| {
        network.radiostation.kill();
        network.peers.iter_mut().for_each(|peer| peer.kill());
        pause(random, 500);
        network.start_planned();
    }),
    ("stop a peer", |network, random| {
        let victim = random.below(4) as usize;
        let (status, _) = network.peers[victim].stop();
        assert!(status.success(), "{status}");
        network.peers[victim].start();
    }),
    ("freeze a peer", |network, random| {
        let victim = &network.peers[random.below(4) as usize];
        signal("STOP", victim.process_id());
        pause(random, 4000);
        signal("CONT", victim.process_id());
    }),
    ("kill runners", |network, random| {
        let victim = &network.peers[random.below(4) as usize];
        for channel in [CERTIFICATES, DOCUMENTS] {
            if let Some(runner) = victim.runner(channel) {
                signal("KILL", runner);
            }
        }
    }),
    ("kill the radiostation", |network, random| {
        network.radiostation.kill();
        pause(random, 3000);
        network.radiostation.start();
        network.wait_for_radiostation();
    }),
];

fn pause(random: &mut Random, milliseconds_max: u64) {
    std::thread::sleep(Duration::from_millis(random.below(milliseconds_max)));
}
