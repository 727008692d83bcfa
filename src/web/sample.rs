//! Made-up answers of the engine, to render and look at every page without a history.

use super::ask::Theme;
use super::clock::Clock;
use super::shell::{Progress, Shell};
use crate::engine::view::Rank;
use crate::engine::view::*;
use crate::index::{Match, Snippet};
use crate::model::*;
use std::sync::Arc;

/// 2026-03-08T12:00:00Z, a Sunday.
pub const NOW: i64 = 1_772_971_200_000;
const HOUR: i64 = 3_600_000;

pub fn shell(nav: &'static str, title: &str) -> Shell {
    Shell {
        title: title.into(),
        nav,
        theme: Theme::Auto,
        token: "sample-token".into(),
        assets: super::assets::hash(),
        clock: Clock {
            now: NOW,
            zone: jiff::tz::TimeZone::UTC,
            twelve: false,
            absolute: false,
        },
        q: String::new(),
        progress: Progress {
            busy: true,
            listed: true,
            label: "Indexing tool output".into(),
            detail: "412 MB of 1.1 GB, 322,118 messages indexed".into(),
            percent: 37,
            error: None,
        },
        generation: 7,
        here: nav.into(),
        unfinished: false,
    }
}

fn agent(i: usize) -> &'static AgentInfo {
    let infos: Vec<_> = crate::engine::agents().collect();
    infos[i % infos.len()]
}

const TITLES: [(&str, &str, &str); 9] = [
    (
        "Retry uploads with capped backoff",
        "the uploader gives up after the first 503, make it retry but never longer than a minute in total",
        "orbit",
    ),
    (
        "",
        "why does the settings page flicker when I switch tabs? look at the Tabs component first",
        "lighthouse-ui",
    ),
    (
        "Split the billing importer into a reader and a writer",
        "refactor src/import/billing.rs, it is 900 lines long and nobody dares to touch it any more",
        "ledger",
    ),
    ("", "/review", "orbit"),
    (
        "Postgres 18 upgrade notes",
        "collect what breaks for us between 16 and 18",
        "infra",
    ),
    (
        "Flaky test: scheduler_runs_in_order",
        "this test fails about once in forty runs on CI, find out why and fix the cause, not the test",
        "orbit",
    ),
    (
        "",
        "日本語の検索が壊れているので直してください",
        "lighthouse-ui",
    ),
    (
        "Draw the ingest pipeline as a diagram for the handbook",
        "",
        "handbook",
    ),
    (
        "Reduce the memory of the thumbnail worker below 200 MB, it is killed on the small machines every other night",
        "the thumbnail worker is OOM killed",
        "pixelmill",
    ),
];

fn summary(i: usize) -> SessionSummary {
    let (title, prompt, project) = TITLES[i % TITLES.len()];
    let info = agent(i);
    let age = [0, 2, 5, 26, 50, 75, 240, 900, 4000][i % 9] * HOUR + i as i64 * 60_000;
    SessionSummary {
        key: SessionKey {
            agent: AgentId::new(info.id),
            native: format!("0f3c{i:04}-7d1e-4b6a-9a55-3c1f0e2d{i:04}"),
        },
        agent: AgentId::new(info.id),
        path: format!("/home/ada/.histories/{project}/{i}.jsonl"),
        file_size: 1_834_112,
        project: format!("/home/ada/src/{project}"),
        branches: if i.is_multiple_of(3) {
            vec!["feat/backoff".into()]
        } else {
            vec!["main".into()]
        },
        version: "2.1.7".into(),
        origin: "cli".into(),
        models: if i % 4 == 1 {
            vec!["gpt-5.2".into()]
        } else {
            vec!["opus-4-6".into(), "haiku-4-5".into()]
        },
        context_window: Some(200_000),
        title: (!title.is_empty()).then(|| title.to_owned()),
        first_prompt: prompt.into(),
        last_prompt: "looks good, commit it".into(),
        first_at: (i != 7).then_some(NOW - age - 2 * HOUR),
        last_at: (i != 7).then_some(NOW - age),
        messages: 84 + i as u32 * 7,
        all_messages: 412,
        prompts: 12 + i as u32,
        assistant_messages: 72,
        tool_calls: 161,
        tool_errors: if i.is_multiple_of(2) { 4 } else { 0 },
        interruptions: 1,
        compactions: u32::from(i == 0),
        thinking: 40,
        tools: [
            ("Bash", 81, 3),
            ("Edit", 34, 1),
            ("Read", 29, 0),
            ("Grep", 12, 0),
            ("Task", 3, 0),
            ("WebFetch", 2, 0),
        ]
        .map(|(name, calls, errors)| ToolCount {
            name: name.into(),
            calls,
            errors,
        })
        .to_vec(),
        mcp_servers: vec!["tracker".into()],
        skills: if i == 0 {
            vec!["release-notes".into()]
        } else {
            vec![]
        },
        gone: i == 4,
        ..SessionSummary::default()
    }
}

