//! Requests that we send to addresses other people give us: webhooks, issuers, imports.
//!
//! Such an address must not reach what only we can reach (SSRF): names are resolved by us and
//! every address that is not public is dropped before a connection is made, so that a name cannot
//! resolve to another address for the check than for the connection. Redirects are not followed.
//! `--allow-private-network` lifts this, for development and tests.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures::StreamExt as _;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use url::{Host, Url};

use crate::{Error, Kind, Result};

/// How long connecting may take.
const CONNECT: Duration = Duration::from_secs(5);

/// Sends requests to addresses of other people.
#[derive(Clone)]
pub struct Outgoing {
    client: reqwest::Client,
    private: bool,
}

impl fmt::Debug for Outgoing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Outgoing")
            .field("private", &self.private)
            .finish_non_exhaustive()
    }
}

fn refused(reason: impl Into<String>) -> Error {
    Error::new(Kind::Invalid, "address_refused", reason)
}

impl Outgoing {
    /// A client; `private` lets it reach loopback and private addresses, and plain HTTP.
    ///
    /// # Errors
    /// When TLS cannot be set up.
    pub fn new(private: bool) -> Result<Self> {
        // Once a process; whoever was first is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = reqwest::Client::builder()
            .dns_resolver(Arc::new(Resolver { private }))
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .connect_timeout(CONNECT)
            .user_agent(concat!("Colophon/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(Error::internal)?;
        Ok(Self { client, private })
    }

    /// Whether requests may go to this address, as far as its spelling tells; said when the
    /// address is given, so that it is not found out when it is used.
    ///
    /// # Errors
    /// [`Kind::Invalid`] code `address_refused`, in words for whoever gave it.
    pub fn check(&self, text: &str) -> Result<Url> {
        let url = Url::parse(text).map_err(|_| refused("This is no absolute address."))?;
        let plain = url.scheme() == "http" && self.private;
        if url.scheme() != "https" && !plain {
            return Err(refused("The address must begin with https://."));
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(refused(
                "The address must not hold a user name or password.",
            ));
        }
        let private = match url.host() {
            None => return Err(refused("The address has no host.")),
            Some(Host::Ipv4(ip)) => !is_public(ip.into()),
            Some(Host::Ipv6(ip)) => !is_public(ip.into()),
            Some(Host::Domain(name)) => {
                let name = name.trim_end_matches('.').to_ascii_lowercase();
                name == "localhost" || name.ends_with(".localhost") || name.ends_with(".internal")
            }
        };
        if private && !self.private {
            return Err(refused("The address is not a public one."));
        }
        Ok(url)
    }

    /// A request builder for a checked address.
    ///
    /// # Errors
    /// Those of [`Outgoing::check`].
    pub fn request(
        &self,
        method: reqwest::Method,
        text: &str,
        timeout: Duration,
    ) -> Result<reqwest::RequestBuilder> {
        let url = self.check(text)?;
        Ok(self.client.request(method, url).timeout(timeout))
    }

    /// The body of a successful `GET`, at most `limit` bytes.
    ///
    /// # Errors
    /// Those of [`Outgoing::check`]; [`Kind::Unavailable`] when there is no such answer.
    pub async fn fetch(&self, text: &str, limit: usize, timeout: Duration) -> Result<Bytes> {
        let gone = |source: Box<dyn std::error::Error + Send + Sync>| {
            Error::unavailable("other server", source)
        };
        let answer = self
            .request(reqwest::Method::GET, text, timeout)?
            .send()
            .await
            .and_then(reqwest::Response::error_for_status)
            .map_err(|error| gone(error.into()))?;
        if !answer.status().is_success() {
            return Err(gone(format!("status {}", answer.status()).into()));
        }
        let mut body = BytesMut::new();
        let mut pieces = answer.bytes_stream();
        while let Some(piece) = pieces.next().await {
            let piece = piece.map_err(|error| gone(error.into()))?;
            if body.len() + piece.len() > limit {
                return Err(gone(format!("an answer of more than {limit} bytes").into()));
            }
            body.extend_from_slice(&piece);
        }
        Ok(body.freeze())
    }
}

struct Resolver {
    private: bool,
}

impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        let private = self.private;
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let allowed: Vec<SocketAddr> = found
                .filter(|address| private || is_public(address.ip()))
                .collect();
            if allowed.is_empty() {
                return Err(format!("{} has no public address", name.as_str()).into());
            }
            Ok(Box::new(allowed.into_iter()) as Addrs)
        })
    }
}

