//! The finding engine through its public face: words, tiers, facets, paging, writing, opening.

use codedash::index::{
    AttrRow, DocMeta, Document, IndexOptions, Match, OpenError, RoleSet, SearchIndex,
    SearchRequest, SearchResponse, SessionAttrs, SessionHit, Sort, Standing, Ticks, ValueField,
};
use codedash::model::{Day, Role, Sid, ToolCall};
use codedash::query::parse;
use jiff::tz::TimeZone;
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;
use tempfile::TempDir;

const DAY_MS: i64 = 86_400_000;
/// 2026-11-01T00:00:00Z.
const T0: i64 = 1_793_491_200_000;

fn today() -> Day {
    Day::parse("2026-11-21").expect("a date")
}

fn options() -> IndexOptions {
    IndexOptions {
        heap_bytes: 32 << 20,
        threads: 2,
    }
}

fn open(dir: &Path) -> SearchIndex {
    SearchIndex::open(dir, &options()).expect("opens").index
}

struct Room {
    dir: TempDir,
    index: SearchIndex,
    attrs: SessionAttrs,
}

impl Room {
    fn new() -> Room {
        let dir = tempfile::tempdir().expect("a folder");
        let index = open(dir.path());
        let attrs = SessionAttrs {
            agents: vec!["claude".into(), "codex".into()],
            projects: vec!["/home/ana/web-shop".into(), "/home/ana/compiler".into()],
            rows: Vec::new(),
        };
        Room { dir, index, attrs }
    }

    /// One session per text, each of one prompt, committed.
    fn of(texts: &[&str]) -> Room {
        let mut room = Room::new();
        for text in texts {
            room.session(vec![doc(Role::User, text)]);
        }
        room.commit();
        room
    }

    fn session(&mut self, docs: Vec<Document>) -> Sid {
        self.session_of(docs, AttrRow::default())
    }

    fn session_of(&mut self, mut docs: Vec<Document>, row: AttrRow) -> Sid {
        let sid = Sid(self.attrs.rows.len() as u32);
        self.attrs.rows.push(AttrRow { live: true, ..row });
        for (seq, doc) in docs.iter_mut().enumerate() {
            doc.sid = sid;
            doc.seq = seq as u32;
        }
        self.index.add(docs).expect("adds");
        sid
    }

    fn commit(&self) {
        self.index.commit("").expect("commits");
    }

    fn request(&self, question: &str) -> SearchRequest {
        SearchRequest {
            query: parse(question, today()),
            ticks: Ticks::default(),
            include_hidden: false,
            sort: Sort::Relevance,
            offset: 0,
            limit: 100,
            snippets: 3,
            only: None,
            attrs: Arc::new(self.attrs.clone()),
            zone: TimeZone::UTC,
            facets: true,
        }
    }

    fn search(&self, question: &str) -> SearchResponse {
        self.index
            .search(&self.request(question))
            .expect("searches")
    }

    /// Sessions found, best first.
    fn found(&self, question: &str) -> Vec<u32> {
        sids(&self.search(question))
    }

    /// Sessions found with all words, in order of sid.
    fn all_words(&self, question: &str) -> Vec<u32> {
        let response = self.search(question);
        if response.tier != Match::AllWords {
            return Vec::new();
        }
        let mut found = sids(&response);
        found.sort_unstable();
        found
    }
}

fn doc(role: Role, text: &str) -> Document {
    Document {
        role,
        text: text.to_owned(),
        at: Some(T0),
        ..Document::default()
    }
}

fn tool(role: Role, name: &str, failed: bool, files: &[&str], text: &str) -> Document {
    Document {
        meta: DocMeta {
            tool: Some(ToolCall {
                name: name.to_owned(),
                failed,
                files: files.iter().map(|f| (*f).to_owned()).collect(),
                ..ToolCall::default()
            }),
            ..DocMeta::default()
        },
        ..doc(role, text)
    }
}

fn sids(response: &SearchResponse) -> Vec<u32> {
    response.hits.iter().map(|hit| hit.sid.0).collect()
}

fn marked(hit: &SessionHit) -> Vec<&str> {
    let snippet = &hit.snippets[0];
    let marks = snippet.marks.iter();
    marks.map(|(from, to)| &snippet.text[*from..*to]).collect()
}

mod words {
    use super::*;

    #[test]
    fn parts_and_wholes_are_both_findable() {
        let room = Room::of(&[
            "call getUserName here",
            "call get_user_name here",
            "the user has a name",
            "x.y and m::n and a-b and src/deep/main.rs",
            "HTTPServer on utf8",
        ]);
        assert_eq!(room.all_words("getUserName"), [0, 1]);
        assert_eq!(room.all_words("get_user_name"), [0, 1]);
        assert_eq!(room.all_words("getusername"), [0]);
        assert_eq!(room.all_words("user"), [0, 1, 2]);
        assert_eq!(room.all_words("x.y"), [3]);
        assert_eq!(room.all_words("y"), [3]);
        assert_eq!(room.all_words("m::n"), [3]);
        assert_eq!(room.all_words("a-b"), [3]);
        assert_eq!(room.all_words("deep/main.rs"), [3]);
        assert_eq!(room.all_words("main"), [3]);
        assert_eq!(room.all_words("http server"), [4]);
        assert_eq!(room.all_words("utf"), [4]);
        assert_eq!(room.all_words("utf-8"), Vec::<u32>::new());
    }

    #[test]
    fn an_identifier_is_found_spelled_as_words() {
        let room = Room::of(&["the user name is", "the name of the user", "UTF-8 text"]);
        assert_eq!(room.all_words("user_name"), [0]);
        assert_eq!(room.all_words("userName"), [0]);
        assert_eq!(room.all_words("utf8"), [2]);
    }

    #[test]
    fn glued_words_are_neighbours() {
        let room = Room::of(&["foo.bar::baz()", "foo bar baz", "bar foo baz"]);
        assert_eq!(room.all_words("foo.bar::baz"), [0, 1]);
        assert_eq!(room.all_words("\"bar baz\""), [0, 1]);
        assert_eq!(room.all_words("foo bar baz"), [0, 1, 2]);
    }