pub fn card(i: usize) -> Card {
    let session = Arc::new(summary(i));
    let label = TITLES[i % TITLES.len()].2;
    Card {
        sid: Sid(i as u32),
        agent: agent(i),
        project: ProjectName {
            path: session.project.clone(),
            short: format!("~/src/{label}"),
            label: label.into(),
            repo: Some(session.project.clone()),
            color: (i * 7 % 20) as u8,
        },
        session,
        starred: i < 2,
        tags: if i == 0 {
            [("infra", "gray"), ("review", "blue")]
                .map(|(name, color)| Tag {
                    name: name.into(),
                    color,
                })
                .into()
        } else {
            vec![]
        },
        called: (i == 2).then(|| "Refactor the billing importer".into()),
        tokens: Tokens {
            input: 41_200,
            cache_read: 3_912_000,
            cache_write_5m: 310_000,
            output: 92_400,
            ..Tokens::default()
        },
        cost: cost(i),
        more: if i == 2 || i == 5 {
            (20..23).map(member).collect()
        } else {
            vec![]
        },
        sub_agents: [3, 0, 1, 0][i % 4],
        live: i == 0,
    }
}

fn cost(i: usize) -> CostView {
    CostView {
        micros: if i == 6 {
            0
        } else {
            4_318_000 / (i as i64 + 1)
        },
        parts: CostParts {
            input: 206_000,
            output: 2_310_000,
            cache_read: 1_402_000,
            cache_write: 400_000,
            other: 0,
        },
        responses: if i == 6 { 0 } else { 161 },
        unpriced: if i == 3 { 12 } else { 0 },
        unrecorded: i == 6,
        ..CostView::default()
    }
}

fn member(i: usize) -> CardMember {
    CardMember {
        sid: Sid(i as u32),
        session: Arc::new(summary(i)),
        starred: false,
    }
}

fn facet(field: &'static str, values: &[(&str, u64)]) -> FacetList {
    FacetList {
        field,
        pending: false,
        values: values
            .iter()
            .enumerate()
            .map(|(i, (value, count))| FacetValue {
                value: (*value).into(),
                label: value.rsplit('/').next().unwrap_or(value).into(),
                count: *count,
                ticked: field == "project" && i == 1,
                color: None,
            })
            .collect(),
    }
}

pub fn facets() -> Vec<FacetList> {
    let agents = FacetList {
        field: "agent",
        pending: false,
        values: crate::engine::agents()
            .zip([1830, 811, 64, 12])
            .map(|(info, count)| FacetValue {
                value: info.id.into(),
                label: info.name.into(),
                count,
                ticked: false,
                color: Some(info.color),
            })
            .collect(),
    };
    vec![
        agents,
        facet(
            "project",
            &[
                ("/home/ada/src/orbit", 912),
                ("/home/ada/src/lighthouse-ui", 401),
                ("/home/ada/src/ledger", 211),
                ("/home/ada/src/infra", 88),
                ("/home/ada/src/handbook", 41),
                ("/home/ada/src/pixelmill", 40),
                ("/home/ada/src/a-project-with-a-rather-long-name", 31),
                ("/tmp/scratch", 12),
                ("/tmp/x", 9),
                ("/tmp/y", 8),
                ("/tmp/z", 2),
            ],
        ),
        facet(
            "model",
            &[("opus-4-6", 1201), ("haiku-4-5", 455), ("gpt-5.2", 409)],
        ),
        facet(
            "tool",
            &[
                ("Bash", 2011),
                ("Edit", 1822),
                ("Read", 1702),
                ("Grep", 1290),
                ("WebFetch", 120),
            ],
        ),
        facet("branch", &[("main", 1822), ("feat/backoff", 12)]),
        facet("tag", &[("infra", 12), ("review", 4)]),
    ]
}

pub fn sessions() -> SessionsPage {
    SessionsPage {
        groups: vec![CardGroup {
            key: String::new(),
            label: String::new(),
            count: 1412,
            cards: (0..14).map(card).collect(),
        }],
        total: 1412,
        shown_sessions: 2705,
        hidden_sessions: 1234,
        empty_sessions: 0,
        all_sessions: 3939,
        next: Some(60),
        facets: facets(),
        days: vec![],
        generation: 7,
    }
}

fn snippet(seq: u32, role: Role, text: &str, word: &str) -> Snippet {
    Snippet {
        seq,
        role,
        tool: if role == Role::Output {
            "Bash".into()
        } else {
            String::new()
        },
        at: Some(NOW - 5 * HOUR),
        text: text.into(),
        marks: text
            .match_indices(word)
            .map(|(at, word)| (at, at + word.len()))
            .collect(),
        cut_before: true,
        cut_after: true,
    }
}

