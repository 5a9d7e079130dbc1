//! A REST server that answers by a function, and counts what is asked of it.

use std::{
    io::{Read as _, Write as _},
    net::{Ipv4Addr, TcpListener, TcpStream},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use serde_json::{Value, json};

/// A request.
pub(super) struct Ask {
    pub(super) method: String,
    pub(super) table: String,
    pub(super) head: String,
    /// Requests before it.
    pub(super) number: usize,
}

/// An answer.
pub(super) struct Answer {
    status: u16,
    headers: String,
    body: String,
    delay: Duration,
}

impl Answer {
    pub(super) fn new(status: u16, body: &Value) -> Self {
        Self {
            status,
            headers: String::new(),
            body: body.to_string(),
            delay: Duration::ZERO,
        }
    }

    pub(super) fn rows(rows: &Value) -> Self {
        Self::new(200, rows)
    }

    /// A table that does not exist, as PostgREST says it.
    pub(super) fn missing(table: &str, hint: Option<&str>) -> Self {
        let hint = hint.map(|hint| format!("Perhaps you meant the table 'public.{hint}'"));
        let message = format!("Could not find the table 'public.{table}' in the schema cache");
        Self::new(
            404,
            &json!({"code": "PGRST205", "details": null, "hint": hint, "message": message}),
        )
    }

    pub(super) fn denied(table: &str) -> Self {
        let message = format!("permission denied for table {table}");
        Self::new(
            401,
            &json!({"code": "42501", "details": null, "hint": null, "message": message}),
        )
    }

    pub(super) fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push_str(&format!("{name}: {value}\r\n"));
        self
    }

    pub(super) fn after(self, delay: Duration) -> Self {
        Self { delay, ..self }
    }
}

/// The running server.
pub(super) struct Rest {
    pub(super) url: String,
    requests: Arc<AtomicUsize>,
    most_at_once: Arc<AtomicUsize>,
}

impl Rest {
    /// Serves until the test ends.
    pub(super) fn serve(answer: impl Fn(&Ask) -> Answer + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let answer = Arc::new(answer);
        let (requests, at_once, most) = (
            Arc::<AtomicUsize>::default(),
            Arc::<AtomicUsize>::default(),
            Arc::default(),
        );
        let rest = Self {
            url,
            requests: requests.clone(),
            most_at_once: Arc::clone(&most),
        };
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (answer, requests) = (answer.clone(), requests.clone());
                let (at_once, most) = (at_once.clone(), Arc::clone(&most));
                std::thread::spawn(move || {
                    let now = at_once.fetch_add(1, Ordering::SeqCst) + 1;
                    most.fetch_max(now, Ordering::SeqCst);
                    let _ = one(stream, &*answer, &requests, &at_once);
                });
            }
        });
        rest
    }

    pub(super) fn requests(&self) -> usize {
        self.requests.load(Ordering::SeqCst)
    }

    pub(super) fn most_at_once(&self) -> usize {
        self.most_at_once.load(Ordering::SeqCst)
    }
}

/// Answers one request and closes the connection.
fn one(
    mut stream: TcpStream,
    answer: &dyn Fn(&Ask) -> Answer,
    requests: &AtomicUsize,
    at_once: &AtomicUsize,
) -> std::io::Result<()> {
    stream.set_read_timeout(Some(Duration::from_secs(30)))?;
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") && stream.read(&mut byte)? == 1 {
        head.extend(byte);
    }
    let head = String::from_utf8_lossy(&head).into_owned();
    let (method, path) = head.split_once(' ').unwrap_or_default();
    let table = path.split([' ', '?']).next().unwrap_or_default();
    let table = table.strip_prefix("/rest/v1/").unwrap_or_default();
    let ask = Ask {
        method: method.to_owned(),
        table: percent_encoded(table),
        // The socket is no request to the REST interface.
        number: requests.fetch_add(usize::from(path.starts_with("/rest/v1/")), Ordering::SeqCst),
        head: head.clone(),
    };
    let Answer {
        status,
        headers,
        body,
        delay,
    } = answer(&ask);
    std::thread::sleep(delay);
    at_once.fetch_sub(1, Ordering::SeqCst);
    write!(
        stream,
        "HTTP/1.1 {status} Told\r\nContent-Type: application/json\r\n{headers}Content-Length: {}\r\nConnection: \
         close\r\n\r\n{body}",
        body.len()
    )
}

/// The text that a path element encodes.
fn percent_encoded(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let Some((first, behind)) = rest.split_first() {
        let code = behind
            .get(..2)
            .and_then(|code| u8::from_str_radix(std::str::from_utf8(code).ok()?, 16).ok());
        match code.filter(|_| *first == b'%') {
            Some(byte) => {
                bytes.push(byte);
                rest = &behind[2..];
            }
            None => {
                bytes.push(*first);
                rest = behind;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}
