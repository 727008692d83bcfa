use super::*;
use crate::rollup::HelperRules;

fn fold() -> SessionFold {
    fold_with(&[])
}

fn fold_with(copied: &[&str]) -> SessionFold {
    let key = SessionKey::new(&AgentId::new("any"), "s1");
    let copied = Arc::new(copied.iter().map(|uuid| uuid_hash(uuid)).collect());
    SessionFold::new(key, copied, LocalDays::new(jiff::tz::TimeZone::UTC))
}

const T0: i64 = 1_790_000_000_000;

fn say(fold: &mut SessionFold, role: Role, uuid: &str, text: &str, minute: i64) {
    let message = Message {
        seq: fold.summary.all_messages,
        role,
        uuid: uuid.into(),
        text: text.into(),
        ..Default::default()
    };
    push(fold, EventKind::Message(Box::new(message)), minute);
}

fn push(fold: &mut SessionFold, kind: EventKind, minute: i64) {
    fold.push(&Event {
        at: Some(T0 + minute * 60_000),
        offset: 0,
        kind,
    });
}

#[test]
fn counts_prompts_messages_and_times() {
    let mut f = fold();
    say(&mut f, Role::User, "a", "fix the login", 0);
    say(&mut f, Role::Assistant, "b", "done", 3);
    say(&mut f, Role::System, "c", "notice", 4);
    f.finish(&HelperRules::default());
    let s = &f.summary;
    assert_eq!(
        (s.prompts, s.messages, s.assistant_messages, s.all_messages),
        (1, 2, 1, 3)
    );
    assert_eq!((s.first_at, s.last_at), (Some(T0), Some(T0 + 240_000)));
    assert_eq!(s.name(), "fix the login");
    assert_eq!(f.days.values().map(|d| d.prompts).sum::<u32>(), 1);
}

#[test]
fn copies_are_shown_but_not_counted() {
    let mut f = fold_with(&["a", "b"]);
    say(&mut f, Role::User, "a", "fix the login", 0);
    say(&mut f, Role::Assistant, "b#1", "done", 1);
    say(&mut f, Role::User, "c", "and the logout", 60);
    f.finish(&HelperRules::default());
    let s = &f.summary;
    assert_eq!(
        (s.prompts, s.messages, s.copies, s.all_messages),
        (1, 1, 2, 3)
    );
    assert_eq!(
        s.first_at,
        Some(T0 + 3_600_000),
        "a fork begins where its own records begin"
    );
    assert_eq!(
        s.first_prompt, "fix the login",
        "but it is named and grouped like its origin"
    );
}

#[test]
fn a_record_of_nothing_but_usage_is_a_record() {
    let used = || {
        EventKind::Usage(Box::new(UsageEvent {
            key: "r1".into(),
            record: "b".into(),
            ..Default::default()
        }))
    };
    let mut f = fold();
    say(&mut f, Role::User, "a", "fix the login", 0);
    push(&mut f, used(), 1);
    say(&mut f, Role::Assistant, "c#1", "done", 2);
    let hashes: Vec<u64> = f.records.iter().map(|record| record.hash).collect();
    assert_eq!(hashes, ["a", "b", "c"].map(uuid_hash));
    let mut f = fold_with(&["a", "b", "c"]);
    say(&mut f, Role::User, "a", "fix the login", 0);
    push(&mut f, used(), 1);
    say(&mut f, Role::User, "d", "and the logout", 60);
    f.finish(&HelperRules::default());
    assert_eq!(f.summary.first_at, Some(T0 + 3_600_000));
    assert_eq!(f.summary.responses, 0);
}

#[test]
fn a_command_in_front_does_not_name_the_session() {
    let mut f = fold();
    let command = Message {
        text: "/clear".into(),
        prompt: PromptKind::Slash,
        ..Default::default()
    };
    push(&mut f, EventKind::Message(Box::new(command)), 0);
    say(&mut f, Role::User, "b", "rename the button", 1);
    assert_eq!(f.summary.first_prompt, "rename the button");
    assert_eq!(f.summary.prompts, 2);
    let mut f = fold();
    say(&mut f, Role::User, "a", "/etc/hosts is not read, why?", 0);
    say(&mut f, Role::User, "b", "hello?", 1);
    assert_eq!(f.summary.first_prompt, "/etc/hosts is not read, why?");
}