pub fn search() -> SearchPage {
    let snippets = || {
        vec![
            snippet(
                12,
                Role::User,
                "make the uploader retry on 503 and 429, but cap the whole retry at one minute",
                "retry",
            ),
            snippet(
                40,
                Role::Assistant,
                "The retry loop now honours Retry-After, and `retry_budget` is shared by all workers so that a burst cannot retry itself to death.",
                "retry",
            ),
            snippet(
                77,
                Role::Output,
                "test upload::tests::retry_is_capped ... ok <script>alert(1)</script>",
                "retry",
            ),
        ]
    };
    let mut facets = facets();
    facets.truncate(4);
    facets.insert(
        2,
        facet(
            "role",
            &[
                ("assistant", 211),
                ("output", 190),
                ("user", 51),
                ("tool", 40),
                ("thinking", 22),
            ],
        ),
    );
    SearchPage {
        tier: Match::AllWords,
        messages: 514,
        sessions: 93,
        hidden_messages: 71,
        hidden_sessions: 12,
        hits: (0..6)
            .map(|i| SearchHit {
                card: card(i),
                count: 31 - i as u32,
                snippets: snippets(),
            })
            .collect(),
        facets,
        days: (0..70)
            .filter(|i| i % 7 < 5)
            .map(|i| (Day(20_450 + i), ((i * 37) % 23 + 1) as u64))
            .collect(),
        corrected: vec![],
        next: Some(20),
        micros: 3_412,
        filling: true,
        earlier: false,
    }
}

fn said(seq: u32, role: Role, text: &str) -> TranscriptItem {
    TranscriptItem {
        seq,
        role,
        at: Some(NOW - 4 * HOUR + i64::from(seq) * 41_000),
        model: (role == Role::Assistant).then(|| "opus-4-6".into()),
        text: text.into(),
        bytes: text.len() as u64,
        ..TranscriptItem::default()
    }
}

fn called(
    seq: u32,
    name: &str,
    kind: ToolKind,
    title: &str,
    input: (BodyFormat, &str),
    output: Option<&str>,
) -> TranscriptItem {
    let tool = ToolCall {
        name: name.into(),
        kind,
        title: title.into(),
        call_id: format!("call-{seq}"),
        ..ToolCall::default()
    };
    TranscriptItem {
        format: input.0,
        output: output.map(|text| {
            let mut output = said(seq + 1, Role::Output, text);
            output.format = BodyFormat::Plain;
            output.tool = Some(ToolCall {
                failed: text.contains("FAILED"),
                ..tool.clone()
            });
            Box::new(output)
        }),
        tool: Some(tool),
        ..said(seq, Role::Tool, input.1)
    }
}

pub fn messages() -> MessagesPage {
    let mut task = called(
        16,
        "Task",
        ToolKind::Task,
        "Review the retry change",
        (
            BodyFormat::Plain,
            "Look at the diff and say what is wrong with it.",
        ),
        Some("Two findings, both fixed."),
    );
    task.tool.as_mut().unwrap().child = Some(summary(11).key.native);
    let mut image = said(
        18,
        Role::User,
        "this is what the dashboard shows now [image/png, 182 kB]",
    );
    image.images = 1;
    let mut copy = said(
        0,
        Role::User,
        "the uploader gives up after the first 503\nmake it retry, but never longer than a minute in total",
    );
    copy.copy = true;
    let mut long = called(
        20,
        "Bash",
        ToolKind::Shell,
        "cargo test --workspace",
        (BodyFormat::Shell, "cargo test --workspace"),
        Some(&"test upload::tests::case ... ok\n".repeat(900)),
    );
    long.output.as_mut().unwrap().cut = true;
    long.output.as_mut().unwrap().bytes = 18_400_000;
    let items = vec![
        copy,
        said(
            1,
            Role::Thinking,
            "They want a bounded retry. Look at the client first: where is the status checked?",
        ),
        said(
            2,
            Role::Assistant,
            "I'll look at how the client reports a failed upload first.",
        ),
        called(
            4,
            "Grep",
            ToolKind::Search,
            "fn upload",
            (
                BodyFormat::Json,
                "{\n  \"pattern\": \"fn upload\",\n  \"path\": \"src\"\n}",
            ),
            Some("src/upload.rs:41:pub async fn upload(&self, part: Part) -> Result<Receipt> {"),
        ),
        called(
            6,
            "Edit",
            ToolKind::Edit,
            "src/upload.rs",
            (
                BodyFormat::Diff,
                "--- a/src/upload.rs\n+++ b/src/upload.rs\n@@ -41,6 +41,14 @@ impl Client {\n     pub async fn upload(&self, part: Part) -> Result<Receipt> {\n-        self.put(part).await\n+        let mut wait = Duration::from_millis(250);\n+        let deadline = Instant::now() + Duration::from_secs(60);\n+        loop {\n+            match self.put(&part).await {\n+                Err(e) if e.is_transient() && Instant::now() + wait < deadline => sleep(wait).await,\n+                other => return other,\n+            }\n+            wait = (wait * 2).min(Duration::from_secs(8));\n+        }\n     }",
            ),
            Some("ok"),
        ),
        called(
            8,
            "Bash",
            ToolKind::Shell,
            "cargo test upload",
            (BodyFormat::Shell, "cargo test upload 2>&1 | tail -20"),
            Some(
                "running 3 tests\ntest upload::tests::retry_is_capped ... \u{1b}[31mFAILED\u{1b}[0m\n\nfailures:\n    retry_is_capped: took 61.2 s",
            ),
        ),
        said(
            10,
            Role::Assistant,
            "The cap was checked **before** the wait, so the last sleep could pass it. Fixed:\n\n```rust\n// never sleep past the deadline\nlet left = deadline.saturating_duration_since(Instant::now());\nif left < wait {\n    return Err(Error::GaveUp { tries });\n}\n```\n\nWhat changed:\n\n| case | before | now |\n|---|---|---|\n| 503 once | error | retried |\n| 503 for ever | error | error after 60 s |\n\n- [x] honours `Retry-After`\n- [ ] metrics, see <https://example.org/runbook> and [this](javascript:alert(1)) <script>alert(1)</script> <b onclick=\"x()\">bold</b><style>body{}</style>",
        ),
        said(
            12,
            Role::User,
            "what about 429? also `Retry-After` may be a date",
        ),
        said(14, Role::System, "The conversation was compacted here."),
        said(
            15,
            Role::Assistant,
            "Both forms are parsed now; a review by a second pair of eyes:",
        ),
        task,
        image,
        long,
        called(
            22,
            "mcp__tracker__comment",
            ToolKind::Other,
            "OPS-412",
            (
                BodyFormat::Json,
                "{\"issue\": \"OPS-412\", \"body\": \"fixed\"}",
            ),
            None,
        ),
    ];
    MessagesPage {
        offset: 50,
        total: 412,
        next: None,
        previous: Some(0),
        items,
        from_archive: false,
    }
}

