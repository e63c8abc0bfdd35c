//! Hosts with ports, and paths relative to the file that names them.

use std::fmt;
use std::io;
use std::net::{IpAddr, ToSocketAddrs, UdpSocket};
use std::path::{Component, Path, PathBuf};

/// `host:port`; the host is a name or an address, an IPv6 one without brackets.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct HostPort {
    pub host: String,
    pub port: u16,
}

impl HostPort {
    /// Reads `HOST:PORT`; IPv6 addresses stand in brackets.
    pub fn parse(text: &str) -> Option<Self> {
        match Self::parse_with_optional_port(text)? {
            (host, Some(port)) => Some(Self { host, port }),
            (_, None) => None,
        }
    }

    /// Reads `HOST` or `HOST:PORT`.
    pub fn parse_with_optional_port(text: &str) -> Option<(String, Option<u16>)> {
        let (host, port) = if let Some(rest) = text.strip_prefix('[') {
            let (host, after) = rest.split_once(']')?;
            match after.strip_prefix(':') {
                Some(port) => (host, Some(port)),
                None if after.is_empty() => (host, None),
                None => return None,
            }
        } else if text.matches(':').count() > 1 {
            (text, None)
        } else {
            text.split_once(':').map_or((text, None), |(host, port)| (host, Some(port)))
        };
        let port = match port {
            Some(digits) => Some(parse_port(digits)?),
            None => None,
        };
        Self::is_host(host).then(|| (host.to_owned(), port))
    }

    /// A host name of at most 253 characters or an IP address.
    pub fn is_host(text: &str) -> bool {
        let name_byte = |byte: u8| byte.is_ascii_alphanumeric() || b"-._".contains(&byte);
        text.parse::<IpAddr>().is_ok()
            || ((1..=253).contains(&text.len()) && text.bytes().all(name_byte))
    }
}

impl fmt::Display for HostPort {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.host.contains(':') {
            write!(formatter, "[{}]:{}", self.host, self.port)
        } else {
            write!(formatter, "{}:{}", self.host, self.port)
        }
    }
}

fn parse_port(digits: &str) -> Option<u16> {
    let plain = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    digits.parse().ok().filter(|port| plain && *port > 0)
}

/// The address of this machine from which `target` is reached. Nothing is sent.
///
/// # Errors
/// When the target's name cannot be found or no route leads there.
pub fn own_address_toward(target: &HostPort) -> io::Result<IpAddr> {
    let mut failure = io::Error::new(io::ErrorKind::NotFound, format!("{target} has no address"));
    for address in (target.host.as_str(), target.port).to_socket_addrs()? {
        let any = if address.is_ipv4() { "0.0.0.0:0" } else { "[::]:0" };
        let found = UdpSocket::bind(any).and_then(|socket| {
            socket.connect(address)?;
            socket.local_addr()
        });
        match found {
            Ok(own) => return Ok(own.ip()),
            Err(error) => failure = error,
        }
    }
    Err(failure)
}

/// `path` as seen from `folder`, which is absolute and free of links; the empty path stays empty.
/// Leading `..` are taken off the folder; later ones stay, since they may follow a link.
pub fn resolve(folder: &Path, path: &Path) -> PathBuf {
    if path.as_os_str().is_empty() || path.is_absolute() {
        return path.to_owned();
    }
    let mut resolved = folder.to_owned();
    let mut below = false;
    for component in path.components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir if !below => {
                resolved.pop();
            }
            other => {
                below = true;
                resolved.push(other);
            }
        }
    }
    resolved
}

#[cfg(test)]
mod tests;