    #[test]
    fn case_and_accents_do_not_count() {
        let room = Room::of(&["Ein CAFÉ in İstanbul", "die Straße", "cafe\u{301} au lait"]);
        assert_eq!(room.all_words("cafe"), [0, 2]);
        assert_eq!(room.all_words("Café"), [0, 2]);
        assert_eq!(room.all_words("istanbul"), [0]);
        assert_eq!(room.all_words("STRASSE"), [1]);
    }

    #[test]
    fn chinese_japanese_korean_inside_runs() {
        let room = Room::of(&[
            "你好世界",
            "これはテストです",
            "한국어검색 기능",
            "用Rust写代码",
            "世 界",
        ]);
        assert_eq!(room.all_words("世界"), [0]);
        assert_eq!(room.all_words("好世"), [0]);
        assert_eq!(room.all_words("界"), [0, 4]);
        assert_eq!(room.all_words("你好世界"), [0]);
        assert_eq!(room.all_words("世*"), [0, 4]);
        assert_eq!(room.all_words("テスト"), [1]);
        assert_eq!(room.all_words("검색"), [2]);
        assert_eq!(room.all_words("Rust写代码"), [3]);
        assert_eq!(room.all_words("用Rust写"), [3]);
        assert_eq!(room.all_words("rust"), [3]);
        assert_eq!(room.all_words("代"), [3]);
    }

    #[test]
    fn prefixes_lose_nothing() {
        let mut texts: Vec<String> = (0..300).map(|i| format!("pre{i}fix word{i}")).collect();
        texts.push("my_prefixed thing".into());
        texts.push("src/prelude.rs".into());
        texts.push("something else".into());
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        let room = Room::of(&texts);
        assert_eq!(room.search("pre*").messages, 302);
        assert_eq!(room.search("src/pre*").messages, 1);
        assert_eq!(room.search("PRE1*").messages, 111);
    }

    #[test]
    fn a_phrase_prefix_with_many_words_still_finds_all() {
        let texts: Vec<String> = (0..1500).map(|i| format!("item/part{i}x")).collect();
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        let room = Room::of(&texts);
        assert_eq!(room.search("item/part*").messages, 1500);
    }

    #[test]
    fn not_or_and_phrases() {
        let room = Room::of(&["red apple", "green apple", "red car", "blue sky"]);
        assert_eq!(room.all_words("apple -red"), [1]);
        assert_eq!(room.all_words("-red"), [1, 3]);
        assert_eq!(room.all_words("-\"red apple\""), [1, 2, 3]);
        assert_eq!(room.all_words("apple OR sky"), [0, 1, 3]);
        assert_eq!(room.all_words("red apple OR car"), [0, 2]);
        assert_eq!(room.all_words("\"apple red\""), Vec::<u32>::new());
        assert_eq!(room.all_words("-red -blue OR apple"), [1]);
    }

    #[test]
    fn odd_questions_search() {
        let room = Room::of(&[
            "std::vec and foo.bar:baz( in path/to:file [x AND it's auth",
            "nothing of it",
        ]);
        for question in [
            "std::vec",
            "foo.bar:baz(",
            "path/to:file",
            "[x",
            "AND",
            "it's",
            "\"std::vec",
            "(auth",
            "auth)",
            "auth\"",
            "std::vec -> auth",
            "x:auth OR",
            "--auth",
        ] {
            assert!(room.found(question).contains(&0), "{question}");
        }
        assert_eq!(room.all_words("-auth"), [1]);
        for question in ["->", "\"\"", "::", "* -", "\u{0}"] {
            let response = room.search(question);
            assert_eq!(
                response.messages,
                if question == "\u{0}" { 2 } else { 0 },
                "{question:?}"
            );
        }
    }

    #[test]
    fn long_words_are_found_by_themselves() {
        let long = "x1".repeat(300);
        let room = Room::of(&[&long, "short"]);
        assert_eq!(room.all_words(&long), [0]);
    }

    #[test]
    fn every_role_is_searched() {
        let mut room = Room::new();
        let docs = Role::ALL.map(|role| doc(role, &format!("needle in {}", role.as_str())));
        room.session(docs.to_vec());
        room.commit();
        assert_eq!(room.search("needle").messages, 6);
        assert_eq!(room.search("needle role:output").messages, 1);
    }

    #[test]
    fn no_question_errs() {
        let room = Room::of(&["some text", "你好世界 getUserName"]);
        let cases = ProptestConfig::with_cases(300);
        let mut runner = proptest::test_runner::TestRunner::new(cases);
        let outcome = runner.run(&"\\PC{0,24}", |question| {
            let response = room.index.search(&room.request(&question));
            prop_assert!(response.is_ok(), "{question:?}: {:?}", response.err());
            Ok(())
        });
        outcome.expect("every question is answered");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(8))]
        #[test]
        fn every_text_finds_itself(texts in proptest::collection::vec("[\\PC\n]{1,60}", 30)) {
            let room = Room::of(&texts.iter().map(String::as_str).collect::<Vec<_>>());
            let mark = unicode_normalization::char::is_combining_mark;
            for (sid, text) in texts.iter().enumerate() {
                let words = text.split(|c: char| !c.is_alphanumeric() && !mark(c) && c != '_');
                // a mark without its letter is no word
                let real = |w: &&str| !w.starts_with(mark) && !w.trim_matches('_').is_empty();
                for word in words.filter(real) {
                    let mut request = room.request("");
                    request.query.text = Some(codedash::query::Node::Word(word.to_owned()));
                    let response = room.index.search(&request).expect("searches");
                    let all = response.tier == Match::AllWords;
                    let found = sids(&response).contains(&(sid as u32));
                    prop_assert!(all && found, "{word:?} in {text:?}");
                }
            }
        }
    }
}

mod ranking {
    use super::*;

