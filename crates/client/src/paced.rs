//! A TCP stream that is read in large pieces.
//!
//! A server writes each change by itself. Read as soon as they arrive, a thousand changes per second cost a thousand
//! wake-ups. While frames come fast the stream is therefore left alone for a few milliseconds after each read, so that
//! the kernel collects and the next read returns many frames. A frame that follows a quiet moment is read immediately.

use std::{
    io::{self, Read as _, Write as _},
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
    time::{Instant, Sleep},
};

/// The most that one read returns.
const BUFFER_BYTES: usize = 256 * 1024;
/// Longest pause between two reads. The runtime's timers end up to 1 ms late, so that nothing is read later than 5 ms
/// after it arrived.
const MAX_PAUSE: Duration = Duration::from_millis(4);
/// A shorter pause is not worth its timer, which counts milliseconds.
const MIN_PAUSE: Duration = Duration::from_millis(1);
/// Reads that are further apart than this are no rush: there is nothing to collect.
const QUIET: Duration = Duration::from_millis(10);
/// Pauses are as long as it takes for about this much to arrive. The kernel's buffer must hold it, or the pause would
/// slow the sender down.
const TARGET_BYTES: usize = 64 * 1024;

/// Decides how long to leave the stream alone after a read.
#[derive(Debug, Default)]
struct Pace {
    last_read: Option<Instant>,
}

impl Pace {
    /// The pause after a read at `now` that returned `bytes`; `None` reads on immediately.
    fn after_read(&mut self, now: Instant, bytes: usize) -> Option<Duration> {
        let since = now.saturating_duration_since(self.last_read.replace(now)?);
        if since > QUIET || bytes == 0 {
            return None;
        }
        let pause = since.mul_f64(TARGET_BYTES as f64 / bytes as f64).min(MAX_PAUSE);
        (pause >= MIN_PAUSE).then_some(pause)
    }
}

/// The stream, and whether the runtime is notified of what arrives.
#[derive(Debug)]
enum Tcp {
    Watched(TcpStream),
    /// During a pause: otherwise each frame that arrives would wake the thread.
    Unwatched(std::net::TcpStream),
    /// Moving it from one to the other failed.
    Broken,
}

/// A TCP stream with a large read buffer and, once [`Paced::collect`] was called, pauses between reads.
#[derive(Debug)]
pub(crate) struct Paced {
    tcp: Tcp,
    buffer: Box<[u8]>,
    /// What was read but not taken: a range of `buffer`.
    start: usize,
    end: usize,
    pace: Option<Pace>,
    pause: Pin<Box<Sleep>>,
}

impl Paced {
    pub(crate) fn new(stream: TcpStream) -> Self {
        Self {
            tcp: Tcp::Watched(stream),
            buffer: vec![0; BUFFER_BYTES].into_boxed_slice(),
            start: 0,
            end: 0,
            pace: None,
            pause: Box::pin(tokio::time::sleep(Duration::ZERO)),
        }
    }

    /// Begins to pause between reads. Handshakes are dialogues, which pauses would only slow down.
    pub(crate) fn collect(&mut self) {
        self.pace.get_or_insert_default();
    }

    /// Ends a pause, if there is one.
    fn watch(&mut self) -> io::Result<&mut TcpStream> {
        if let Tcp::Unwatched(_) = self.tcp
            && let Tcp::Unwatched(stream) = std::mem::replace(&mut self.tcp, Tcp::Broken)
        {
            self.tcp = Tcp::Watched(TcpStream::from_std(stream)?);
        }
        match &mut self.tcp {
            Tcp::Watched(stream) => Ok(stream),
            _ => Err(io::ErrorKind::NotConnected.into()),
        }
    }

    /// Begins a pause, if none lasts.
    fn unwatch(&mut self) -> io::Result<()> {
        if let Tcp::Watched(_) = self.tcp
            && let Tcp::Watched(stream) = std::mem::replace(&mut self.tcp, Tcp::Broken)
        {
            self.tcp = Tcp::Unwatched(stream.into_std()?);
        }
        Ok(())
    }

    /// Reads once from the kernel into the empty buffer, unless a pause lasts.
    fn poll_fill(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let bytes = match self.poll_after_pause(cx) {
            Poll::Ready(Some(read)) => read?,
            Poll::Ready(None) => {
                self.watch()?;
                let Tcp::Watched(stream) = &mut self.tcp else {
                    return Poll::Ready(Err(io::ErrorKind::NotConnected.into()));
                };
                let mut read = ReadBuf::new(&mut self.buffer);
                ready!(Pin::new(stream).poll_read(cx, &mut read))?;
                read.filled().len()
            }
            Poll::Pending => return Poll::Pending,
        };
        (self.start, self.end) = (0, bytes);
        let now = Instant::now();
        match self.pace.as_mut().and_then(|pace| pace.after_read(now, bytes)) {
            Some(pause) => {
                self.unwatch()?;
                self.pause.as_mut().reset(now + pause);
            }
            None => {
                self.watch()?;
            }
        }
        Poll::Ready(Ok(()))
    }

