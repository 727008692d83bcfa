//! As much HTTP as it takes to ask one's own server and to see when the first byte comes.

use anyhow::{Context, Result, ensure};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

pub struct Answer {
    pub status: u16,
    pub headers: String,
    pub body: Vec<u8>,
    pub first_byte: Duration,
    pub whole: Duration,
}

impl Answer {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.lines().find_map(|line| {
            let (key, value) = line.split_once(':')?;
            key.eq_ignore_ascii_case(name).then(|| value.trim())
        })
    }
    pub fn count(&self, name: &str) -> Result<u64> {
        let text = self
            .header(name)
            .with_context(|| format!("no header {name}"))?;
        text.parse().with_context(|| format!("{name}: {text}"))
    }
}

/// One GET on a connection of its own.
pub fn get(address: SocketAddr, path: &str) -> Result<Answer> {
    get_as(address, path, "identity")
}

/// The same, of a reader who takes these encodings; the body stays as it was sent.
pub fn get_as(address: SocketAddr, path: &str, encodings: &str) -> Result<Answer> {
    let start = Instant::now();
    let mut stream = TcpStream::connect(address)?;
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(Duration::from_secs(120)))?;
    write!(
        stream,
        "GET {path} HTTP/1.1\r\nHost: {address}\r\nAccept: */*\r\nAccept-Encoding: {encodings}\r\nConnection: close\r\n\r\n"
    )?;
    let mut bytes = vec![0; 16 << 10];
    let got = stream.read(&mut bytes)?;
    let first_byte = start.elapsed();
    bytes.truncate(got);
    stream.read_to_end(&mut bytes)?;
    let whole = start.elapsed();
    let end = bytes
        .windows(4)
        .position(|four| four == b"\r\n\r\n")
        .context("no end of headers")?;
    let headers = String::from_utf8_lossy(&bytes[..end]).into_owned();
    let status = headers
        .split(' ')
        .nth(1)
        .and_then(|word| word.parse().ok())
        .context("no status")?;
    let mut answer = Answer {
        status,
        headers,
        body: bytes.split_off(end + 4),
        first_byte,
        whole,
    };
    if answer
        .header("transfer-encoding")
        .is_some_and(|value| value.contains("chunked"))
    {
        answer.body = dechunked(&answer.body)?;
    }
    Ok(answer)
}

/// As [`get`], but anything other than 200 is an error that shows the answer.
pub fn ok(address: SocketAddr, path: &str) -> Result<Answer> {
    let answer = get(address, path)?;
    let start: String = String::from_utf8_lossy(&answer.body)
        .chars()
        .take(300)
        .collect();
    ensure!(
        answer.status == 200,
        "GET {path}: {} {start}",
        answer.status
    );
    Ok(answer)
}

fn dechunked(mut rest: &[u8]) -> Result<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let end = rest
            .windows(2)
            .position(|two| two == b"\r\n")
            .context("a chunk without a size")?;
        let digits = std::str::from_utf8(&rest[..end])?
            .split(';')
            .next()
            .unwrap_or_default();
        let size = usize::from_str_radix(digits.trim(), 16)?;
        rest = &rest[end + 2..];
        if size == 0 {
            return Ok(body);
        }
        ensure!(rest.len() >= size + 2, "a chunk is cut short");
        body.extend_from_slice(&rest[..size]);
        rest = &rest[size + 2..];
    }
}

/// Percent-encodes a query value.
pub fn encode(text: &str) -> String {
    text.bytes()
        .map(|byte| match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => {
                char::from(byte).to_string()
            }
            _ => format!("%{byte:02X}"),
        })
        .collect()
}