/// Whether an address is one of the public Internet (IANA special-purpose registries, RFC 6890).
#[must_use]
pub fn is_public(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => is_public_v4(ip),
        IpAddr::V6(ip) => is_public_v6(ip),
    }
}

fn is_public_v4(ip: Ipv4Addr) -> bool {
    let [a, b, c, _] = ip.octets();
    let special = ip.is_private()
        || ip.is_loopback()
        || ip.is_link_local()
        || ip.is_multicast()
        || ip.is_broadcast()
        || ip.is_documentation()
        || a == 0
        || a >= 240
        || a == 100 && (64..128).contains(&b)
        || a == 192 && b == 0 && c == 0
        || a == 192 && b == 88 && c == 99
        || a == 198 && (b == 18 || b == 19);
    !special
}

fn is_public_v6(ip: Ipv6Addr) -> bool {
    let segments = ip.segments();
    let [a, b, ..] = segments;
    // Addresses that carry an IPv4 address are as public as that one: mapped, and NAT64 under the
    // well-known prefix 64:ff9b::/96. What a network puts under 64:ff9b:1::/48 is its own.
    let [.., g, h] = segments;
    let [g1, g2] = g.to_be_bytes();
    let [h1, h2] = h.to_be_bytes();
    if ip.to_ipv4_mapped().is_some() || segments.starts_with(&[0x64, 0xff9b, 0, 0, 0, 0]) {
        return is_public_v4(Ipv4Addr::new(g1, g2, h1, h2));
    }
    // Global unicast is 2000::/3; of it, 2001::/23 (Teredo, benchmarking, ORCHID), 2002::/16
    // (6to4), 2001:db8::/32 and 3fff::/20 (documentation) are none that a server of the Internet has.
    let global = a & 0xe000 == 0x2000;
    let special =
        a == 0x2001 && (b < 0x200 || b == 0xdb8) || a == 0x2002 || a == 0x3fff && b < 0x1000;
    global && !special
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_addresses_of_the_internet_are_public() {
        for public in [
            "1.1.1.1",
            "93.184.216.34",
            "2606:4700:4700::1111",
            "::ffff:8.8.8.8",
            "64:ff9b::8.8.8.8",
        ] {
            assert!(is_public(public.parse().unwrap()), "{public}");
        }
        for not in [
            "127.0.0.1",
            "10.0.0.1",
            "172.16.5.4",
            "192.168.1.1",
            "169.254.169.254",
            "0.0.0.0",
            "100.64.0.1",
            "192.0.0.8",
            "198.18.0.1",
            "224.0.0.1",
            "255.255.255.255",
            "240.0.0.1",
            "::",
            "::1",
            "fe80::1",
            "fc00::1",
            "fec0::1",
            "ff02::1",
            "2001:db8::1",
            "2002:7f00:1::",
            "::ffff:127.0.0.1",
            "::ffff:169.254.169.254",
            "64:ff9b::7f00:1",
            "64:ff9b:1::8.8.8.8",
            "64:ff9b:1:a00:0:100::",
            "64:ff9b:0:0:1::8.8.8.8",
            "2001::1",
            "::7f00:1",
        ] {
            assert!(!is_public(not.parse().unwrap()), "{not}");
        }
    }

    #[test]
    fn an_address_that_is_refused_later_is_refused_when_it_is_given() {
        let public = Outgoing::new(false).unwrap();
        assert!(public.check("https://example.org/hook").is_ok());
        for bad in [
            "http://example.org/hook",
            "https://127.0.0.1/",
            "https://2130706433/",
            "https://0x7f.1/",
            "https://[::1]/",
            "https://localhost/",
            "https://metadata.google.internal/",
            "https://user:secret@example.org/",
            "file:///etc/passwd",
            "/hook",
        ] {
            assert!(public.check(bad).is_err(), "{bad}");
        }
        assert!(
            Outgoing::new(true)
                .unwrap()
                .check("http://127.0.0.1:9/")
                .is_ok()
        );
    }

    #[tokio::test]
    async fn a_name_that_leads_home_is_not_followed() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let resolver = Resolver { private: false };
        assert!(
            resolver
                .resolve("localhost".parse().unwrap())
                .await
                .is_err()
        );
        let fetched = Outgoing::new(false)
            .unwrap()
            .fetch(
                &format!("https://127.0.0.1:{port}/"),
                100,
                Duration::from_secs(2),
            )
            .await;
        assert_eq!(fetched.unwrap_err().code, "address_refused");
    }
}
