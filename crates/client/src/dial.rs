//! Connects to a name that has several addresses, some of which may not answer (RFC 8305, "happy eyeballs").
//!
//! A network with broken IPv6 drops packets instead of refusing them. If addresses were tried one after the other, the
//! working one would be tried only after every deadline.

use std::{
    io,
    net::{IpAddr, SocketAddr},
    time::Duration,
};

use futures_util::{StreamExt as _, stream::FuturesUnordered};
use tokio::{
    net::{TcpStream, lookup_host},
    time::{Instant, sleep_until},
};
use url::{Host, Url};

/// Time before the next address is tried as well.
const HEAD_START: Duration = Duration::from_millis(250);
/// Most addresses of one name that are tried.
const MAX_ADDRESSES: usize = 8;

/// Connects to the address that answers first.
pub(super) async fn dial(url: &Url) -> io::Result<TcpStream> {
    let nowhere = || io::Error::new(io::ErrorKind::InvalidInput, "the URL names no server");
    let port = url.port_or_known_default().ok_or_else(nowhere)?;
    let addresses: Vec<SocketAddr> = match url.host().ok_or_else(nowhere)? {
        Host::Domain(name) => in_turns(lookup_host((name, port)).await?),
        Host::Ipv4(ip) => vec![(IpAddr::from(ip), port).into()],
        Host::Ipv6(ip) => vec![(IpAddr::from(ip), port).into()],
    };
    let stream = first_of(addresses).await?;
    // Small frames are sent immediately.
    stream.set_nodelay(true)?;
    Ok(stream)
}

/// Alternates the two address families, beginning with the system's first choice.
fn in_turns(addresses: impl Iterator<Item = SocketAddr>) -> Vec<SocketAddr> {
    let mut first = Vec::new();
    let mut second = Vec::new();
    for address in addresses {
        let is_like_first = first
            .first()
            .is_none_or(|one: &SocketAddr| one.is_ipv6() == address.is_ipv6());
        if is_like_first { &mut first } else { &mut second }.push(address);
    }
    let mut second = second.into_iter();
    let mut turns = Vec::new();
    for address in first {
        turns.push(address);
        turns.extend(second.next());
    }
    turns.extend(second);
    turns.truncate(MAX_ADDRESSES);
    turns
}

async fn first_of(addresses: Vec<SocketAddr>) -> io::Result<TcpStream> {
    let mut waiting = addresses.into_iter();
    let mut trying = FuturesUnordered::new();
    let mut error = io::Error::new(io::ErrorKind::NotFound, "the server's name has no address");
    let mut next_at = Instant::now();
    loop {
        if Instant::now() >= next_at || trying.is_empty() {
            match waiting.next() {
                Some(address) => {
                    trying.push(TcpStream::connect(address));
                    next_at = Instant::now() + HEAD_START;
                }
                None if trying.is_empty() => return Err(error),
                // No address is left to be tried.
                None => next_at = Instant::now() + Duration::from_secs(3_600),
            }
        }
        tokio::select! {
            Some(tried) = trying.next(), if !trying.is_empty() => match tried {
                Ok(stream) => return Ok(stream),
                Err(failed) => {
                    error = failed;
                    next_at = Instant::now();
                }
            },
            () = sleep_until(next_at) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::{Ipv4Addr, TcpListener};

    use super::*;

    fn addresses(texts: &[&str]) -> Vec<SocketAddr> {
        texts.iter().map(|text| text.parse().expect("an address")).collect()
    }

    #[test]
    fn address_families_alternate_and_the_systems_first_choice_is_first() {
        let given = addresses(&["[::1]:1", "[::2]:1", "[::3]:1", "1.1.1.1:1", "2.2.2.2:1"]);
        let turns = addresses(&["[::1]:1", "1.1.1.1:1", "[::2]:1", "2.2.2.2:1", "[::3]:1"]);
        assert_eq!(in_turns(given.into_iter()), turns);
        let many = (1..=200).map(|port| SocketAddr::from((Ipv4Addr::LOCALHOST, port)));
        assert_eq!(in_turns(many).len(), MAX_ADDRESSES);
    }

    #[test]
    fn an_address_that_does_not_answer_does_not_delay_the_working_one() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        runtime.expect("a runtime").block_on(async {
            let server = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
            let good = server.local_addr().expect("an address");
            let refusing = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).and_then(|socket| socket.local_addr());
            let refusing = refusing.expect("an address that nobody listens at any more");

            // A server that accepts no connection, with a full queue, does not answer at all.
            let socket = tokio::net::TcpSocket::new_v4().expect("a socket");
            socket.bind((Ipv4Addr::LOCALHOST, 0).into()).expect("a port");
            let silent = socket.listen(1).expect("a queue");
            let dead = silent.local_addr().expect("an address");
            let mut queued = Vec::new();
            let full = Duration::from_millis(300);
            while let Ok(Ok(stream)) = tokio::time::timeout(full, TcpStream::connect(dead)).await {
                queued.push(stream);
            }

            let found = tokio::time::timeout(Duration::from_secs(20), first_of(vec![dead, refusing, good])).await;
            let stream = found.expect("not kept waiting").expect("the good one");
            assert_eq!(stream.peer_addr().expect("an address"), good);
            let failed = first_of(vec![refusing]).await.expect_err("nobody is there");
            assert_eq!(failed.kind(), io::ErrorKind::ConnectionRefused);
            let none = first_of(Vec::new()).await.expect_err("no address");
            assert_eq!(none.kind(), io::ErrorKind::NotFound);
        });
    }
}