fn spent(n: u64) -> Amount {
    Amount {
        tokens: Tokens {
            input: 900 * n,
            cache_read: 41_000 * n,
            output: 1_300 * n,
            ..Tokens::default()
        },
        responses: n,
        cost: 180_000 * n as i64,
        ..Amount::default()
    }
}

pub fn course() -> Course {
    let turn = |(seq, n)| TurnView {
        seq: Some(seq),
        at: NOW - 4 * HOUR,
        until: NOW - 4 * HOUR + 780_000,
        amount: spent(n),
        context: 120_000,
        window: Some(200_000),
        fill_sum: 0.6,
        fill_count: 1,
    };
    let step = |n: u64| CourseStep {
        at: NOW - 4 * HOUR + n as i64 * 60_000,
        until: NOW - 4 * HOUR + n as i64 * 60_000 + 20_000,
        turn: (n > 0).then_some(0),
        amount: spent(1 + n % 5),
        context: 18_000 + n * 8_000,
        window: Some(200_000),
    };
    Course {
        turns: [(0, 9), (12, 4)].map(turn).into(),
        steps: (0..22).map(step).collect(),
    }
}

pub fn inside() -> Inside {
    Inside {
        seqs: vec![0, 5, 8, 12],
        ..Inside::default()
    }
}

pub fn outline() -> Outline {
    let turn = |seq, text: &str, errors| OutlineTurn {
        seq,
        prompt: true,
        text: text.into(),
        at: Some(NOW - 4 * HOUR),
        until: Some(NOW - 3 * HOUR),
        items: 12,
        calls: 8,
        errors,
        edits: 2,
        compactions: errors,
        amount: spent(3),
    };
    Outline {
        turns: vec![
            turn(
                0,
                "the uploader gives up after the first 503\nmake it retry",
                1,
            ),
            turn(12, "what about 429?", 0),
            turn(18, "", 0),
        ],
        offset: 0,
        total: 3,
        items: 40,
        strip: (0..20)
            .map(|n| Stretch {
                seq: n * 2,
                items: 2,
                prompts: Marked {
                    count: u32::from(n % 6 == 0),
                    first: n * 2,
                },
                errors: Marked {
                    count: u32::from(n == 4),
                    first: n * 2 + 1,
                },
                ..Stretch::default()
            })
            .collect(),
    }
}

pub fn touched() -> Vec<Touched> {
    let file = |path: &str, edits, failed| Touched {
        path: path.into(),
        edits,
        failed,
        first: 6,
        last: 20,
    };
    vec![
        file("/home/ada/src/orbit/src/upload.rs", 7, 1),
        file("README.md", 1, 0),
    ]
}

