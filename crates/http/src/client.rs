//! Who sends a request, as far as limits care.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use axum::extract::{ConnectInfo, Request};
use axum::http::HeaderMap;

/// The client's address, behind the trusted proxies; an extension of every request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClientIp(pub IpAddr);

/// The id of the credential that authenticated a request. Authentication sets this extension;
/// without it, limits and idempotency keys go by address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CredentialId(pub String);

impl ClientIp {
    /// The address of the peer, or the one that the outermost of `proxies` trusted proxies saw.
    pub(crate) fn of(request: &Request, proxies: usize) -> Self {
        let peer = request.extensions().get::<ConnectInfo<SocketAddr>>();
        let peer = peer.map_or(IpAddr::V6(Ipv6Addr::UNSPECIFIED), |peer| peer.0.ip());
        let forwarded = proxies
            .checked_sub(1)
            .and_then(|n| forwarded_for(request.headers(), n));
        Self(forwarded.unwrap_or(peer).to_canonical())
    }

    /// What one subscriber has: an IPv4 address or an IPv6 /64.
    pub(crate) fn subscriber(self) -> IpAddr {
        match self.0 {
            IpAddr::V4(_) => self.0,
            IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from_bits(
                address.to_bits() & !u128::from(u64::MAX),
            )),
        }
    }
}

/// The `n`th address of `X-Forwarded-For` from the right: what stands further left was written
/// by whoever sent the request, and proves nothing.
fn forwarded_for(headers: &HeaderMap, n: usize) -> Option<IpAddr> {
    let lines = headers
        .get_all("x-forwarded-for")
        .iter()
        .filter_map(|line| line.to_str().ok());
    let addresses: Vec<&str> = lines
        .flat_map(|line| line.split(','))
        .map(str::trim)
        .collect();
    let address = addresses.iter().rev().nth(n)?;
    // Some proxies write the port too.
    let with_port = || address.parse::<SocketAddr>().map(|address| address.ip());
    address.parse().or_else(|_| with_port()).ok()
}
