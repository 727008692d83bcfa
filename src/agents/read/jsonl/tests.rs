use super::*;
use crate::agents::EventSink;
use crate::model::{Event, SessionStart, Wants};
use std::io::Write;

#[derive(Default)]
struct Issues {
    seen: Vec<(u64, IssueKind)>,
    stop: bool,
}

impl EventSink for Issues {
    fn wants(&self) -> Wants {
        Wants::ALL
    }
    fn session(&mut self, _: SessionStart) {}
    fn event(&mut self, _: Event) -> Flow {
        Flow::Go
    }
    fn issue(&mut self, issue: ParseIssue) {
        self.seen.push((issue.line, issue.kind));
    }
    fn progress(&mut self, _: u64) -> Flow {
        if self.stop { Flow::Stop } else { Flow::Go }
    }
}

type Given = (u64, u64, String);

fn read_from(bytes: &[u8], from: &Checkpoint, limit: usize) -> (Vec<Given>, Issues, Checkpoint) {
    let mut sink = Issues::default();
    let mut lines = Lines::over(bytes, Path::new("x"), from)
        .unwrap()
        .limit(limit);
    let mut given = Vec::new();
    while let Some(line) = lines.next(&mut sink).unwrap() {
        given.push((line.number, line.offset, line.text.to_owned()));
    }
    let checkpoint = lines.checkpoint();
    (given, sink, checkpoint)
}

fn read(bytes: &[u8]) -> (Vec<Given>, Issues, Checkpoint) {
    read_from(bytes, &Checkpoint::default(), MAX_RECORD)
}

fn texts(given: &[Given]) -> Vec<&str> {
    given.iter().map(|(_, _, text)| text.as_str()).collect()
}

#[test]
fn only_a_newline_ends_a_record() {
    let text = "\u{feff}{\"a\":1}\r\n\n{\"b\":\"x\u{2028}y\u{85}z\"}\n  \n{\"c\":3}\n";
    let (given, issues, checkpoint) = read(text.as_bytes());
    assert_eq!(
        texts(&given),
        ["{\"a\":1}", "{\"b\":\"x\u{2028}y\u{85}z\"}", "{\"c\":3}"]
    );
    assert_eq!(given.iter().map(|g| g.0).collect::<Vec<_>>(), [1, 3, 5]);
    assert!(issues.seen.is_empty());
    assert_eq!((checkpoint.offset, checkpoint.line), (text.len() as u64, 5));
}

#[test]
fn a_torn_tail_waits_and_nothing_counts_twice() {
    let whole = b"{\"a\":1}\n{\"b\":2}\n{\"c\":3}";
    for cut in 0..=whole.len() {
        let (mut given, issues, checkpoint) = read(&whole[..cut]);
        let torn = issues
            .seen
            .iter()
            .any(|(_, kind)| *kind == IssueKind::TornTail);
        assert_eq!(torn, (checkpoint.offset as usize) < cut, "cut at {cut}");
        let (rest, issues, end) = read_from(whole, &checkpoint, MAX_RECORD);
        given.extend(rest);
        let lines: Vec<(u64, &str)> = given.iter().map(|g| (g.0, g.2.as_str())).collect();
        assert_eq!(
            lines,
            [(1, "{\"a\":1}"), (2, "{\"b\":2}"), (3, "{\"c\":3}")],
            "cut at {cut}"
        );
        assert!(issues.seen.is_empty());
        assert_eq!(end, read(whole).2);
    }
}

#[test]
fn nuls_are_taken_off_and_told() {
    let (given, issues, _) = read(b"\0\0{\"a\":1}\0\n\0\0\0\n{\"b\":2}\n\0\0\0");
    assert_eq!(texts(&given), ["{\"a\":1}", "{\"b\":2}"]);
    let nul = IssueKind::NulBytes;
    assert_eq!(issues.seen, [(1, nul), (2, nul), (4, nul)]);
}

#[test]
fn a_long_hole_of_nuls_does_not_cost_the_record_behind_it() {
    let mut bytes = vec![0; 600_000];
    bytes.extend(b"{\"a\":1}\n");
    let (given, _, checkpoint) = read_from(&bytes, &Checkpoint::default(), 1000);
    assert_eq!(texts(&given), ["{\"a\":1}"]);
    assert_eq!(checkpoint.offset, bytes.len() as u64);
}

#[test]
fn invalid_utf8_keeps_the_record() {
    let (given, issues, _) = read(b"{\"a\":\"x\xff\xfey\"}\n{\"b\":2}\n");
    assert_eq!(given[0].2, "{\"a\":\"x\u{fffd}\u{fffd}y\"}");
    assert_eq!(given[1].2, "{\"b\":2}");
    assert_eq!(issues.seen, [(1, IssueKind::InvalidUtf8)]);
}

#[test]
fn an_over_long_record_is_cut_and_reading_goes_on() {
    let long = format!(
        "{{\"t\":\"u\",\"m\":{{\"c\":\"{}\"}},\"z\":1}}",
        "wörd ".repeat(200_000)
    );
    let text = format!("{{\"a\":1}}\n{long}\n{{\"b\":2}}\n");
    let (given, issues, checkpoint) = read_from(text.as_bytes(), &Checkpoint::default(), 100_000);
    assert_eq!(given.len(), 3);
    assert!(json::is_whole_object(&given[1].2) && given[1].2.len() <= 100_100);
    assert!(given[1].2.starts_with("{\"t\":\"u\",\"m\":{\"c\":\"wörd"));
    assert_eq!(given[2].2, "{\"b\":2}");
    assert_eq!(issues.seen, [(2, IssueKind::TooLong)]);
    assert_eq!(checkpoint.offset, text.len() as u64);
}