pub fn session() -> SessionView {
    let card = self::card(0);
    SessionView {
        resume: Some(format!(
            "cd /home/ada/src/orbit && agent --resume {}",
            card.session.key.native
        )),
        parent: Some(self::card(8)),
        children: vec![self::card(11), self::card(12)],
        retries: vec![member(20), member(21)],
        cost_by_model: vec![
            ("opus-4-6".into(), card.tokens, cost(0)),
            (
                "haiku-4-5".into(),
                Tokens {
                    input: 9_000,
                    output: 1_200,
                    ..Tokens::default()
                },
                cost(3),
            ),
        ],
        issues: vec![issue(0)],
        card,
    }
}

fn issue(i: u64) -> ParseIssue {
    ParseIssue {
        path: format!("/home/ada/.histories/orbit/{i}.jsonl"),
        line: 4127 + i,
        kind: if i.is_multiple_of(2) {
            IssueKind::TornTail
        } else {
            IssueKind::InvalidUtf8
        },
        detail: "the last record is torn and was left for later".into(),
    }
}

pub fn projects() -> ProjectsPage {
    let mut rows: Vec<ProjectRow> = (0..7)
        .map(|i| ProjectRow {
            path: card(i).project.repo.unwrap_or(card(i).project.path),
            name: card(i).project,
            folders: if i == 0 {
                vec![
                    "/home/ada/src/orbit".into(),
                    "/home/ada/src/orbit-hotfix".into(),
                ]
            } else {
                vec![]
            },
            conversations: 212 / (i + 1),
            sessions: 300 / (i + 1),
            prompts: 4_120 / (i as u64 + 1),
            messages: 41_200 / (i as u64 + 1),
            last_at: Some(NOW - i as i64 * 30 * HOUR),
            cost: CostView {
                micros: 412_000_000 / (i as i64 + 1),
                ..cost(i)
            },
            tokens: 1_900_000_000 / (i as u64 + 1),
            agents: vec![(agent(0), 120), (agent(1), 31)],
            languages: [
                ("Rust", 812),
                ("Markdown", 90),
                ("TOML", 31),
                ("Shell", 12),
                ("SQL", 2),
            ]
            .map(|(name, calls)| LanguageUse {
                name,
                calls,
                files: calls / 7 + 1,
            })
            .to_vec(),
            weeks: (0..26).map(|week| (week * (i as u64 + 3)) % 17).collect(),
            newest: vec![card(i), card(i + 1), card(i + 2)],
        })
        .collect();
    rows[3].path = "/tmp/scratch".into();
    rows[3].name = ProjectName {
        path: "/tmp/scratch".into(),
        short: "/tmp/scratch".into(),
        label: "scratch".into(),
        repo: None,
        color: 4,
    };
    ProjectsPage {
        rows,
        hidden_sessions: 1234,
    }
}

pub fn project() -> ProjectView {
    let row = projects().rows.swap_remove(0);
    let figures = analytics();
    let file = |path: &str, edits| FileUse {
        path: path.into(),
        reads: edits * 3,
        edits,
        sessions: edits / 2 + 1,
    };
    ProjectView {
        hidden_sessions: 12,
        total: amount(412_000_000),
        branches: vec![("main".into(), 180), ("feat/backoff".into(), 32)],
        remotes: vec![("git@example.org:ada/orbit.git".into(), 200)],
        tags: vec![("infra".into(), 4)],
        first_at: Some(NOW - 900 * HOUR),
        active_ms: 212 * HOUR,
        tool_calls: 8_120,
        tool_errors: 212,
        by_day: figures.by_day,
        agent_days: figures.agent_days,
        by_agent: figures.by_agent,
        by_model: figures.by_model,
        files: vec![file("src/retry.rs", 41), file("src/a file.md", 3)],
        files_all: 2,
        recent: row.newest.clone(),
        costliest: row.newest.clone(),
        generation: 7,
        row,
    }
}

fn amount(micros: i64) -> Amount {
    Amount {
        tokens: Tokens {
            input: micros as u64 / 9,
            cache_read: micros as u64 * 2,
            cache_write_5m: micros as u64 / 5,
            output: micros as u64 / 31,
            ..Tokens::default()
        },
        responses: 900,
        unpriced_responses: 0,
        cost: micros,
        parts: CostParts {
            input: micros / 10,
            output: micros / 2,
            cache_read: micros / 4,
            cache_write: micros * 3 / 20,
            other: 0,
        },
        ..Amount::default()
    }
}

fn named(name: &str, label: &str, color: Option<&str>, micros: i64) -> NamedAmount {
    NamedAmount {
        name: name.into(),
        label: label.into(),
        color: color.map(str::to_owned),
        sessions: micros as u64 / 900_000,
        amount: amount(micros),
    }
}

fn rank(name: &str, label: &str, agent: bool) -> Rank {
    Rank {
        name: name.into(),
        label: label.into(),
        color: agent.then(|| "#60a5fa".into()),
        conversations: 120,
        prompts: 4_100,
        active_ms: 212 * HOUR,
        tokens: 1_900_000_000,
        cost: 412_000_000,
        unpriced: false,
    }
}

