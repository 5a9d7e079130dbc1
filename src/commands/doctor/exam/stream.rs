//! The socket: handshake, channels, heartbeat, a change.

use std::io::Write;

use tokio::time::Instant;

use super::{
    super::{
        judge::{self, ChangeSeen},
        report::Report,
        talk::Talk,
    },
    Because, Patient, Reader, add, left_out,
};
use client::probe::{self, Socket};
use model::PerKind;
use realtime::ConnectFailure;

/// Handshake, channels, beat and change.
pub(super) async fn talk<W: Write>(
    report: &mut Report<W>,
    patient: &Patient,
    reader: &Reader,
    there: &PerKind<Option<bool>>,
    because: Because,
) {
    let mapping = &patient.feed.mapping;
    if let Some(because) = because {
        report.add(left_out("websocket", because));
        return leave_out(report, patient, 0, because);
    }
    let started = Instant::now();
    let secure = patient.feed.realtime_url.scheme() == "wss";
    let opened = match probe::client_config(secure) {
        Ok(tls) => Socket::open(&patient.feed, tls, patient.deadline).await,
        Err(problem) => Err(ConnectFailure::Unreachable(problem)),
    };
    report.add(judge::websocket(opened.as_ref().map(|_| ()), started.elapsed()));
    let Ok(socket) = opened else {
        return leave_out(report, patient, 0, "websocket");
    };
    let mut talk = Talk::new(socket, patient.feed.vsn, reader.signed_in);
    let joining = Instant::now();
    talk.join(mapping, &reader.token).await;
    talk.listen(joining + patient.join_deadline(), |talk| {
        talk.asked().all(|(_, channel)| channel.joined.is_some())
    })
    .await;
    let refused = talk.asked().find_map(|(kind, channel)| match &channel.joined {
        Some(Ok(())) => None,
        Some(Err(reason)) => Some((kind, reason.clone())),
        None => Some((kind, talk.ended.clone().unwrap_or_default())),
    });
    let refusal = refused
        .as_ref()
        .map(|(kind, reason)| (mapping.kinds[*kind].table.as_str(), reason.as_str()));
    let check = judge::join(
        mapping.followed().count(),
        refusal,
        joining.elapsed(),
        patient.join_deadline(),
        reader.signed_in,
    );
    if let Some(because) = add(report, check, "join") {
        leave_out(report, patient, 1, because);
        return talk.close().await;
    }

    let until = Instant::now() + patient.subscribe_deadline();
    talk.listen(until, |talk| {
        talk.asked().all(|(_, channel)| channel.subscribed.is_some())
    })
    .await;
    let mut followed = None;
    for (kind, of) in mapping.followed() {
        let channel = &talk.channels[kind];
        let lost = talk.ended.clone().map(|end| ("system".to_owned(), end));
        let said = match &channel.subscribed {
            Some(said) => said.clone(),
            None => Err(lost.unwrap_or_else(|| channel.last_words.clone())),
        };
        if said.is_ok() {
            followed.get_or_insert(kind);
        }
        let took = channel.subscribed_at.map(|at| at.saturating_duration_since(joining));
        let said = match &said {
            Ok(()) => Ok(()),
            Err((extension, message)) => Err((extension.as_str(), message.as_str())),
        };
        report.add(judge::subscribed(
            kind,
            of,
            said,
            there[kind],
            took,
            patient.subscribe_deadline(),
            reader.signed_in,
        ));
    }

    let beat = talk.beat(patient.deadline).await;
    report.add(judge::heartbeat(
        beat.as_ref().copied().map_err(String::as_str),
        patient.deadline,
    ));
    let Some(followed) = followed else {
        report.add(left_out("change", "subscribed"));
        return talk.close().await;
    };
    if beat.is_err() && talk.change.is_none() {
        report.add(left_out("change", "heartbeat"));
        return talk.close().await;
    }
    let waiting = Instant::now();
    talk.listen(waiting + patient.wait, |talk| {
        talk.change.as_ref().is_some_and(ChangeSeen::has_row)
    })
    .await;
    let ended = talk.ended.clone().unwrap_or_default();
    let seen = talk.change.as_ref().ok_or(ended.as_str());
    // The table that the change came from, to name it in a statement; else one that can be changed for a test.
    let source = mapping.followed().map(|(_, of)| of).find(|of| {
        let name = format!("{}.{}", of.schema, of.table);
        seen.is_ok_and(|seen| seen.table == name)
    });
    let source = source.unwrap_or(&mapping.kinds[followed]);
    let waited = if seen.is_ok() || !ended.is_empty() {
        waiting.elapsed()
    } else {
        patient.wait
    };
    report.add(judge::change(seen, waited, source, &reader.role));
    talk.close().await;
}

/// What comes after the handshake (`done` = 0) or after the join.
fn leave_out<W: Write>(report: &mut Report<W>, patient: &Patient, done: usize, because: &'static str) {
    if done == 0 {
        report.add(left_out("join", because));
    }
    for (_, of) in patient.feed.mapping.followed() {
        let name = format!("{}.{}", of.schema, of.table);
        report.add(left_out("subscribed", because).of_table(name));
    }
    report.add(left_out("heartbeat", because));
    report.add(left_out("change", because));
}