    /// The law: whatever the frequencies, lengths, roles and ages, exact above part.
    #[test]
    fn the_exact_identifier_is_above_its_parts() {
        for (exact, parts, others) in [
            (1, 1, 0),
            (1, 50, 0),
            (50, 1, 200),
            (3, 3, 300),
            (40, 40, 5),
        ] {
            let mut room = Room::new();
            let mut want = BTreeSet::new();
            for i in 0..exact {
                let filler = "filler text ".repeat(i % 7 * 40);
                let mut weak = doc(Role::Output, &format!("{filler} token"));
                weak.at = Some(T0 - 900 * DAY_MS);
                want.insert(room.session(vec![weak]).0);
            }
            for i in 0..parts {
                let strong = doc(
                    Role::User,
                    &format!("{} ", ["my_token", "tokenCount", "get_token_v2"][i % 3])
                        .repeat(1 + i % 5),
                );
                room.session(vec![strong; 1 + i % 4]);
            }
            for _ in 0..others {
                room.session(vec![doc(Role::User, "other words")]);
            }
            room.commit();
            let found = room.found("token");
            assert_eq!(found.len(), exact + parts.min(100 - exact));
            let top: BTreeSet<u32> = found[..exact].iter().copied().collect();
            assert_eq!(top, want, "{exact} exact, {parts} parts, {others} others");
        }
    }

    #[test]
    fn an_identifier_is_above_its_spellings() {
        let room = Room::of(&[
            "user name user name user name",
            "getUserName getUserName",
            "old talk about get_user_name in a longer sentence with many more words in it",
        ]);
        assert_eq!(room.found("get_user_name"), [2, 1]);
        assert_eq!(
            room.found("user_name")[0],
            1.min(room.found("user_name")[0])
        );
    }

    #[test]
    fn prompts_are_above_output() {
        let mut room = Room::new();
        room.session(vec![doc(Role::Output, "deploy failed")]);
        room.session(vec![doc(Role::User, "deploy failed")]);
        room.session(vec![doc(Role::Thinking, "deploy failed")]);
        room.commit();
        assert_eq!(room.found("deploy"), [1, 2, 0]);
    }

    #[test]
    fn by_time_when_asked_or_without_words() {
        let mut room = Room::new();
        for days in [3, 1, 2] {
            let mut message = doc(Role::User, "same words");
            message.at = Some(T0 + days * DAY_MS);
            room.session(vec![message]);
        }
        let mut timeless = doc(Role::User, "same words");
        timeless.at = None;
        room.session(vec![timeless]);
        room.commit();
        let sorted = |question: &str, sort| {
            let request = SearchRequest {
                sort,
                ..room.request(question)
            };
            sids(&room.index.search(&request).expect("searches"))
        };
        assert_eq!(sorted("same", Sort::Newest), [0, 2, 1, 3]);
        assert_eq!(sorted("same", Sort::Oldest), [1, 2, 0, 3]);
        assert_eq!(sorted("", Sort::Relevance), [0, 2, 1, 3]);
    }

    #[test]
    fn without_any_time() {
        let mut room = Room::new();
        let mut timeless = doc(Role::User, "same words");
        timeless.at = None;
        room.session(vec![timeless]);
        room.commit();
        for sort in [Sort::Relevance, Sort::Newest, Sort::Oldest] {
            let response = room.index.search(&SearchRequest {
                sort,
                ..room.request("same")
            });
            let response = response.expect("searches");
            assert_eq!((response.messages, response.facets.days.len()), (1, 0));
            assert_eq!(response.hits[0].snippets[0].at, None);
        }
        assert_eq!(room.search("same after:2026-01").messages, 0);
    }

    #[test]
    fn pages_neither_overlap_nor_skip() {
        let mut room = Room::new();
        for i in 0..57 {
            room.session(vec![doc(Role::User, &format!("same words {}", i % 3))]);
        }
        room.commit();
        for sort in [Sort::Relevance, Sort::Newest, Sort::Oldest] {
            let whole = room.index.search(&SearchRequest {
                sort,
                ..room.request("same")
            });
            let whole = whole.expect("searches");
            let mut paged = Vec::new();
            for offset in (0..60).step_by(10) {
                let request = SearchRequest {
                    sort,
                    offset,
                    limit: 10,
                    ..room.request("same")
                };
                let page = room.index.search(&request).expect("searches");
                assert_eq!((page.messages, page.sessions), (57, 57));
                paged.extend(sids(&page));
            }
            assert_eq!(paged, sids(&whole), "{sort:?}");
            assert_eq!(paged.iter().collect::<BTreeSet<_>>().len(), 57);
        }
    }
}

mod tiers {
    use super::*;

    #[test]
    fn all_then_any_then_close() {
        let room = Room::of(&["the borrow checker", "a lifetime problem"]);
        let response = room.search("borrow checker");
        assert_eq!((response.tier, sids(&response)), (Match::AllWords, vec![0]));
        let response = room.search("how do I please the borrow gods");
        assert_eq!((response.tier, response.messages), (Match::AnyWord, 1));
        let response = room.search("lifetmie");
        assert_eq!(
            (response.tier, sids(&response)),
            (Match::CloseSpelling, vec![1])
        );
        assert_eq!(response.corrected, ["lifetime"]);
        assert_eq!(marked(&response.hits[0]), ["lifetime"]);
    }

    #[test]
    fn nonsense_finds_nothing() {
        let room = Room::of(&["the borrow checker", "unique9f3e1 token"]);
        for question in [
            "qzxvwkjy",
            "zzz",
            "xyzzyplugh9000",
            "\"borrow qzxvwkjy\" OR qqqqq",
        ] {
            let response = room.search(question);
            if question.contains("borrow") {
                assert_eq!(response.tier, Match::AnyWord);
            } else {
                assert_eq!(
                    (response.messages, response.hits.len()),
                    (0, 0),
                    "{question}"
                );
            }
        }
        let response = room.search("unique9f3e1");
        assert_eq!(
            (response.tier, response.messages),
            (Match::AllWords, 1),
            "only itself"
        );
    }

    #[test]
    fn exclusions_hold_in_every_tier() {
        let room = Room::of(&["alpha beta", "alpha gamma", "alphabet soup"]);
        let response = room.search("alpha missing -beta");
        assert_eq!((response.tier, sids(&response)), (Match::AnyWord, vec![1]));
        assert_eq!(room.search("alphabt -soup").messages, 0);
    }

    #[test]
    fn filters_and_ticks_decide_the_tier() {
        let mut room = Room::new();
        room.session(vec![
            doc(Role::User, "alpha beta"),
            doc(Role::Assistant, "alpha"),
        ]);
        room.commit();
        assert_eq!(
            room.search("alpha beta role:assistant").tier,
            Match::AnyWord
        );
        let mut request = room.request("alpha beta");
        request.ticks.roles = vec![Role::Assistant];
        let response = room.index.search(&request).expect("searches");
        assert_eq!((response.tier, response.messages), (Match::AnyWord, 1));
    }