pub fn analytics() -> Analytics {
    let by_day: Vec<DayAmount> = (0..74)
        .filter(|i| i % 7 != 6)
        .map(|i| {
            let micros = ((i * i * 7 + i * 131) % 97 + 3) as i64 * 900_000;
            DayAmount {
                day: Day(20_446 + i),
                sessions: 9,
                conversations: 8,
                prompts: 61,
                messages: 240,
                tool_calls: 400,
                active_ms: 5 * HOUR,
                amount: amount(micros),
                agents: vec![AgentDay {
                    agent: agent(0).id.into(),
                    sessions: 9,
                    prompts: 61,
                    tokens: 1_200_000,
                    cost: micros,
                }],
            }
        })
        .collect();
    let line = |n: usize, share: i64| Series {
        name: agent(n).id.into(),
        label: agent(n).name.into(),
        color: Some(agent(n).color.into()),
        days: by_day
            .iter()
            .map(|day: &DayAmount| (day.day, day.amount.cost * share / 3))
            .collect(),
    };
    let plain = |name: &str, share: i64| Series {
        name: name.into(),
        label: name.into(),
        color: None,
        ..line(0, share)
    };
    let mut week = vec![[0_u64; 24]; 7];
    for (day, hours) in week.iter_mut().enumerate() {
        for (hour, cell) in hours.iter_mut().enumerate() {
            let busy = (8..20).contains(&hour) && day < 5;
            *cell = if busy {
                ((day * 31 + hour * 17) % 40 * 12) as u64
            } else {
                ((day + hour) % 5) as u64 * 3
            };
        }
    }
    Analytics {
        ranks: Ranks {
            conversations_today: 3,
            conversations_week: 17,
            agents: (0..2)
                .map(|i| rank(agent(i).id, agent(i).name, true))
                .collect(),
            models: vec![rank("opus-4-6", "opus-4-6", false)],
            projects: vec![rank("/home/ada/src/orbit", "orbit", false)],
            longest: Some(Record {
                id: card(0).session.key.to_string(),
                name: card(0).session.name().to_owned(),
                agent: agent(0).id.into(),
                value: 9 * HOUR,
            }),
            fullest: None,
        },
        as_of: NOW - 40_000,
        generation: 7,
        zone: "UTC".into(),
        total: amount(2_914_000_000),
        sessions_all: 3939,
        sessions_with_data: 3702,
        sessions_hidden: 1234,
        sessions_empty: 0,
        conversations: 1412,
        prompts: 18_220,
        messages: 112_400,
        tool_calls: 402_118,
        tool_errors: 9_204,
        interruptions: 212,
        compactions: 96,
        active_ms: 1_830_000_000,
        first_day: Some(Day(20_446)),
        last_day: Some(Day(20_519)),
        days: 74,
        active_days: 63,
        agent_days: vec![line(0, 2), line(1, 1)],
        model_days: vec![plain("opus-4-6", 2), plain("gpt-5.2", 1)],
        project_days: vec![plain("/home/ada/src/p0", 3)],
        by_day,
        by_agent: vec![
            named(
                agent(0).id,
                agent(0).name,
                Some(agent(0).color),
                1_942_000_000,
            ),
            named(
                agent(1).id,
                agent(1).name,
                Some(agent(1).color),
                972_000_000,
            ),
        ],
        by_model: vec![
            named("opus-4-6", "opus-4-6", None, 1_802_000_000),
            named("gpt-5.2", "gpt-5.2", None, 972_000_000),
            named("haiku-4-5", "haiku-4-5", None, 140_000_000),
        ],
        by_project: (0..14)
            .map(|i| {
                named(
                    &format!("/home/ada/src/p{i}"),
                    TITLES[i % 9].2,
                    None,
                    812_000_000 / (i as i64 + 1),
                )
            })
            .collect(),
        by_repo: vec![
            named("/home/ada/src/p0", "p0", None, 812_000_000),
            named("/home/ada/src/p1", "p1", None, 406_000_000),
        ],
        repo_roots: vec!["/home/ada/src/p0".into()],
        by_branch: vec![
            named("main", "main", None, 1_900_000_000),
            named("", "", None, 20_000_000),
        ],
        by_tool: ["Bash", "Edit", ""]
            .iter()
            .map(|name| ToolAmount {
                name: (*name).into(),
                calls: 4_120,
                errors: 77,
                spent: spending(310_000_000),
            })
            .collect(),
        servers: vec![CallCount {
            name: "docs".into(),
            calls: 41,
            errors: 2,
        }],
        skills: vec![CallCount {
            name: "review".into(),
            calls: 12,
            errors: 0,
        }],
        context: ContextUse {
            responses: 20_310,
            mean: 3_812,
            tenths: [
                2_100, 3_020, 4_400, 3_900, 2_700, 1_900, 1_100, 700, 400, 90,
            ],
        },
        week_cost: week
            .iter()
            .map(|hours| hours.map(|n| n as i64 * 9_000))
            .collect(),
        week,
        top_sessions: (0..10)
            .map(|i| TopSession {
                id: summary(i).key.to_string(),
                name: summary(i).name().into(),
                agent: agent(i).id.into(),
                project: TITLES[i % 9].2.into(),
                amount: amount(40_000_000 / (i as i64 + 1)),
            })
            .collect(),
        top_prompts: (0..10)
            .map(|i| TopPrompt {
                id: summary(i).key.to_string(),
                name: summary(i).name().into(),
                agent: agent(i).id.into(),
                project: TITLES[i % 9].2.into(),
                seq: Some(i as u32 * 12),
                at: NOW - i as i64 * 86_400_000,
                spent: spending(9_000_000 / (i as i64 + 1)),
            })
            .collect(),
        today: amount(41_200_000),
        minutes_today: 760,
        last_hour: amount(3_100_000),
        unpriced: vec![named("house-model-7b", "house-model-7b", None, 900_000)],
        coverage: vec![
            Coverage {
                agent: agent(0).id.into(),
                label: agent(0).name.into(),
                sessions: 3_700,
                priced: 3_580,
                partly: 20,
                unpriced: 12,
                silent: 64,
                idle: 20,
                estimated: 4,
            },
            Coverage {
                agent: agent(1).id.into(),
                label: agent(1).name.into(),
                sessions: 239,
                priced: 239,
                ..Coverage::default()
            },
        ],
        cache_saved: 6_120_000_000,
        windows: (0..12)
            .map(|i| Window {
                service: "Claude".into(),
                from: NOW - i * 25_200_000 - 3_600_000,
                to: NOW - i * 25_200_000 + 14_400_000,
                amount: amount(21_000_000 - i * 1_100_000),
                busy_hours: 3,
            })
            .collect(),
        previous: Some(Period {
            from: Day(20_372),
            to: Day(20_445),
            amount: amount(2_100_000_000),
            sessions: 2_400,
            prompts: 15_001,
            active_days: 58,
        }),
    }
}

