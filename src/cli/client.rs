//! GET over HTTP/1.1 from the server on this machine: all that a verb needs, without an HTTP library.

use anyhow::{Context, bail};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// Longest answer that is taken: a list of all sessions of a large history is some 100 MB.
const LONGEST: u64 = 1 << 30;

pub struct Response {
    pub status: u16,
    /// Names in lower case.
    headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Response {
    pub fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(key, _)| key == name);
        found.map(|(_, value)| value.as_str())
    }
}

/// Gets a path with its query string; `host` is the name that the server knows itself by, with the
/// port. `patience` is what the answer may take to begin.
///
/// # Errors
/// Nobody listens, nobody answers in time, or the answer is not HTTP.
pub fn get(
    address: SocketAddr,
    host: &str,
    path: &str,
    patience: Duration,
) -> anyhow::Result<Response> {
    let mut stream = TcpStream::connect_timeout(&address, patience.min(Duration::from_secs(2)))?;
    stream.set_read_timeout(Some(patience))?;
    stream.set_write_timeout(Some(patience))?;
    write!(
        stream,
        "GET {path} HTTP/1.1\r\nHost: {host}\r\nAccept: application/json\r\n\
         Connection: close\r\n\r\n"
    )?;
    let mut bytes = Vec::new();
    stream.take(LONGEST).read_to_end(&mut bytes)?;
    parse(&bytes).with_context(|| format!("{address} does not answer as a server should"))
}

fn parse(bytes: &[u8]) -> anyhow::Result<Response> {
    let end = memchr::memmem::find(bytes, b"\r\n\r\n").context("the answer has no end of head")?;
    let head = std::str::from_utf8(&bytes[..end])?;
    let mut lines = head.split("\r\n");
    let status = lines
        .next()
        .and_then(|line| line.strip_prefix("HTTP/1."))
        .and_then(|rest| rest.split(' ').nth(1))
        .context("the answer has no status")?
        .parse()?;
    let headers: Vec<(String, String)> = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
        .collect();
    let mut response = Response {
        status,
        headers,
        body: Vec::new(),
    };
    let rest = &bytes[end + 4..];
    response.body = match (
        response.header("transfer-encoding"),
        response.header("content-length"),
    ) {
        (Some("chunked"), _) => unchunk(rest)?,
        (_, Some(length)) => match rest.get(..length.parse()?) {
            Some(body) => body.to_vec(),
            None => bail!("the answer broke off"),
        },
        _ => rest.to_vec(),
    };
    Ok(response)
}

fn unchunk(mut rest: &[u8]) -> anyhow::Result<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let end = memchr::memmem::find(rest, b"\r\n").context("the answer broke off")?;
        let line = std::str::from_utf8(&rest[..end])?;
        let size = line.split(';').next().unwrap_or_default().trim();
        let size = usize::from_str_radix(size, 16).context("a chunk has no size")?;
        if size == 0 {
            return Ok(body);
        }
        let chunk = rest.get(end + 2..).and_then(|rest| rest.get(..size));
        body.extend_from_slice(chunk.context("the answer broke off")?);
        rest = rest.get(end + 2 + size + 2..).unwrap_or_default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bodies_by_length_by_chunks_and_to_the_end() {
        let plain = b"HTTP/1.1 200 OK\r\nX-Total-Count: 7\r\ncontent-length: 2\r\n\r\n[]rest";
        let response = parse(plain).unwrap();
        assert_eq!(
            (response.status, response.body.as_slice()),
            (200, &b"[]"[..])
        );
        assert_eq!(response.header("x-total-count"), Some("7"));

        let chunked = b"HTTP/1.1 503 No\r\nTransfer-Encoding: chunked\r\n\r\n\
            3\r\nabc\r\n4;x=y\r\ndefg\r\n0\r\n\r\n";
        let response = parse(chunked).unwrap();
        assert_eq!(
            (response.status, response.body.as_slice()),
            (503, &b"abcdefg"[..])
        );

        let open = parse(b"HTTP/1.0 200 OK\r\n\r\nall of it").unwrap();
        assert_eq!(open.body, b"all of it");
    }

    #[test]
    fn what_is_no_answer_is_an_error() {
        for bytes in [
            &b""[..],
            b"SSH-2.0-x\r\n\r\n",
            b"HTTP/1.1 abc\r\n\r\n",
            b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nshort",
            b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nab",
            b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\nab",
            b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nffffffffffffffff\r\nab",
        ] {
            assert!(
                parse(bytes).is_err(),
                "{:?}",
                String::from_utf8_lossy(bytes)
            );
        }
    }
}