    #[test]
    fn the_switch_does_not_change_the_tier() {
        let mut room = Room::new();
        let helper = AttrRow {
            helper: true,
            ..AttrRow::default()
        };
        room.session_of(vec![doc(Role::User, "alpha beta")], helper);
        room.session(vec![doc(Role::User, "alpha")]);
        room.commit();
        let response = room.search("alpha beta");
        assert_eq!(response.tier, Match::AllWords);
        assert_eq!((response.messages, response.hidden_messages), (0, 1));
    }
}

mod filters {
    use super::*;

    fn room() -> Room {
        let mut room = Room::new();
        room.session_of(
            vec![
                doc(Role::User, "fix the build"),
                tool(Role::Tool, "Bash", false, &[], "cargo build"),
                tool(Role::Output, "Bash", true, &[], "error: build failed"),
                tool(
                    Role::Tool,
                    "mcp__gh__search",
                    false,
                    &["/r/src/main.rs"],
                    "build issues",
                ),
            ],
            AttrRow::default(),
        );
        let mut late = doc(Role::User, "build again");
        late.at = Some(T0 + 10 * DAY_MS);
        late.model = "claude-opus-4".into();
        room.session_of(
            vec![late],
            AttrRow {
                agent: 1,
                project: 1,
                ..AttrRow::default()
            },
        );
        let hidden = |helper, sub_agent| AttrRow {
            helper,
            sub_agent,
            ..AttrRow::default()
        };
        room.session_of(vec![doc(Role::User, "build helper")], hidden(true, false));
        room.session_of(vec![doc(Role::User, "build child")], hidden(false, true));
        room.commit();
        room
    }

    #[test]
    fn each_field() {
        let room = room();
        for (question, messages) in [
            ("build", 5),
            ("build agent:CODEX", 1),
            ("build -agent:codex", 4),
            ("build agent:codex agent:claude", 5),
            ("build agent:nobody", 0),
            ("build project:web-shop", 4),
            ("build project:/home/ana/compiler", 1),
            ("build project:comp", 1),
            ("build role:tool", 2),
            ("build role:tool role:output", 3),
            ("build -role:user", 3),
            ("build tool:bash", 2),
            ("build tool:gh", 1),
            ("build -tool:bash", 3),
            ("build model:opus", 1),
            ("build file:main.rs", 1),
            ("build file:src/main.rs", 1),
            ("build file:ma*", 1),
            ("build -file:main.rs", 4),
            ("build has:error", 1),
            ("build -has:error", 4),
            ("build after:2026-11-05", 1),
            ("build before:2026-11-11", 4),
            ("build before:2026-11-12", 5),
            ("build after:2026-11-11", 1),
            ("build -after:2026-11-05", 4),
            ("build is:helper", 1),
            ("build is:subagent", 1),
            ("build is:helper is:subagent", 2),
            ("build branch:any", 5),
            ("", 5),
            ("has:error", 1),
            ("file:main.rs", 1),
            ("tool:bash agent:codex", 0),
        ] {
            let response = room.search(question);
            let exact = response.tier == Match::AllWords;
            assert_eq!((exact, response.messages), (true, messages), "{question}");
        }
    }

    #[test]
    fn hidden_is_counted_and_shown_on_request() {
        let room = room();
        let response = room.search("build");
        assert_eq!((response.messages, response.sessions), (5, 2));
        assert_eq!((response.hidden_messages, response.hidden_sessions), (2, 2));
        let mut request = room.request("build");
        request.include_hidden = true;
        let all = room.index.search(&request).expect("searches");
        assert_eq!((all.messages, all.sessions, all.hidden_messages), (7, 4, 0));
        assert_eq!(room.search("build agent:codex").hidden_messages, 0);
    }

    #[test]
    fn only_some_sessions() {
        let room = room();
        let mut request = room.request("build");
        request.only = Some(Arc::new(vec![Standing::Out, Standing::In]));
        let response = room.index.search(&request).expect("searches");
        assert_eq!(sids(&response), [1]);
        request.only = Some(Arc::new(vec![]));
        assert_eq!(room.index.search(&request).expect("searches").messages, 0);
    }

    #[test]
    fn sessions_that_are_not_live_are_not_there() {
        let mut room = room();
        room.attrs.rows[0].live = false;
        room.attrs.rows.pop();
        let response = room.search("build");
        assert_eq!((response.messages, response.hidden_messages), (1, 1));
    }

    #[test]
    fn days_are_those_of_the_zone() {
        let mut room = Room::new();
        let mut message = doc(Role::User, "late");
        message.at = Some(T0 + 23 * 3_600_000);
        room.session(vec![message]);
        room.commit();
        let mut request = room.request("late after:2026-11-02");
        assert_eq!(room.index.search(&request).expect("searches").messages, 0);
        request.zone = TimeZone::fixed(jiff::tz::offset(2));
        let response = room.index.search(&request).expect("searches");
        assert_eq!(response.messages, 1);
        assert_eq!(
            response.facets.days,
            [(Day::parse("2026-11-02").expect("a date"), 1)]
        );
    }

    #[test]
    fn values_to_complete() {
        let room = room();
        let tools = |prefix| room.index.suggest_values(ValueField::Tool, prefix, 10);
        assert_eq!(tools("").expect("lists"), ["Bash", "mcp__gh__search"]);
        assert_eq!(tools("bA").expect("lists"), ["Bash"]);
        let models = room.index.suggest_values(ValueField::Model, "cl", 10);
        assert_eq!(models.expect("lists"), ["claude-opus-4"]);
    }
}

mod facets {
    use super::*;

    /// What the naive evaluation knows of a message.
    #[derive(Clone, Debug)]
    struct Plain {
        sid: usize,
        role: Role,
        tool: &'static str,
        model: &'static str,
        day: Option<i64>,
        words: Vec<&'static str>,
    }

