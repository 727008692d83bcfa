use super::super::testing::*;
use super::*;
use crate::engine::view::{MessagesQuery, RawAnswer};
use crate::model::BodyFormat;

fn message(seq: u32, role: Role, text: &str) -> Message {
    Message {
        seq,
        role,
        text: text.into(),
        format: BodyFormat::Plain,
        ..Message::default()
    }
}

fn call(seq: u32, name: &str, kind: ToolKind, files: &[&str]) -> Message {
    let tool = ToolCall {
        name: name.into(),
        kind,
        call_id: format!("c{seq}"),
        files: files.iter().map(|path| (*path).to_owned()).collect(),
        ..ToolCall::default()
    };
    Message {
        tool: Some(Box::new(tool)),
        ..message(seq, Role::Tool, "")
    }
}

fn output(seq: u32, of: u32, failed: bool) -> Message {
    let tool = ToolCall {
        call_id: format!("c{of}"),
        failed,
        ..ToolCall::default()
    };
    Message {
        tool: Some(Box::new(tool)),
        ..message(seq, Role::Output, "")
    }
}

/// A prompt, two calls at once whose outputs come later, a compaction, an injected text, a prompt.
fn drawn() -> SessionMap {
    let mut surveyor = Surveyor::default();
    for message in [
        message(0, Role::User, "light the lantern"),
        call(1, "Edit", ToolKind::Edit, &["a.rs", "a.rs", ""]),
        call(2, "Bash", ToolKind::Shell, &["b.rs"]),
        output(3, 2, true),
        output(4, 1, false),
    ] {
        surveyor.push(message, Some(7));
    }
    surveyor.fact(&Fact::Compaction);
    let injected = Message {
        prompt: PromptKind::Injected,
        ..message(5, Role::User, "caveat")
    };
    surveyor.push(injected, None);
    surveyor.push(message(6, Role::User, &"é".repeat(PEEK)), None);
    (*surveyor.map).clone()
}

fn seqs(map: &SessionMap, landmark: Landmark) -> Vec<u32> {
    map.only(&landmark).map(|mark| mark.seq).collect()
}

#[test]
fn landmarks_are_where_they_happened() {
    let map = drawn();
    assert_eq!(seqs(&map, Landmark::Prompt), [0, 6]);
    assert_eq!(seqs(&map, Landmark::Edit), [1]);
    assert_eq!(seqs(&map, Landmark::Error), [2], "the call, not its output");
    assert_eq!(seqs(&map, Landmark::Compaction), [5]);
    assert_eq!(seqs(&map, Landmark::Tool("Bash".into())), [2]);
    assert_eq!(seqs(&map, Landmark::Tool("nobody".into())), [0; 0]);
    assert_eq!(
        map.files.len(),
        1,
        "a shell call that names a file edits none"
    );
    assert_eq!(map.files["a.rs"], [1]);
    assert!(map.prompts[1].text.len() <= PEEK);
}

#[test]
fn a_call_and_its_output_are_one_item() {
    let map = drawn();
    assert_eq!(map.marks.len(), 5);
    let both: Vec<u32> = map.marks[1].seqs().collect();
    assert_eq!(both, [1, 4]);
}

#[test]
fn a_session_told_anew_is_drawn_anew() {
    let mut surveyor = Surveyor::default();
    surveyor.push(message(0, Role::User, "first"), None);
    surveyor.begin_again();
    surveyor.push(message(0, Role::User, "second"), None);
    assert_eq!(surveyor.map.marks.len(), 1);
    assert_eq!(surveyor.map.prompts[0].text, "second");
}

/// A transcript in a file that can grow, known to a store as it was last seen.
struct Grown {
    bench: Bench,
    path: PathBuf,
    sid: Sid,
}

impl Grown {
    fn new() -> Grown {
        let bench = Bench::new();
        let path = bench.dir.path().join("ours.jsonl");
        let mut summary = session("ours", "/p", "x");
        summary.path = path.to_string_lossy().into_owned();
        let sid = bench.put(&summary, &[]);
        Grown { bench, path, sid }
    }

    fn write(&self, lines: &[String]) {
        std::fs::write(&self.path, lines.concat()).unwrap();
        let size = lines.concat().len() as u64;
        self.note(Fingerprint {
            size,
            mtime_ns: lines.len() as i64,
            ..Fingerprint::default()
        });
    }

    fn note(&self, fingerprint: Fingerprint) {
        let source = crate::model::Source::whole(self.path.clone(), fingerprint, "ours".into());
        let room = crate::agents::AGENTS[0];
        let row = crate::store::SourceRow::of(&source, room.info().id, 0);
        let mut writer = self.bench.engine.store.write().unwrap();
        writer.put_source(&row).unwrap();
        writer.commit().unwrap();
    }

