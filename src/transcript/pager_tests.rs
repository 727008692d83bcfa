use super::*;
use crate::model::ToolCall;
use proptest::prelude::*;

fn message(seq: u32, role: Role, call: &str) -> Message {
    let tool = matches!(role, Role::Tool | Role::Output).then(|| {
        Box::new(ToolCall {
            call_id: call.into(),
            ..ToolCall::default()
        })
    });
    Message {
        seq,
        role,
        text: format!("m{seq}"),
        tool,
        ..Message::default()
    }
}

fn any(_: &Message) -> bool {
    true
}

fn tools(message: &Message) -> bool {
    matches!(message.role, Role::Tool | Role::Output)
}

fn page(messages: &[Message], filter: Filter, offset: usize, limit: usize) -> (Vec<Told>, usize) {
    let mut pager = Pager::new(filter, offset, limit, true);
    for message in messages {
        pager.push(message.clone(), None);
    }
    let passed = pager.passed();
    (pager.into_page(), passed)
}

fn seqs(page: &[Told]) -> Vec<(u32, Option<u32>)> {
    page.iter()
        .map(|told| {
            (
                told.message.seq,
                told.output.as_ref().map(|o| o.message.seq),
            )
        })
        .collect()
}

#[test]
fn late_outputs_find_their_call_and_are_not_shown_again() {
    let all = [
        message(0, Role::User, ""),
        message(1, Role::Tool, "a"),
        message(2, Role::Tool, "b"),
        message(3, Role::Assistant, ""),
        message(4, Role::Output, "b"),
        message(5, Role::Output, "a"),
        message(6, Role::Output, "lost"),
    ];
    let (first, total) = page(&all, any, 0, 2);
    assert_eq!(seqs(&first), [(0, None), (1, Some(5))]);
    assert_eq!(total, 5);
    let (second, _) = page(&all, any, 2, 9);
    assert_eq!(seqs(&second), [(2, Some(4)), (3, None), (6, None)]);
    let (only, total) = page(&all, tools, 0, 9);
    assert_eq!(seqs(&only), [(1, Some(5)), (2, Some(4)), (6, None)]);
    assert_eq!(total, 3);
}

#[test]
fn without_ids_an_output_belongs_to_the_call_right_before_it() {
    let all = [
        message(0, Role::Tool, ""),
        message(1, Role::Output, ""),
        message(2, Role::Output, ""),
        message(3, Role::Tool, ""),
        message(4, Role::Assistant, ""),
        message(5, Role::Output, ""),
    ];
    let (page, _) = page(&all, any, 0, 9);
    assert_eq!(
        seqs(&page),
        [(0, Some(1)), (2, None), (3, None), (4, None), (5, None)]
    );
}

#[test]
fn several_outputs_of_one_call_are_one() {
    let all = [
        message(0, Role::Tool, "a"),
        message(1, Role::Output, "a"),
        message(2, Role::Output, "a"),
    ];
    let (page, total) = page(&all, any, 0, 9);
    assert_eq!(total, 1);
    assert_eq!(page[0].output.as_ref().unwrap().message.text, "m1\nm2");
}

#[test]
fn reading_stops_when_the_page_cannot_change_any_more() {
    let mut pager = Pager::new(any, 0, 2, false);
    pager.push(message(0, Role::User, ""), None);
    pager.push(message(1, Role::Tool, "a"), None);
    assert!(!pager.is_full(), "there may be a next page");
    pager.push(message(2, Role::User, ""), None);
    assert!(!pager.is_full(), "the output is still to come");
    pager.push(message(3, Role::Output, "a"), None);
    assert!(pager.is_full());
    assert_eq!(
        pager.passed(),
        3,
        "one more than the page: there is a next one"
    );

    // an output that never comes does not keep us for ever
    let mut pager = Pager::new(any, 0, 1, false);
    pager.push(message(0, Role::Tool, "a"), None);
    let mut read = 1;
    while !pager.is_full() {
        pager.push(message(read, Role::User, ""), None);
        read += 1;
    }
    assert!(read as usize <= LOOK_AHEAD + 4, "{read}");
}

fn stream() -> impl Strategy<Value = Vec<Message>> {
    let one = (0..6usize, 0..4u8);
    prop::collection::vec(one, 0..60).prop_map(|kinds| {
        kinds
            .iter()
            .enumerate()
            .map(|(seq, (role, call))| {
                let call = match call {
                    0 => String::new(),
                    call => format!("c{call}"),
                };
                message(seq as u32, Role::ALL[*role], &call)
            })
            .collect()
    })
}

proptest! {
    #[test]
    fn pages_put_together_are_the_whole(all in stream(), limit in 1usize..9) {
        for filter in [any as Filter, tools] {
            let (whole, total) = page(&all, filter, 0, usize::MAX / 2);
            prop_assert_eq!(whole.len(), total);
            let mut together = Vec::new();
            while together.len() < total {
                let (part, _) = page(&all, filter, together.len(), limit);
                prop_assert!(!part.is_empty());
                together.extend(part);
            }
            prop_assert_eq!(together, whole);
        }
    }

    #[test]
    fn a_located_message_is_on_its_page(all in stream()) {
        let (whole, _) = page(&all, any, 0, usize::MAX / 2);
        for wanted in &all {
            let mut locator = Locator::new(any, wanted.seq);
            all.iter().for_each(|message| locator.push(message));
            let told = &whole[locator.found().unwrap()];
            let seq = wanted.seq;
            let on_it = told.message.seq == seq
                || told.output.as_ref().is_some_and(|output| output.message.seq <= seq);
            prop_assert!(on_it, "{seq} not in {told:?}");
        }
    }
}