    #[derive(Clone, Debug)]
    struct Case {
        rows: Vec<(u16, u32, bool, bool)>,
        messages: Vec<Plain>,
        removed: Option<usize>,
        word: Option<&'static str>,
        agents: Vec<u16>,
        projects: Vec<u32>,
        roles: Vec<Role>,
        tools: Vec<&'static str>,
        models: Vec<&'static str>,
        days: Option<(i64, i64)>,
        include_hidden: bool,
    }

    const TOOLS: [&str; 4] = ["", "Bash", "Read", "Edit"];
    const MODELS: [&str; 3] = ["", "opus", "gpt"];
    const WORDS: [&str; 4] = ["apple", "pear", "plum", "fig"];

    fn subset<T: Clone + std::fmt::Debug + 'static>(values: Vec<T>) -> BoxedStrategy<Vec<T>> {
        let n = values.len();
        prop_oneof![
            Just(Vec::new()),
            proptest::sample::subsequence(values, 0..=n)
        ]
        .boxed()
    }

    fn case() -> impl Strategy<Value = Case> {
        let message = (
            0..6usize,
            proptest::sample::select(Role::ALL.to_vec()),
            proptest::sample::select(TOOLS.to_vec()),
            proptest::sample::select(MODELS.to_vec()),
            proptest::option::weighted(0.9, 0..5i64),
            proptest::sample::subsequence(WORDS.to_vec(), 0..=3),
        )
            .prop_map(|(sid, role, tool, model, day, words)| Plain {
                sid,
                role,
                tool,
                model,
                day,
                words,
            });
        let row = (
            0..2u16,
            0..2u32,
            proptest::bool::weighted(0.2),
            proptest::bool::weighted(0.2),
        );
        (
            proptest::collection::vec(row, 6),
            proptest::collection::vec(message, 0..40),
            proptest::option::of(0..6usize),
            proptest::option::of(proptest::sample::select(WORDS.to_vec())),
            (
                subset(vec![0, 1]),
                subset(vec![0, 1]),
                subset(Role::ALL.to_vec()),
            ),
            (subset(TOOLS[1..].to_vec()), subset(MODELS[1..].to_vec())),
            proptest::option::of((0..5i64, 1..4i64)),
            any::<bool>(),
        )
            .prop_map(
                |(rows, messages, removed, word, sets, names, days, hidden)| Case {
                    rows,
                    messages,
                    removed,
                    word,
                    agents: sets.0,
                    projects: sets.1,
                    roles: sets.2,
                    tools: names.0,
                    models: names.1,
                    days: days.map(|(from, n)| (from, from + n)),
                    include_hidden: hidden,
                },
            )
    }

    type Tally<K> = BTreeMap<K, u64>;

    #[derive(Debug, Default, PartialEq)]
    struct Outcome {
        messages: u64,
        hidden: u64,
        sessions: BTreeMap<u32, u64>,
        hidden_sessions: u64,
        agents: Tally<String>,
        projects: Tally<String>,
        roles: Tally<String>,
        tools: Tally<String>,
        models: Tally<String>,
        days: Tally<i32>,
    }

    fn within<T: PartialEq>(ticks: &[T], value: &T) -> bool {
        ticks.is_empty() || ticks.contains(value)
    }

    fn naive(case: &Case, attrs: &SessionAttrs) -> Outcome {
        let mut out = Outcome::default();
        let mut hidden_sids = BTreeSet::new();
        for m in &case.messages {
            if case.removed == Some(m.sid) || case.word.is_some_and(|w| !m.words.contains(&w)) {
                continue;
            }
            let (agent, project, helper, sub) = case.rows[m.sid];
            let passes = [
                within(&case.agents, &agent),
                within(&case.projects, &project),
                within(&case.roles, &m.role),
                within(&case.tools, &m.tool),
                within(&case.models, &m.model),
                case.days
                    .is_none_or(|(from, to)| m.day.is_some_and(|d| d >= from && d < to)),
            ];
            let failing = passes.iter().filter(|p| !**p).count();
            if (helper || sub) && !case.include_hidden {
                if failing == 0 {
                    out.hidden += 1;
                    hidden_sids.insert(m.sid);
                }
                continue;
            }
            if failing == 0 {
                out.messages += 1;
                *out.sessions.entry(m.sid as u32).or_default() += 1;
            }
            // a facet counts what all the other facets let through
            let others = |facet: usize| failing == 0 || failing == 1 && !passes[facet];
            let count = |facet: usize, tally: &mut Tally<String>, value: &str| {
                if others(facet) && !value.is_empty() {
                    *tally.entry(value.to_owned()).or_default() += 1;
                }
            };
            count(0, &mut out.agents, &attrs.agents[usize::from(agent)]);
            count(1, &mut out.projects, &attrs.projects[project as usize]);
            count(2, &mut out.roles, m.role.as_str());
            count(3, &mut out.tools, m.tool);
            count(4, &mut out.models, m.model);
            if let Some(day) = m.day.filter(|_| others(5)) {
                *out.days.entry((T0 / DAY_MS + day) as i32).or_default() += 1;
            }
        }
        out.hidden_sessions = hidden_sids.len() as u64;
        out
    }

    fn build(case: &Case) -> Room {
        let mut room = Room::new();
        for (sid, (agent, project, helper, sub_agent)) in case.rows.iter().enumerate() {
            let docs = case.messages.iter().filter(|m| m.sid == sid).map(|m| {
                let mut doc = doc(m.role, &m.words.join(" "));
                if !m.tool.is_empty() {
                    doc = tool(m.role, m.tool, false, &[], &m.words.join(" "));
                }
                doc.model = m.model.to_owned();
                doc.at = m.day.map(|day| T0 + day * DAY_MS + 1000);
                doc
            });
            let row = AttrRow {
                agent: *agent,
                project: *project,
                helper: *helper,
                sub_agent: *sub_agent,
                ..AttrRow::default()
            };
            room.session_of(docs.collect(), row);
            if sid == 2 {
                room.commit();
            }
        }
        if let Some(sid) = case.removed {
            room.index.delete_session(Sid(sid as u32)).expect("deletes");
        }
        room.commit();
        room
    }

    fn owned(names: &[&str]) -> Vec<String> {
        names.iter().map(|n| (*n).to_owned()).collect()
    }

    fn asked(case: &Case, room: &Room) -> Outcome {
        let mut request = room.request(case.word.unwrap_or(""));
        let agents = case.agents.iter();
        let projects = case.projects.iter();
        request.ticks = Ticks {
            agents: agents
                .map(|a| room.attrs.agents[usize::from(*a)].clone())
                .collect(),
            projects: projects
                .map(|p| room.attrs.projects[*p as usize].clone())
                .collect(),
            roles: case.roles.clone(),
            tools: owned(&case.tools),
            models: owned(&case.models),
            from: case.days.map(|(from, _)| T0 + from * DAY_MS),
            to: case.days.map(|(_, to)| T0 + to * DAY_MS),
        };
        request.include_hidden = case.include_hidden;
        let response = room.index.search(&request).expect("searches");
        assert_eq!(response.sessions, response.hits.len() as u64);
        let facets = response.facets;
        let tally = |counts: Vec<(String, u64)>| counts.into_iter().collect::<Tally<_>>();
        Outcome {
            messages: response.messages,
            hidden: response.hidden_messages,
            hidden_sessions: response.hidden_sessions,
            sessions: response
                .hits
                .iter()
                .map(|h| (h.sid.0, u64::from(h.count)))
                .collect(),
            agents: tally(facets.agents),
            projects: tally(facets.projects),
            roles: tally(facets.roles),
            tools: tally(facets.tools),
            models: tally(facets.models),
            days: facets.days.into_iter().map(|(day, n)| (day.0, n)).collect(),
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(40))]
        #[test]
        fn counts_are_those_of_the_naive_evaluation(case in case()) {
            let room = build(&case);
            let want = naive(&case, &room.attrs);
            // when nothing has the word, looser tiers answer; the words are far apart
            prop_assert_eq!(asked(&case, &room), want);
        }
    }

    #[test]
    fn many_documents_in_several_segments() {
        let mut room = Room::new();
        for sid in 0..42u64 {
            let docs = (0..500u64).map(|n| {
                let name = ["Bash", "Read", "Edit"][(n % 3) as usize];
                let mut doc = tool(Role::ALL[(n % 6) as usize], name, false, &[], "plum");
                doc.at = Some(T0 + (n % 4) as i64 * DAY_MS);
                doc
            });
            let row = AttrRow {
                agent: (sid % 2) as u16,
                helper: sid % 7 == 0,
                ..AttrRow::default()
            };
            room.session_of(docs.collect(), row);
            if sid % 10 == 9 {
                room.commit();
            }
        }
        // one session lies in two segments
        let again = (500..1000).map(|seq| Document {
            sid: Sid(1),
            seq,
            ..tool(Role::User, "Bash", false, &[], "plum")
        });
        room.index.add(again.collect()).expect("adds");
        room.commit();
        assert!(room.index.stats().expect("counts").segments > 1);
        for question in ["plum", ""] {
            let response = room.search(question);
            assert_eq!((response.messages, response.sessions), (36 * 500 + 500, 36));
            assert_eq!(
                (response.hidden_messages, response.hidden_sessions),
                (3000, 6)
            );
            let bash = response
                .facets
                .tools
                .iter()
                .find(|(name, _)| name == "Bash");
            assert_eq!(bash.map(|(_, n)| *n), Some(36 * 167 + 500));
            let days = response.facets.days.iter().map(|(_, n)| *n).sum::<u64>();
            let agents = response.facets.agents.iter().map(|(_, n)| *n).sum::<u64>();
            assert_eq!((days, agents), (18_500, 18_500));
            let first = response
                .hits
                .iter()
                .find(|hit| hit.sid == Sid(1))
                .expect("found");
            assert_eq!((first.count, first.snippets.len()), (1000, 3));
        }
    }

    #[test]
    fn most_first() {
        let room = {
            let mut room = Room::new();
            for name in ["Read", "Bash", "Bash", "Edit"] {
                room.session(vec![tool(Role::Tool, name, false, &[], "x")]);
            }
            room.commit();
            room
        };
        let facets = room.search("x").facets;
        let names: Vec<_> = facets.tools.iter().map(|(n, c)| (n.as_str(), *c)).collect();
        assert_eq!(names, [("Bash", 2), ("Edit", 1), ("Read", 1)]);
    }
}