    fn map(&self) -> Arc<SessionMap> {
        let catalog = self.bench.engine.catalog.get().unwrap();
        let entry = catalog.get(self.sid).unwrap();
        self.bench.engine.map(entry).unwrap()
    }
}

fn prompt(n: u32) -> String {
    format!(
        "{{\"type\":\"user\",\"uuid\":\"u{n}\",\"sessionId\":\"ours\",\"timestamp\":\"2026-03-01T00:00:0{n}Z\",\
         \"message\":{{\"role\":\"user\",\"content\":\"prompt {n}\"}}}}\n"
    )
}

#[test]
fn a_file_that_grew_is_read_on_and_one_rewritten_anew() {
    let grown = Grown::new();
    let texts = |map: &SessionMap| -> Vec<String> {
        map.prompts
            .iter()
            .map(|prompt| prompt.text.clone())
            .collect()
    };
    let mut lines = vec![prompt(0), prompt(1)];
    grown.write(&lines);
    let first = grown.map();
    assert_eq!(texts(&first), ["prompt 0", "prompt 1"]);
    assert!(Arc::ptr_eq(&first, &grown.map()), "nothing has changed");
    lines.push(prompt(2));
    grown.write(&lines);
    let second = grown.map();
    assert_eq!(texts(&second), ["prompt 0", "prompt 1", "prompt 2"]);
    assert_eq!(second.marks[2].seq, 2);
    assert_eq!(texts(&first).len(), 2, "who holds the old one keeps it");
    let other = [prompt(7), prompt(8), prompt(9), prompt(3), prompt(4)];
    grown.write(&other);
    assert_eq!(texts(&grown.map())[0], "prompt 7");
    std::fs::remove_file(&grown.path).unwrap();
    grown.note(Fingerprint::default());
    assert!(grown.map().from_archive);
}

/// A prompt of two kilobytes, whose number has as many digits as that of any other.
fn long_prompt(n: u32) -> String {
    prompt(n % 10).replace(
        &format!("prompt {}", n % 10),
        &format!("prompt {n:05} {}", "wick ".repeat(400)),
    )
}

#[test]
fn a_page_in_the_middle_of_a_long_file_is_read_where_it_stands() {
    let grown = Grown::new();
    let mut lines: Vec<String> = (0..6000).map(long_prompt).collect();
    assert!(lines.concat().len() as u64 > SHORT + 2 * STRETCH);
    grown.write(&lines);
    let page = |query: MessagesQuery| {
        let page = grown.bench.engine.messages(grown.sid, &query).unwrap();
        let texts = page.items.iter().map(|item| item.text[..12].to_owned());
        let seqs = page.items.iter().map(|item| item.seq);
        (
            seqs.zip(texts).collect::<Vec<_>>(),
            page.offset,
            page.total,
            page.next,
        )
    };
    let at = |offset: usize| MessagesQuery {
        offset,
        limit: 3,
        ..MessagesQuery::default()
    };
    let told = |from: u32| -> Vec<(u32, String)> {
        (from..from + 3)
            .map(|n| (n, format!("prompt {n:05}")))
            .collect()
    };
    assert_eq!(page(at(0)).0, told(0));
    assert_eq!(page(at(5400)), (told(5400), 5400, 6000, Some(5403)));
    // what lies long before is not looked at again: it could say anything
    for line in &mut lines[..2000] {
        *line = format!("{}\n", "x".repeat(line.len() - 1));
    }
    std::fs::write(&grown.path, lines.concat()).unwrap();
    assert_eq!(page(at(5400)), (told(5400), 5400, 6000, Some(5403)));
    let around = MessagesQuery {
        around: Some(5990),
        filter: RoleFilter::User,
        ..at(0)
    };
    assert_eq!(page(around), (told(5988), 5988, 6000, Some(5991)));
    let mut record = String::new();
    let RawAnswer::Found(mut pieces) = grown.bench.engine.raw(grown.sid, 5400).unwrap() else {
        panic!("the record is there");
    };
    std::io::Read::read_to_string(&mut pieces[0].content, &mut record).unwrap();
    assert!(record.contains("prompt 05400"), "{record}");
    // and what is appended is found too
    lines.extend((6000..6010).map(long_prompt));
    grown.write(&lines);
    assert_eq!(page(at(6004)), (told(6004), 6004, 6010, Some(6007)));
}

#[test]
fn a_record_longer_than_a_stretch_is_no_end() {
    let grown = Grown::new();
    let mut lines: Vec<String> = (0..1500).map(long_prompt).collect();
    lines.push(long_prompt(1500).replace("wick ", &"wick ".repeat(1500)));
    lines.extend((1501..5500).map(long_prompt));
    grown.write(&lines);
    let map = grown.map();
    assert_eq!(map.marks.len(), 5500);
    assert_eq!(map.prompts[5499].text[..12], *"prompt 05499");
}
