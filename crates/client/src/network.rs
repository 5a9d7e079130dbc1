//! Watches for a change of this machine's network: another local address towards the feed, or a route that was missing.
//!
//! Sends nothing: a UDP socket that is connected only asks the system's routing table which local address it would use.
//! That works the same on every system, without a subscription to its network manager.

use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket},
    time::Duration,
};

use tokio::{
    net::lookup_host,
    time::{MissedTickBehavior, interval, timeout},
};
use url::{Host, Url};

/// Interval between two looks at the routing table.
const PACE: Duration = Duration::from_secs(5);
/// Time for the one name look-up at the start.
const LOOK_UP: Duration = Duration::from_secs(5);
/// Most addresses of the feed that are watched.
const MAX_TARGETS: usize = 8;
/// Addresses that are reserved for documentation (RFC 5737, RFC 3849): they stand for the default routes, because a
/// name may not be resolved while there is no network. Nothing is ever sent to them.
const ELSEWHERE: [IpAddr; 2] = [
    IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1)),
    IpAddr::V6(Ipv6Addr::new(0x2001, 0x0db8, 0, 0, 0, 0, 0, 1)),
];
/// The discard port.
const PORT: u16 = 9;

/// The local address towards each target; `None`: no route.
type Routes = Vec<Option<IpAddr>>;

/// Ends when the network has changed since the call, in a way that makes another attempt to reach `url` worthwhile.
pub(crate) async fn changed(url: Url) {
    let mut targets = known(&url);
    let mut before = routes(&targets);
    // The look-up may take a while; what changes meanwhile is seen all the same.
    let found = resolved(&url).await;
    before.extend(routes(&found));
    targets.extend(found);
    routes_changed(before, || routes(&targets)).await;
}

/// The address of the server or, when it has a name instead, the default routes.
fn known(url: &Url) -> Vec<SocketAddr> {
    match url.host() {
        Some(Host::Ipv4(ip)) => vec![(ip, PORT).into()],
        Some(Host::Ipv6(ip)) => vec![(ip, PORT).into()],
        Some(Host::Domain(_)) | None => ELSEWHERE.map(|ip| (ip, PORT).into()).to_vec(),
    }
}

/// The addresses of the server's name; none when it cannot be resolved now.
async fn resolved(url: &Url) -> Vec<SocketAddr> {
    let Some(Host::Domain(name)) = url.host() else {
        return Vec::new();
    };
    match timeout(LOOK_UP, lookup_host((name, PORT))).await {
        Ok(Ok(found)) => found.take(MAX_TARGETS).collect(),
        _ => Vec::new(),
    }
}

fn routes(targets: &[SocketAddr]) -> Routes {
    targets.iter().map(|target| local_address(*target)).collect()
}

/// The address that this machine would send from.
fn local_address(target: SocketAddr) -> Option<IpAddr> {
    let any: IpAddr = if target.is_ipv6() {
        Ipv6Addr::UNSPECIFIED.into()
    } else {
        Ipv4Addr::UNSPECIFIED.into()
    };
    let socket = UdpSocket::bind((any, 0)).ok()?;
    socket.connect(target).ok()?;
    let local = socket.local_addr().ok()?.ip();
    (!local.is_unspecified()).then_some(local)
}

/// Ends when `look` finds an address that was not there at the look before. A network that is lost is no reason to
/// connect; its return is.
async fn routes_changed(mut before: Routes, mut look: impl FnMut() -> Routes) {
    let mut ticks = interval(PACE);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        let now = look();
        if now
            .iter()
            .zip(&before)
            .any(|(now, before)| now.is_some() && now != before)
        {
            return;
        }
        before = now;
    }
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;

    use super::*;

    /// At which look a change was seen, counted from 0; `None`: never.
    fn seen(looks: &[Option<&str>]) -> Option<usize> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .expect("a runtime");
        runtime.block_on(async {
            let routes =
                |address: Option<&str>| vec![address.map(|address| address.parse().expect("an address")), None];
            let mut left: VecDeque<_> = looks.iter().copied().collect();
            let last = looks.last().copied().flatten();
            let before = routes(left.pop_front().expect("one"));
            let mut count = 0;
            let watching = routes_changed(before, || {
                count += 1;
                routes(left.pop_front().unwrap_or(last))
            });
            let ended = timeout(PACE * 100, watching).await.is_ok();
            ended.then_some(count)
        })
    }

    #[test]
    fn another_address_or_a_route_that_returns_is_a_change_and_a_lost_one_is_not() {
        let (home, office) = (Some("192.168.1.7"), Some("10.0.0.9"));
        assert_eq!(seen(&[home, home, home]), None);
        assert_eq!(seen(&[home, home, None]), None, "lost");
        assert_eq!(seen(&[home, home, office]), Some(2));
        assert_eq!(seen(&[None, None, None, home]), Some(3));
        assert_eq!(
            seen(&[home, None, None, home]),
            Some(3),
            "the same network, which was away"
        );
        assert_eq!(seen(&[None, None]), None);
    }

    #[test]
    fn the_local_address_is_that_of_the_route_and_a_missing_route_has_none() {
        let loopback = IpAddr::from(Ipv4Addr::LOCALHOST);
        assert_eq!(local_address((loopback, PORT).into()), Some(loopback));
        // The broadcast address needs a permission that the socket does not have.
        assert_eq!(local_address((Ipv4Addr::BROADCAST, PORT).into()), None);
    }

    #[test]
    fn an_address_is_watched_itself_and_a_name_by_its_addresses_and_the_default_routes() {
        let url = |text: &str| -> Url { text.parse().expect("a URL") };
        assert_eq!(known(&url("wss://127.0.0.1:1/x")), [(Ipv4Addr::LOCALHOST, PORT).into()]);
        assert_eq!(known(&url("wss://[::1]/x")), [(Ipv6Addr::LOCALHOST, PORT).into()]);
        assert_eq!(known(&url("wss://a.example/x")), ELSEWHERE.map(|ip| (ip, PORT).into()));
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        runtime.expect("a runtime").block_on(async {
            let local = resolved(&url("ws://localhost/x")).await;
            assert!(
                !local.is_empty() && local.iter().all(|target| target.ip().is_loopback()),
                "{local:?}"
            );
            assert_eq!(resolved(&url("wss://127.0.0.1/x")).await, []);
        });
    }
}