#[test]
fn titles_go_by_rank_then_by_time() {
    let mut f = fold();
    let title = |rank, text: &str| {
        EventKind::Fact(Fact::Title {
            rank,
            text: text.into(),
        })
    };
    push(&mut f, title(TitleRank::Custom, "mine"), 0);
    push(&mut f, title(TitleRank::Generated, "theirs"), 1);
    assert_eq!(f.summary.name(), "mine");
    push(&mut f, title(TitleRank::Custom, "mine again"), 2);
    push(&mut f, title(TitleRank::Custom, "  "), 3);
    assert_eq!(f.summary.name(), "mine again");
}

#[test]
fn a_sub_agents_first_message_is_no_persons_prompt() {
    let mut f = fold();
    let parent = Fact::Parent {
        native: "p".into(),
        relation: Relation::SubAgent,
    };
    push(&mut f, EventKind::Fact(parent), 0);
    say(&mut f, Role::User, "a", "Read-only task. Explore", 0);
    f.finish(&HelperRules::default());
    assert_eq!((f.summary.prompts, f.summary.messages), (0, 1));
    assert_eq!(f.summary.helper, None, "hidden as a sub-agent, not twice");
    assert!(f.summary.hidden_by_default());
}

#[test]
fn resuming_gives_what_one_go_gives() {
    let script = [
        (Role::User, "a", "one", 0),
        (Role::Assistant, "b", "two", 1),
        (Role::User, "c", "three", 2000),
    ];
    let mut whole = fold();
    for (role, uuid, text, minute) in script {
        say(&mut whole, role, uuid, text, minute);
    }
    whole.finish(&HelperRules::default());
    for cut in 0..=script.len() {
        let mut first = fold();
        for (role, uuid, text, minute) in &script[..cut] {
            say(&mut first, *role, uuid, text, *minute);
        }
        first.finish(&HelperRules::default());
        let mut second = SessionFold::resume(
            first.summary,
            first.days,
            Default::default(),
            LocalDays::new(jiff::tz::TimeZone::UTC),
        );
        for (role, uuid, text, minute) in &script[cut..] {
            say(&mut second, *role, uuid, text, *minute);
        }
        second.finish(&HelperRules::default());
        assert_eq!(
            (second.summary, second.days),
            (whole.summary.clone(), whole.days.clone())
        );
    }
}

#[test]
fn lines_of_one_response_are_one_claim() {
    let mut f = fold();
    for output in [5, 631] {
        let usage = UsageEvent {
            key: "msg_1".into(),
            request: Some("req_1".into()),
            model: "m".into(),
            tokens: Tokens {
                input: 9,
                output,
                ..Default::default()
            },
            ..Default::default()
        };
        push(&mut f, EventKind::Usage(Box::new(usage)), 0);
    }
    assert_eq!(f.claims.len(), 1);
    assert_eq!(
        f.claims[0].tokens,
        Tokens {
            input: 9,
            output: 631,
            ..Default::default()
        }
    );
}

#[test]
fn a_fork_seen_while_it_is_still_all_copies_begins_with_its_own_records_too() {
    let mut first = fold_with(&["a"]);
    say(&mut first, Role::User, "a", "fix the login", 0);
    first.finish(&HelperRules::default());
    assert_eq!(first.summary.first_at, Some(T0));
    let clock = LocalDays::new(jiff::tz::TimeZone::UTC);
    let copied = Arc::new(HashSet::from([uuid_hash("a")]));
    let mut second = SessionFold::resume(first.summary, first.days, copied, clock);
    say(&mut second, Role::User, "b", "and the logout", 60);
    second.finish(&HelperRules::default());
    let mut whole = fold_with(&["a"]);
    say(&mut whole, Role::User, "a", "fix the login", 0);
    say(&mut whole, Role::User, "b", "and the logout", 60);
    whole.finish(&HelperRules::default());
    assert_eq!(second.summary, whole.summary);
    assert_eq!(second.summary.first_at, Some(T0 + 3_600_000));
}
