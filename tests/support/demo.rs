//! A small demo feed that is the same in every test.

use std::net::Ipv4Addr;

use demo::{Options, Server};

/// 12 agents, 5 workflows and about 150 tasks at `rate` changes per second.
pub(crate) fn server(rate: f64) -> Server {
    let options = Options {
        agents: 12,
        workflows: 5,
        tasks: 150,
        rate,
        runs: true,
        seed: 7,
        ..Options::default()
    };
    Server::start((Ipv4Addr::LOCALHOST, 0).into(), options).expect("a server")
}
