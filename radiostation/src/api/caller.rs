//! Who may change something: this machine, and who has the operator's token.

use std::net::SocketAddr;

use configs::Secret;

/// What is known of who calls.
#[derive(Clone, Debug, Default)]
pub struct Caller {
    pub address: Option<SocketAddr>,
    /// The header `Authorization`, if there is one.
    pub authorization: Option<String>,
    /// A browser's page or a proxy speaks for somebody else, so that the address says nothing.
    pub on_behalf: bool,
}

/// Says what would be needed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Forbidden {
    #[error(
        "only this machine may do that, without a proxy or a web page in between; from elsewhere \
         set ADMIN_TOKEN and send it as Authorization: Bearer"
    )]
    Elsewhere,
    #[error("the token is not ADMIN_TOKEN; send that as Authorization: Bearer")]
    WrongToken,
}

impl Caller {
    /// Whether the caller may change something.
    ///
    /// # Errors
    /// When it may not; the message says why.
    pub fn may_change(&self, token: Option<&Secret>) -> Result<(), Forbidden> {
        let local = self.address.is_some_and(|address| address.ip().to_canonical().is_loopback());
        match (&self.authorization, token) {
            (Some(given), Some(token)) => {
                let given = given.strip_prefix("Bearer ").unwrap_or_default();
                let same = equal(given.trim().as_bytes(), token.reveal().as_bytes());
                if same { Ok(()) } else { Err(Forbidden::WrongToken) }
            }
            _ if local && !self.on_behalf => Ok(()),
            _ => Err(Forbidden::Elsewhere),
        }
    }
}

/// Takes as long for a wrong first byte as for a wrong last one.
fn equal(given: &[u8], expected: &[u8]) -> bool {
    let differences = given.iter().zip(expected).fold(0, |sum, (one, other)| sum | (one ^ other));
    given.len() == expected.len() && differences == 0
}

#[cfg(test)]
mod tests {
    use super::{Caller, Forbidden};
    use configs::Secret;

    #[test]
    fn this_machine_and_the_token_may_change_something() {
        let token = Secret::new("secret".to_owned());
        let (here, there) = (Some("127.0.0.1:5"), Some("10.0.0.9:5"));
        let cases = [
            (here, None, false, None, Ok(())),
            (Some("[::1]:5"), None, false, None, Ok(())),
            (Some("[::ffff:127.0.0.1]:5"), None, false, Some(&token), Ok(())),
            (here, None, true, None, Err(Forbidden::Elsewhere)),
            (there, None, false, None, Err(Forbidden::Elsewhere)),
            (None, None, false, None, Err(Forbidden::Elsewhere)),
            (there, None, false, Some(&token), Err(Forbidden::Elsewhere)),
            (there, Some("Bearer secret"), true, Some(&token), Ok(())),
            (there, Some("Bearer secreT"), false, Some(&token), Err(Forbidden::WrongToken)),
            (here, Some("Bearer secre"), false, Some(&token), Err(Forbidden::WrongToken)),
            (there, Some("secret"), false, Some(&token), Err(Forbidden::WrongToken)),
            (there, Some("Bearer "), false, None, Err(Forbidden::Elsewhere)),
        ];
        for (address, authorization, on_behalf, token, expected) in cases {
            let address = address.map(|text| text.parse().expect("an address"));
            let authorization = authorization.map(str::to_owned);
            let caller = Caller { address, authorization, on_behalf };
            assert_eq!(caller.may_change(token), expected, "{caller:?}");
        }
    }
}