mod passages {
    use super::*;

    #[test]
    fn marks_are_the_words() {
        let room = Room::of(&["call getUserName and then 你好世界 of foo.bar, prefixed"]);
        for (question, want) in [
            ("user", vec!["User"]),
            ("getUserName", vec!["getUserName"]),
            ("userName", vec!["UserName"]),
            ("世界", vec!["世界"]),
            ("foo.bar", vec!["foo.bar"]),
            ("pre*", vec!["prefixed"]),
            ("then call", vec!["call", "then"]),
            ("call -nothing", vec!["call"]),
        ] {
            let response = room.search(question);
            assert_eq!(marked(&response.hits[0]), want, "{question}");
        }
    }

    #[test]
    fn a_phrase_is_marked_where_it_is_one() {
        let room = Room::of(&["b a b a-b b"]);
        assert_eq!(marked(&room.search("a-b").hits[0]), ["a b", "a-b"]);
        assert_eq!(marked(&room.search("\"b b\"").hits[0]), ["b b"]);
    }

    #[test]
    fn the_best_messages_each_once() {
        let mut room = Room::new();
        let docs = (0..6).map(|i| doc(Role::User, &format!("needle {}", "hay ".repeat(i * 9))));
        room.session(docs.collect());
        room.commit();
        let response = room.search("needle");
        assert_eq!(response.hits[0].count, 6);
        let seqs: Vec<u32> = response.hits[0].snippets.iter().map(|s| s.seq).collect();
        assert_eq!(seqs, [0, 1, 2]);
    }

    #[test]
    fn far_inside_a_long_text() {
        let text = format!(
            "{} the needle {}",
            "hay stack ".repeat(60_000),
            "straw ".repeat(9_000)
        );
        let room = Room::of(&[&text]);
        let hit = &room.search("needle").hits[0];
        let snippet = &hit.snippets[0];
        assert_eq!(marked(hit), ["needle"]);
        assert!(snippet.cut_before && snippet.cut_after && snippet.text.len() < 400);
    }

