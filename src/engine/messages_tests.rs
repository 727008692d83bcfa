use super::super::testing::*;
use super::*;
use crate::agents::{self, EventSink, Flow, Listing};
use crate::index::{DocMeta, Document, IndexOptions};
use crate::model::{
    AgentId, AgentInfo, Checkpoint, Event, EventKind, Fingerprint, PromptKind, Rank, SessionStart,
    Source, SourceMode, ToolCall,
};
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};

/// A room whose every source holds the same messages; counts how many it had to hand over.
struct Room {
    messages: Vec<Message>,
    read: AtomicUsize,
}

impl Agent for Room {
    fn info(&self) -> &'static AgentInfo {
        agents::AGENTS[0].info()
    }
    fn discover(&self, _root: &Path, _found: &mut dyn FnMut(Source)) -> Listing {
        Listing::default()
    }
    fn parse(
        &self,
        _source: &Source,
        from: &Checkpoint,
        sink: &mut dyn EventSink,
    ) -> std::io::Result<Checkpoint> {
        let text = sink.wants() == Wants::PAGE;
        for native in ["other", "ours"] {
            sink.session(SessionStart {
                native: native.into(),
                mode: SourceMode::Append,
            });
            for message in &self.messages {
                self.read.fetch_add(1, Ordering::Relaxed);
                let mut message = message.clone();
                if !text {
                    message.text.clear();
                }
                let at = Some(START + i64::from(message.seq));
                let kind = EventKind::Message(Box::new(message));
                if sink.event(Event {
                    at,
                    offset: 0,
                    kind,
                }) == Flow::Stop
                {
                    return Ok(from.clone());
                }
            }
        }
        Ok(from.clone())
    }
}

fn message(seq: u32, role: Role) -> Message {
    let tool = matches!(role, Role::Tool | Role::Output).then(|| {
        Box::new(ToolCall {
            name: "sh".into(),
            call_id: format!("c{}", seq / 6),
            ..ToolCall::default()
        })
    });
    Message {
        seq,
        uuid: format!("u{seq}"),
        role,
        text: format!("text of {seq}"),
        tool,
        ..Message::default()
    }
}

/// Six messages a round: prompt, thought, call, answer, output, injected text.
fn rounds(rounds: u32) -> Vec<Message> {
    let roles = [
        Role::User,
        Role::Thinking,
        Role::Tool,
        Role::Assistant,
        Role::Output,
        Role::User,
    ];
    (0..rounds * 6)
        .map(|seq| {
            let mut message = message(seq, roles[seq as usize % 6]);
            if seq % 6 == 5 {
                message.prompt = PromptKind::Injected;
            }
            message
        })
        .collect()
}

struct Fixture {
    room: Room,
    entry: Arc<Entry>,
    source: SourceRef,
}

fn fixture(count: u32, size: u64) -> Fixture {
    let messages = rounds(count);
    let mut summary = session("ours", "/p", "x");
    summary.all_messages = messages.len() as u32;
    summary.prompts = count;
    summary.assistant_messages = count;
    summary.tool_calls = count;
    let catalog = catalog(vec![summary]);
    Fixture {
        room: Room {
            messages,
            read: AtomicUsize::new(0),
        },
        entry: catalog.get(Sid(0)).unwrap().clone(),
        source: SourceRef {
            agent: AgentId::new(agents::AGENTS[0].info().id),
            source: Source {
                path: "/nowhere".into(),
                fingerprint: Fingerprint {
                    size,
                    ..Fingerprint::default()
                },
                rank: Rank::Primary,
                layout: 0,
                native: "ours".into(),
                parent: None,
            },
            complete: false,
            gone: false,
        },
    }
}

impl Fixture {
    fn page(&self, query: &MessagesQuery) -> MessagesPage {
        from_source(
            &self.room,
            &jiff::tz::TimeZone::UTC,
            &self.entry,
            &self.source,
            &[],
            query,
        )
        .unwrap()
    }
}

fn query(filter: RoleFilter, offset: usize, limit: usize) -> MessagesQuery {
    MessagesQuery {
        filter,
        offset,
        limit,
        around: None,
        only: None,
    }
}

fn seqs(page: &MessagesPage) -> Vec<u32> {
    page.items.iter().map(|item| item.seq).collect()
}

#[test]
fn the_first_page_of_a_long_file_does_not_read_the_file() {
    let long = fixture(2_000, SHORT + 1);
    let page = long.page(&query(RoleFilter::All, 0, 50));
    assert_eq!(
        (page.items.len(), page.next, page.previous),
        (50, Some(50), None)
    );
    assert_eq!(
        page.total, 10_000,
        "12,000 messages less 2,000 outputs, by the summary"
    );
    let others = long.room.messages.len();
    let read = long.room.read.load(Ordering::Relaxed) - others;
    assert!(read < 100, "{read} messages were read for a page of 50");
    assert!(page.items.iter().all(|item| !item.text.is_empty()));
    let call = page
        .items
        .iter()
        .find(|item| item.role == Role::Tool)
        .unwrap();
    assert_eq!(call.output.as_ref().unwrap().text, "text of 4");
}

#[test]
fn short_files_have_exact_totals_and_their_last_page_ends() {
    let short = fixture(10, 1_000);
    let page = short.page(&query(RoleFilter::All, 40, 50));
    assert_eq!((page.total, page.items.len(), page.next), (50, 10, None));
    assert_eq!(page.previous, Some(0));
    let beyond = short.page(&query(RoleFilter::All, 500, 50));
    assert!(beyond.items.is_empty() && beyond.next.is_none());
}