fn spending(micros: i64) -> Spending {
    Spending {
        cost: micros,
        tokens: micros as u64 / 3,
        responses: 40,
        unpriced_responses: 0,
    }
}

pub fn subscriptions() -> Subscriptions {
    Subscriptions {
        rows: vec![Subscription {
            id: 1,
            service: "ada".into(),
            service_name: "Ada".into(),
            plan: "Max".into(),
            monthly: 100_000_000,
            from: Day(20_430),
            to: None,
            months_milli: 2_930,
            paid: 293_000_000,
            used: 1_942_000_000,
        }],
        paid: 293_000_000,
        used: 1_942_000_000,
        services: vec![Service {
            id: "ada".into(),
            name: "Ada".into(),
            plans: vec![("Pro".into(), 20_000_000), ("Max".into(), 100_000_000)],
        }],
    }
}

pub fn status() -> StatusView {
    StatusView {
        ingest: crate::store::status::IngestStatus {
            phase: crate::store::status::Phase::Rest,
            sources_done: 2190,
            sources_total: 4873,
            bytes_done: 412_000_000,
            bytes_total: 1_100_000_000,
            documents: 322_118,
            listing_complete: true,
            prose_complete: true,
            last_commit_at: NOW - 2_000,
            generation: 7,
            watch: "watching".into(),
            ..Default::default()
        },
        sessions: 3939,
        hidden_sessions: 1234,
        empty_sessions: 0,
        messages: 1_204_118,
        documents: 322_118,
        segments: 9,
        index_bytes: 212_000_000,
        store_bytes: 31_000_000,
        source_bytes: 1_100_000_000,
        sources: 4873,
        gone_sources: 31,
        issues_total: 14,
        issues_by_kind: vec![("torn tail".into(), 9), ("invalid UTF-8".into(), 5)],
        issues: (0..14).map(issue).collect(),
        agents: agents_found(),
        versions: vec![
            ("codedash".into(), "0.1.0".into()),
            ("schema".into(), "1".into()),
        ],
        data_dir: "/home/ada/.codedash/data".into(),
        zone: "UTC".into(),
        set_aside: vec![],
        notes: vec![],
        resident_bytes: 143_000_000,
    }
}

pub fn agents_found() -> Vec<AgentStatus> {
    crate::engine::agents()
        .map(|agent| AgentStatus {
            agent,
            roots: vec![
                (format!("/home/ada/.{}/sessions", agent.id), true),
                (format!("/home/ada/.config/{}", agent.id), false),
            ],
            sources: 2400,
            sessions: 1900,
            messages: 602_000,
            issues: 7,
        })
        .collect()
}