    /// Waits for the end of a pause and reads what has come. As long as pause follows pause, the runtime need not watch
    /// the stream again. `None`: there was no pause, or nothing has come.
    fn poll_after_pause(&mut self, cx: &mut Context<'_>) -> Poll<Option<io::Result<usize>>> {
        let Tcp::Unwatched(stream) = &mut self.tcp else {
            return Poll::Ready(None);
        };
        ready!(self.pause.as_mut().poll(cx));
        match stream.read(&mut self.buffer) {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Poll::Ready(None),
            read => Poll::Ready(Some(read)),
        }
    }
}

impl AsyncRead for Paced {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if this.start == this.end {
            ready!(this.poll_fill(cx))?;
        }
        let waiting = this.buffer.get(this.start..this.end).unwrap_or_default();
        let taken = waiting.len().min(into.remaining());
        into.put_slice(waiting.get(..taken).unwrap_or_default());
        this.start += taken;
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Paced {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        if let Tcp::Unwatched(stream) = &mut this.tcp {
            match stream.write(bytes) {
                // The runtime has to watch for room.
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                done => return Poll::Ready(done),
            }
        }
        Pin::new(this.watch()?).poll_write(cx, bytes)
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        // TCP has nothing to flush.
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(self.get_mut().watch()?).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Longest time between arrival and read, and the number of reads, when frames arrive evenly and each read returns
    /// what has arrived. A pause ends up to 1 ms late.
    fn simulate(frames: u32, interval: Duration, frame_bytes: usize) -> (Duration, u32) {
        let start = Instant::now();
        let arrival = |frame: u32| start + interval * frame;
        let (mut pace, mut now, mut read, mut reads) = (Pace::default(), start, 0, 0);
        let mut latest = Duration::ZERO;
        while read < frames {
            now = now.max(arrival(read));
            let first = read;
            while read < frames && arrival(read) <= now {
                read += 1;
            }
            reads += 1;
            latest = latest.max(now - arrival(first));
            let bytes = (read - first) as usize * frame_bytes;
            if let Some(pause) = pace.after_read(now, bytes) {
                now += pause + MIN_PAUSE;
            } else {
                // One read takes its time too.
                now += Duration::from_micros(2);
            }
        }
        (latest, reads)
    }

    #[test]
    fn nothing_is_read_later_than_5_ms_after_it_arrived() {
        for micros in [1, 3, 10, 40, 100, 400, 900, 3_000, 9_000, 20_000] {
            for bytes in [40, 650, 9_000] {
                let (latest, _) = simulate(20_000, Duration::from_micros(micros), bytes);
                assert!(
                    latest <= Duration::from_millis(5),
                    "{bytes} bytes every {micros} µs: {latest:?}"
                );
            }
        }
    }

    #[test]
    fn a_read_takes_many_frames_when_they_come_fast_and_one_when_they_do_not() {
        let reads = |micros| simulate(10_000, Duration::from_micros(micros), 650).1;
        // 2,500 per second: ten to a read.
        assert!(reads(400) <= 10_000 / 10, "{}", reads(400));
        // 100,000 per second: a hundred to a read.
        assert!(reads(10) <= 10_000 / 80, "{}", reads(10));
        assert_eq!(reads(20_000), 10_000);
    }

    #[test]
    fn a_frame_after_a_quiet_moment_is_not_waited_with() {
        let start = Instant::now();
        let mut pace = Pace::default();
        assert_eq!(pace.after_read(start, 650), None, "there is no rate yet");
        assert_eq!(pace.after_read(start + Duration::from_millis(11), 650), None);
        assert_eq!(pace.after_read(start + Duration::from_millis(13), 650), Some(MAX_PAUSE));
        // A full buffer means that more is waiting.
        assert_eq!(pace.after_read(start + Duration::from_millis(13), BUFFER_BYTES), None);
    }

    #[tokio::test]
    async fn bytes_come_through_whole_with_and_without_pauses_and_in_both_directions() {
        use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let (near, far) = tokio::join!(TcpStream::connect(address), listener.accept());
        let (near, (mut far, _)) = (near.expect("connected"), far.expect("accepted"));
        let mut near = Paced::new(near);
        near.collect();
        let sent: Vec<u8> = (0..300_000_u32).map(|at| (at % 251) as u8).collect();
        let expected = sent.clone();
        let sender = tokio::spawn(async move {
            far.set_nodelay(true).expect("set");
            for (at, piece) in sent.chunks(601).enumerate() {
                far.write_all(piece).await.expect("written");
                if at % 50 == 0 {
                    tokio::time::sleep(Duration::from_millis(1)).await;
                    let mut answer = [0; 3];
                    far.read_exact(&mut answer).await.expect("answered");
                    assert_eq!(&answer, b"yes");
                }
            }
        });
        let mut received = vec![0; expected.len()];
        let mut at = 0;
        let mut answered = 0;
        while at < received.len() {
            let end = (at + 601).min(received.len());
            near.read_exact(&mut received[at..end]).await.expect("read");
            if (at / 601) % 50 == 0 {
                near.write_all(b"yes").await.expect("written");
                answered += 1;
            }
            at = end;
        }
        sender.await.expect("no panic");
        assert!(received == expected && answered > 5);
        assert_eq!(near.read(&mut [0; 8]).await.expect("closed"), 0);
    }
}