#[test]
fn filters_count_and_page_by_their_own_ordinal() {
    let short = fixture(10, 1_000);
    let page = short.page(&query(RoleFilter::User, 3, 2));
    assert_eq!(
        (seqs(&page), page.total),
        (vec![18, 24], 10),
        "injected text is no prompt"
    );
    let page = short.page(&query(RoleFilter::Tools, 0, 2));
    assert_eq!((seqs(&page), page.total), (vec![2, 8], 10));
    let page = short.page(&query(RoleFilter::Assistant, 9, 2));
    assert_eq!((seqs(&page), page.next), (vec![57], None));
}

#[test]
fn a_page_is_found_around_every_message() {
    let short = fixture(10, 1_000);
    for seq in 0..60 {
        let around = MessagesQuery {
            around: Some(seq),
            ..query(RoleFilter::All, 0, 7)
        };
        let page = short.page(&around);
        let there = page.items.iter().any(|item| {
            item.seq == seq || item.output.as_ref().is_some_and(|output| output.seq == seq)
        });
        assert!(there, "{seq} not in {:?}", seqs(&page));
        assert_eq!(page.offset % 7, 0, "pages stay where paging puts them");
    }
}

#[test]
fn copies_are_marked_from_what_the_store_knows() {
    let short = fixture(1, 1_000);
    let copied = [uuid_hash("u3")];
    let query = query(RoleFilter::All, 0, 9);
    let page = from_source(
        &short.room,
        &jiff::tz::TimeZone::UTC,
        &short.entry,
        &short.source,
        &copied,
        &query,
    )
    .unwrap();
    let copies: Vec<u32> = page
        .items
        .iter()
        .filter(|i| i.copy)
        .map(|i| i.seq)
        .collect();
    assert_eq!(copies, [3]);
}

fn indexed(messages: &[Message]) -> (SearchIndex, tempfile::TempDir) {
    let dir = tempfile::tempdir().unwrap();
    let options = IndexOptions {
        heap_bytes: 32 << 20,
        threads: 1,
    };
    let index = crate::index::SearchIndex::open(dir.path(), &options)
        .unwrap()
        .index;
    let document = |m: &Message| Document {
        sid: Sid(0),
        seq: m.seq,
        role: m.role,
        at: Some(START + i64::from(m.seq)),
        text: m.text.clone(),
        meta: DocMeta {
            uuid: m.uuid.clone(),
            prompt: m.prompt,
            tool: m.tool.as_deref().cloned(),
            ..DocMeta::default()
        },
        ..Document::default()
    };
    index.add(messages.iter().map(document).collect()).unwrap();
    index.commit("1").unwrap();
    (index, dir)
}

#[test]
fn the_index_gives_the_pages_that_the_file_gives() {
    let short = fixture(30, 1_000);
    let (index, _dir) = indexed(&short.room.messages);
    let told = |page: &MessagesPage| -> Vec<(u32, String, Option<String>)> {
        let output = |item: &TranscriptItem| item.output.as_ref().map(|o| o.text.clone());
        page.items
            .iter()
            .map(|item| (item.seq, item.text.clone(), output(item)))
            .collect()
    };
    for filter in [
        RoleFilter::All,
        RoleFilter::User,
        RoleFilter::Assistant,
        RoleFilter::Tools,
    ] {
        for offset in [0, 1, 7, 25, 140, 149, 150, 1_000] {
            let query = query(filter, offset, 10);
            let (file, kept) = (
                short.page(&query),
                from_index(&index, Sid(0), &query).unwrap(),
            );
            assert_eq!(told(&kept), told(&file), "{filter:?} from {offset}");
            assert_eq!(
                (kept.total, kept.next, kept.previous),
                (file.total, file.next, file.previous)
            );
        }
        let around = MessagesQuery {
            around: Some(90),
            ..query(filter, 0, 10)
        };
        assert_eq!(
            from_index(&index, Sid(0), &around).unwrap().offset,
            short.page(&around).offset
        );
    }
}

#[test]
fn outputs_that_lost_their_call_still_show_from_the_index() {
    let mut messages = rounds(2);
    messages.remove(2); // the call of the first output
    let (index, _dir) = indexed(&messages);
    let page = from_index(&index, Sid(0), &query(RoleFilter::All, 0, 50)).unwrap();
    assert!(seqs(&page).contains(&4));
    assert!(!seqs(&page).contains(&10), "that one is paired");
}

#[test]
fn a_deleted_file_is_told_from_the_archive() {
    let bench = Bench::new();
    let mut gone = session("ours", "/p", "x");
    gone.gone = true;
    gone.all_messages = 12;
    gone.tool_calls = 2;
    let sid = bench.put(&gone, &[]);
    let query = query(RoleFilter::All, 0, 50);
    let early = bench.engine.messages(sid, &query).unwrap();
    assert!(early.from_archive && early.items.is_empty());
    assert_eq!(early.total, 10, "known before the index is open");

    let (index, _dir) = indexed(&rounds(2));
    assert!(bench.engine.index.set(Arc::new(index)).is_ok());
    let page = bench.engine.messages(sid, &query).unwrap();
    assert!(page.from_archive);
    assert_eq!((page.total, page.items.len()), (10, 10));
    assert!(
        bench.engine.messages(Sid(77), &query).is_err(),
        "no such session"
    );
}