    #[test]
    fn what_a_tool_said_carries_its_name() {
        let mut room = Room::new();
        room.session(vec![tool(Role::Output, "Bash", true, &[], "exit 1")]);
        room.commit();
        let snippet = &room.search("exit").hits[0].snippets[0];
        assert_eq!(
            (snippet.tool.as_str(), snippet.role, snippet.at),
            ("Bash", Role::Output, Some(T0))
        );
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(8))]
        #[test]
        fn marks_are_inside_and_in_order(
            texts in proptest::collection::vec("[\\PC\n]{0,400}", 20),
            word in "[a-z世界é]{1,3}",
        ) {
            let texts: Vec<_> = texts.iter().map(|t| format!("{t} {word} {t}")).collect();
            let room = Room::of(&texts.iter().map(String::as_str).collect::<Vec<_>>());
            let response = room.search(&word);
            prop_assert_eq!(response.hits.len(), texts.len());
            for snippet in response.hits.into_iter().flat_map(|hit| hit.snippets) {
                let (text, mut at) = (snippet.text, 0);
                prop_assert!(!snippet.marks.is_empty(), "{word:?} in {text:?}");
                for (from, to) in snippet.marks {
                    prop_assert!(at <= from && from < to && to <= text.len());
                    prop_assert!(text.is_char_boundary(from) && text.is_char_boundary(to));
                    at = to;
                }
            }
        }
    }
}

mod writing {
    use super::*;

    fn session(sid: u32, n: u32) -> Vec<Document> {
        let doc = |seq| Document {
            sid: Sid(sid),
            seq,
            role: if seq % 2 == 0 { Role::User } else { Role::Tool },
            at: Some(T0 + i64::from(seq)),
            model: "m".into(),
            text: format!("message {seq} of {sid}"),
            meta: DocMeta {
                uuid: format!("u{seq}"),
                bytes: 9,
                ..DocMeta::default()
            },
        };
        (0..n).map(doc).collect()
    }

    #[test]
    fn messages_come_back_whole() {
        let dir = tempfile::tempdir().expect("a folder");
        let index = open(dir.path());
        index.add(session(7, 9)).expect("adds");
        index.add(session(8, 2)).expect("adds");
        assert!(
            index
                .messages(Sid(7), 0..99, None)
                .expect("reads")
                .is_empty()
        );
        index.commit("").expect("commits");
        let messages = index.messages(Sid(7), 2..5, None).expect("reads");
        let docs = session(7, 9);
        for (message, doc) in messages.iter().zip(&docs[2..5]) {
            assert_eq!(
                (message.seq, message.role, message.at),
                (doc.seq, doc.role, doc.at)
            );
            assert_eq!((&message.text, &message.meta), (&doc.text, &doc.meta));
            assert_eq!((message.sid, message.model.as_str()), (Sid(7), "m"));
        }
        assert_eq!(messages.len(), 3);
        let prompts = index
            .message_seqs(Sid(7), Some(&[Role::User]))
            .expect("reads");
        assert_eq!(prompts, [0, 2, 4, 6, 8].map(|seq| (seq, Role::User)));
        let stats = index.stats().expect("counts");
        assert_eq!((stats.documents, stats.deleted), (11, 0));
        assert!(stats.bytes > 0 && stats.segments > 0);
    }

    #[test]
    fn replay_is_idempotent() {
        let dir = tempfile::tempdir().expect("a folder");
        let index = open(dir.path());
        index.add(session(1, 10)).expect("adds");
        index.commit("1").expect("commits");
        let replay = |from: u32, roles: RoleSet| {
            index.delete_from(Sid(1), from, roles).expect("deletes");
            let docs = session(1, 12).into_iter();
            let again = docs.filter(|d| d.seq >= from && roles.contains(d.role));
            index.add(again.collect()).expect("adds");
        };
        replay(4, RoleSet::Prose);
        replay(4, RoleSet::Prose);
        index.commit("2").expect("commits");
        let seqs = |roles: Option<&[Role]>| {
            let seqs = index.message_seqs(Sid(1), roles).expect("reads");
            seqs.into_iter().map(|(seq, _)| seq).collect::<Vec<_>>()
        };
        assert_eq!(seqs(Some(&[Role::User])), [0, 2, 4, 6, 8, 10]);
        assert_eq!(seqs(Some(&[Role::Tool])), [1, 3, 5, 7, 9]);
        replay(0, RoleSet::Rest);
        index.commit("3").expect("commits");
        assert_eq!(seqs(None), (0..12).collect::<Vec<_>>());
        index.delete_from(Sid(1), 6, RoleSet::All).expect("deletes");
        index.commit("4").expect("commits");
        assert_eq!(seqs(None), (0..6).collect::<Vec<_>>());
        index.delete_session(Sid(1)).expect("deletes");
        index.commit("5").expect("commits");
        assert_eq!(seqs(None), Vec::<u32>::new());
    }

    #[test]
    fn reopened_with_what_was_committed() {
        let dir = tempfile::tempdir().expect("a folder");
        let opened = SearchIndex::open(dir.path(), &options()).expect("opens");
        assert_eq!(opened.payload, None);
        opened.index.add(session(1, 3)).expect("adds");
        opened.index.commit("batch 1").expect("commits");
        opened.index.add(session(2, 3)).expect("adds");
        drop(opened);
        let opened = SearchIndex::open(dir.path(), &options()).expect("opens");
        assert_eq!(opened.payload.as_deref(), Some("batch 1"));
        assert_eq!(opened.index.stats().expect("counts").documents, 3);
    }

    #[test]
    fn one_writer_and_shutdown_frees_it() {
        let dir = tempfile::tempdir().expect("a folder");
        let first = open(dir.path());
        first.add(session(1, 3)).expect("adds");
        first.commit("").expect("commits");
        let second = SearchIndex::open(dir.path(), &options());
        assert!(matches!(second.err(), Some(OpenError::Locked)));
        first.shutdown();
        assert!(first.add(session(2, 1)).is_err());
        assert_eq!(first.message_seqs(Sid(1), None).expect("reads").len(), 3);
        let second = open(dir.path());
        assert_eq!(second.stats().expect("counts").documents, 3);
    }

