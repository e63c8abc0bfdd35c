//! Says nothing, ever.

use super::{Faulty, Hand, Sent};

pub struct Silent;

impl Faulty for Silent {
    fn send(&mut self, _hand: &mut Hand<'_>, _sent: Vec<Sent>) -> Vec<Sent> {
        Vec::new()
    }
}