#[test]
fn the_limit_is_exact() {
    for length in [998, 999, 1000, 1001, 1002, 70_000] {
        let long = format!("{{\"a\":\"{}\"}}", "x".repeat(length - 8));
        let text = format!("{long}\n{{\"b\":2}}\n");
        let (given, issues, _) = read_from(text.as_bytes(), &Checkpoint::default(), 1000);
        assert_eq!(given.len(), 2, "{length}");
        assert_eq!(issues.seen.is_empty(), length <= 1000, "{length}");
    }
}

#[test]
fn an_over_long_record_without_end_stays() {
    let text = format!("{{\"a\":1}}\n{{\"b\":\"{}", "x".repeat(500_000));
    let (given, issues, checkpoint) = read_from(text.as_bytes(), &Checkpoint::default(), 10_000);
    assert_eq!(given.len(), 1);
    assert_eq!(issues.seen, [(2, IssueKind::TornTail)]);
    assert_eq!((checkpoint.offset, checkpoint.line), (8, 1));
    assert_eq!(checkpoint.tail_hash, read(b"{\"a\":1}\n").2.tail_hash);
}

#[test]
fn the_beginning_of_a_record_can_be_closed_anywhere() {
    let text = r#"{"a":"x\u00e9\ud83d\ude00\n","b":[1,{"c":null,"d":"\\"}],"e":{"f":true}}"#;
    for cut in 1..text.len() {
        let closed = close(&text[..cut]);
        assert!(json::is_whole_object(&closed), "{cut}: {closed}");
    }
}

#[test]
fn whole_records_are_saved_from_a_mixed_line() {
    for (line, want) in [
        (r#"{"a":1}{"b":2}"#, vec![r#"{"a":1}"#, r#"{"b":2}"#]),
        (
            r#"{"t":"u","m":{"c":"tor{"t":"x","m":{"k":1}}"#,
            vec![r#"{"t":"x","m":{"k":1}}"#],
        ),
        (r#"{"t":"u","m":{"c":[{"x":1},{"y":2}],"tor"#, vec![]),
        ("{\"a\":1}\0\0{\"b\":2}", vec![r#"{"a":1}"#, r#"{"b":2}"#]),
        ("{\"a\":\"x\u{1}\0y\"}", vec![r#"{"a":"x  y"}"#]),
        ("section .text", vec![]),
        (r#"{"a":1} trailing words"#, vec![]),
    ] {
        let pieces = salvage(line);
        let got: Vec<&str> = pieces.iter().map(|(_, text)| text.as_ref()).collect();
        assert_eq!(got, want, "{line}");
    }
}

#[test]
fn salvage_ends_soon_on_hostile_nesting() {
    let nested = "{\"a\":".repeat(200_000);
    assert!(salvage(&nested).is_empty());
}

#[test]
fn a_bad_line_is_an_issue_and_its_neighbours_are_read() {
    let bytes = b"{\"a\":1}\nnonsense\n{\"t\":\"x\n[1]\n{\"b\":2}{\"c\":3}\n{\"d\":4}\n";
    let mut sink = Issues::default();
    let mut lines = Lines::over(&bytes[..], Path::new("x"), &Checkpoint::default()).unwrap();
    let mut seen = Vec::new();
    let flow = each(&mut lines, &mut sink, &mut |line, _| {
        let raw = json::Raw::parse(line.text)?;
        if !raw.is_object() {
            return Err(serde::de::Error::custom("no object"));
        }
        seen.push((line.offset, line.text.to_owned()));
        Ok(Flow::Go)
    });
    assert_eq!(flow.unwrap(), Flow::Go);
    let offsets: Vec<u64> = seen.iter().map(|(offset, _)| *offset).collect();
    assert_eq!(offsets, [0, 29, 36, 44]);
    assert_eq!(
        sink.seen,
        [
            (2, IssueKind::BadRecord),
            (3, IssueKind::BadRecord),
            (4, IssueKind::WrongShape),
            (5, IssueKind::BadRecord),
        ]
    );
}

#[test]
fn the_sink_can_stop_a_long_read() {
    let bytes = b"{\"a\":1}\n".repeat(1 << 18);
    let mut sink = Issues {
        stop: true,
        ..Issues::default()
    };
    let mut lines = Lines::over(&bytes[..], Path::new("x"), &Checkpoint::default()).unwrap();
    let mut count = 0;
    while lines.next(&mut sink).unwrap().is_some() {
        count += 1;
    }
    assert!(lines.stopped() && count < (1 << 18), "{count}");
}

#[test]
fn an_append_is_told_from_a_rewrite() {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    let line = format!("{{\"a\":\"{}\"}}\n", "x".repeat(3000));
    file.write_all(line.repeat(3).as_bytes()).unwrap();
    let mut sink = Issues::default();
    let mut lines = Lines::open(file.path(), &Checkpoint::default()).unwrap();
    while lines.next(&mut sink).unwrap().is_some() {}
    let first = lines.checkpoint();
    assert!(verify(file.path(), &first).unwrap());

    file.write_all(b"{\"b\":2}\n").unwrap();
    assert!(verify(file.path(), &first).unwrap());
    let mut lines = Lines::open(file.path(), &first).unwrap();
    let line4 = lines.next(&mut sink).unwrap().unwrap();
    assert_eq!((line4.text, line4.number), ("{\"b\":2}", 4));
    assert!(lines.next(&mut sink).unwrap().is_none());
    assert!(verify(file.path(), &lines.checkpoint()).unwrap());

    let rewritten = line.replace('x', "y").repeat(4);
    std::fs::write(file.path(), &rewritten).unwrap();
    assert!(!verify(file.path(), &first).unwrap());
    std::fs::write(file.path(), b"short").unwrap();
    assert!(!verify(file.path(), &first).unwrap());
}