    #[test]
    fn merging_keeps_every_message() {
        let dir = tempfile::tempdir().expect("a folder");
        let index = open(dir.path());
        for sid in 0..20 {
            index.add(session(sid, 3)).expect("adds");
            index.commit("").expect("commits");
        }
        index.delete_session(Sid(3)).expect("deletes");
        index.commit("last").expect("commits");
        index.merge_wait().expect("waits");
        let stats = index.stats().expect("counts");
        assert_eq!(stats.documents, 57);
        assert!(stats.segments < 20, "{} segments", stats.segments);
        index.add(session(3, 1)).expect("adds after the wait");
        index.commit("").expect("commits");
        assert_eq!(index.stats().expect("counts").documents, 58);
    }

    #[test]
    fn large_batches_pass_the_gate() {
        let dir = tempfile::tempdir().expect("a folder");
        let index = open(dir.path());
        let line = "some words of a long message that says little\n".repeat(2000);
        let docs = (0..400).map(|seq| Document {
            seq,
            text: line.clone(),
            ..Document::default()
        });
        index.add(docs.collect()).expect("adds");
        index.commit("").expect("commits");
        assert_eq!(index.stats().expect("counts").documents, 400);
    }
}

mod opening {
    use super::*;

    /// An index in a folder of its own, since another one may come to lie beside it.
    struct Filled {
        outer: TempDir,
    }

    impl Filled {
        fn path(&self) -> std::path::PathBuf {
            self.outer.path().join("index")
        }
        fn beside(&self) -> Vec<String> {
            let items = std::fs::read_dir(self.outer.path()).expect("lists");
            let names = items.map(|i| i.expect("is there").file_name());
            let names = names.map(|name| name.to_string_lossy().into_owned());
            let mut names: Vec<String> = names.filter(|name| name != "index").collect();
            names.sort();
            names
        }
    }

    fn filled() -> Filled {
        let room = Room::of(&["one text", "another text"]);
        room.index.shutdown();
        let outer = tempfile::tempdir().expect("a folder");
        std::fs::rename(room.dir.keep(), outer.path().join("index")).expect("moves");
        Filled { outer }
    }

    /// Words of all messages that can be taken from the earlier index.
    fn carried(opened: &SearchIndex) -> (Vec<String>, u64) {
        let sids: Vec<Sid> = (0..4).map(Sid).collect();
        let carried = opened.carry_over(&sids, "p", &|| true).expect("carries");
        let messages = sids.iter().flat_map(|sid| {
            let messages = opened.messages(*sid, 0..u32::MAX, None);
            messages.expect("reads")
        });
        let texts = messages.map(|message| message.text).collect();
        (texts, carried.expect("nobody stops it").lost)
    }

    fn files(dir: &Path, ending: &str) -> Vec<std::path::PathBuf> {
        let files = std::fs::read_dir(dir)
            .expect("lists")
            .flatten()
            .map(|f| f.path());
        files
            .filter(|p| p.extension().is_some_and(|e| e == ending))
            .collect()
    }

    fn error(dir: &Path) -> OpenError {
        let opened = SearchIndex::open(dir, &options());
        opened.err().expect("does not open")
    }

    #[test]
    fn of_cut_files_is_kept_what_can_be_read() {
        for ending in ["term", "idx", "fieldnorm", "pos", "store", "fast"] {
            let dir = filled();
            for path in files(&dir.path(), ending) {
                let bytes = std::fs::read(&path).expect("reads");
                std::fs::write(&path, &bytes[..bytes.len() / 2]).expect("writes");
            }
            let opened = open(&dir.path());
            let earlier = opened.earlier().expect("it is kept");
            opened.admit_earlier();
            assert!(!earlier.serves && !opened.earlier().expect("kept").serves);
            let (texts, lost) = carried(&opened);
            match ending {
                "store" | "fast" => assert_eq!((texts.len(), lost), (0, 2), "{ending}"),
                _ => assert_eq!(
                    (texts, lost),
                    (vec!["one text".into(), "another text".into()], 0)
                ),
            }
            opened.let_earlier_go(false);
            assert_eq!(dir.beside(), ["index.aside-earlier-1"], "{ending}");
        }
    }

    #[test]
    fn missing_or_broken_metadata_is_damage() {
        let dir = filled();
        std::fs::write(dir.path().join("meta.json"), "{").expect("writes");
        assert!(matches!(error(&dir.path()), OpenError::Damaged(_)));
        std::fs::remove_file(dir.path().join("meta.json")).expect("removes");
        assert!(matches!(error(&dir.path()), OpenError::Damaged(_)));
    }

    #[test]
    fn one_of_another_version_answers_until_it_is_let_go() {
        for version in [Some("0"), None] {
            let dir = filled();
            let file = dir.path().join("version");
            match version {
                Some(version) => std::fs::write(file, version).expect("writes"),
                None => std::fs::remove_file(file).expect("removes"),
            }
            let opened = open(&dir.path());
            let earlier = opened.earlier().expect("it is kept");
            assert_eq!(
                (earlier.version.as_str(), earlier.serves),
                (version.unwrap_or(""), false)
            );
            assert_eq!(opened.stats().expect("counts").documents, 0);
            let read = || opened.messages(Sid(0), 0..u32::MAX, None).expect("reads");
            assert!(read().is_empty());
            opened.admit_earlier();
            assert!(opened.earlier().expect("kept").serves);
            assert_eq!(read()[0].text, "one text");
            // opened again, as after a kill, it is still there, and there is no second one
            drop(opened);
            std::fs::write(dir.path().join("version"), "00").expect("writes");
            assert!(
                matches!(error(&dir.path()), OpenError::OtherVersion { found } if found == "00")
            );
            std::fs::remove_dir_all(dir.path()).expect("removes");
            let opened = open(&dir.path());
            assert_eq!(carried(&opened).1, 0);
            opened.let_earlier_go(false);
            assert_eq!(opened.earlier(), None);
            assert_eq!(opened.stats().expect("counts").documents, 2);
            assert!(dir.beside().is_empty());
        }
    }

    #[test]
    fn a_file_in_the_way_is_an_io_error() {
        let dir = tempfile::tempdir().expect("a folder");
        let path = dir.path().join("index");
        std::fs::write(&path, "").expect("writes");
        assert!(matches!(error(&path), OpenError::Io(_)));
    }
}
