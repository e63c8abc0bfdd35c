//! Short texts: hashes, names of peers, addresses.

use chain::hash::Hash;
use chain::keys::PeerId;
use configs::HostPort;
use configs::kind::{is_channel_name, is_package};
use configs::value::Ratio;

use super::SMALL;
use crate::world::{peer, world};
use crate::{Target, Verdict};

pub const TEXT: Target = Target {
    name: "text",
    decodes: "hashes, peer ids, host:port, names of channels and packages, fractions",
    bytes_max: 300,
    runs: 120_000,
    memory_max: SMALL,
    run: text,
    seeds: || {
        let texts = [
            world().head.hash.to_string(),
            world().head.hash.to_string().to_uppercase(),
            peer(1).to_string(),
            "10.0.0.1:7100".into(),
            "[2001:db8::1]:7100".into(),
            "peer-1.example_net:65535".into(),
            "loopchain_default".into(),
            "sample/documents".into(),
            "0.67".into(),
            "2/3".into(),
        ];
        texts.map(String::into_bytes).to_vec()
    },
};

fn text(bytes: &[u8]) -> Verdict {
    let Ok(text) = std::str::from_utf8(bytes) else { return Verdict::Refused };
    let mut verdict = Verdict::Refused;
    if let Ok(hash) = text.parse::<Hash>() {
        assert_eq!(hash.to_string(), text.to_ascii_lowercase());
        verdict = Verdict::Taken;
    }
    if let Ok(id) = text.parse::<PeerId>() {
        assert_eq!(id.to_string(), text, "a peer's name has one form");
        verdict = Verdict::Taken;
    }
    if let Some(address) = HostPort::parse(text) {
        assert!(address.port > 0);
        assert_eq!(HostPort::parse(&address.to_string()), Some(address), "{text}");
        verdict = Verdict::Taken;
    }
    for part in text.split('/').filter(|_| is_channel_name(text) || is_package(text)) {
        assert!(!["", ".", ".."].contains(&part) && part.len() <= 64, "{part:?} is no folder");
        verdict = Verdict::Taken;
    }
    if let Some(ratio) = Ratio::parse(text) {
        assert!(ratio.denominator > 0);
        verdict = Verdict::Taken;
    }
    verdict
}