pub fn timeline() -> TimelinePage {
    let row = |i: usize| {
        let card = card(i);
        TimelineRow {
            sid: card.sid,
            session: card.session,
            agent: Some(card.agent),
            project: Arc::new(card.project),
            at: Some(NOW - i as i64 * HOUR),
            prompts: 12,
            messages: 84,
            active_ms: 2 * HOUR,
            by_hour: std::array::from_fn(|hour| u16::from((9..12).contains(&hour)) * 7),
            cost: card.cost,
            part: (2, 3),
            ..TimelineRow::default()
        }
    };
    let day = |n: i32| TimelineDay {
        day: Day(20_520 - n),
        conversations: 4,
        sessions: 5,
        prompts: 61,
        messages: 240,
        active_ms: 5 * HOUR,
        cost: card(0).cost,
        hidden: 3,
        hidden_cost: 1_250_000,
        by_hour: std::array::from_fn(|hour| u32::from((9..18).contains(&hour)) * hour as u32),
        rows: (0..4).map(row).collect(),
    };
    TimelinePage {
        days: (0..3).map(day).collect(),
        next: Day::parse("2026-02-20"),
        months: ["2026-03-01", "2026-02-01"]
            .iter()
            .filter_map(|text| Day::parse(text))
            .collect(),
        shown_sessions: 412,
        hidden_sessions: 1_234,
        facets: facets(),
        ..TimelinePage::default()
    }
}

mod tests {
    use crate::web::pages::*;
    use askama::Template;

    fn pages() -> Vec<(&'static str, String)> {
        let html = |page: &dyn askama::DynTemplate| page.dyn_render().unwrap();
        vec![
            ("sessions", html(&sessions::tests::sample_page("", 0))),
            ("list", html(&sessions::tests::sample_page("view=list", 0))),
            ("search", html(&search::tests::sample_page("q=retry"))),
            ("grammar", html(&search::tests::sample_page(""))),
            ("session", html(&session::tests::sample_page("m=8&q=retry"))),
            ("projects", html(&projects::tests::sample_page())),
            ("analytics", html(&analytics::tests::sample_page(true))),
            ("running", html(&analytics::tests::sample_page(false))),
            ("status", html(&status::tests::sample_page())),
            ("help", html(&help::tests::sample_page())),
            ("addresses", html(&help::tests::sample_addresses())),
            ("timeline", html(&timeline::tests::sample_page())),
            ("project", html(&project::tests::sample_page())),
            ("activity", html(&activity::tests::sample_page())),
            ("leaderboard", html(&leaderboard::tests::sample_page())),
            ("changelog", html(&changelog::tests::sample_page())),
            ("tour", html(&tour::tests::sample_page())),
            ("first", sessions::tests::first_run().render().unwrap()),
        ]
    }

    fn tags(html: &str) -> impl Iterator<Item = &str> {
        html.split('<')
            .skip(1)
            .filter_map(|tag| tag.split('>').next())
    }

    #[test]
    fn pages_need_nothing_that_the_policy_forbids() {
        for (name, html) in pages() {
            for tag in tags(&html) {
                assert!(!tag.contains(" style="), "{name}: <{tag}>");
                for handler in [" onclick=", " onload=", " onerror=", " hx-on"] {
                    assert!(!tag.contains(handler), "{name}: <{tag}>");
                }
                assert!(!tag.starts_with("style"), "{name}: <{tag}>");
                let script = tag.strip_prefix("script");
                assert!(
                    script.is_none_or(|rest| rest.contains("src=\"/assets/")),
                    "{name}: <{tag}>"
                );
            }
        }
    }

    #[test]
    fn ids_are_unique_and_labels_point_at_something() {
        for (name, html) in pages() {
            let mut ids: Vec<&str> = Vec::new();
            for tag in tags(&html) {
                if let Some(id) = tag
                    .split(" id=\"")
                    .nth(1)
                    .and_then(|rest| rest.split('"').next())
                {
                    assert!(!ids.contains(&id), "{name} has two #{id}");
                    ids.push(id);
                }
            }
            for (attribute, sign) in [
                (" for=\"", ""),
                (" aria-labelledby=\"", ""),
                (" data-copy=\"", "#"),
            ] {
                for rest in html.split(attribute).skip(1) {
                    let id = rest.split('"').next().unwrap().trim_start_matches(sign);
                    assert!(ids.contains(&id), "{name}: nothing is #{id}");
                }
            }
        }
    }

    /// `cargo test --lib web::sample -- --ignored`, then look at `target/pages`.
    #[test]
    #[ignore = "writes files to look at"]
    fn write_pages() {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("target/pages");
        std::fs::create_dir_all(&folder).unwrap();
        for (name, html) in pages() {
            std::fs::write(folder.join(format!("{name}.html")), html).unwrap();
        }
    }
}
