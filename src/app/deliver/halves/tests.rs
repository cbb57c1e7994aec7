use super::*;
use crate::chat::fixtures::private;
use crate::chat::rich::{Entity, Style};
use crate::chat::{ChatId, JobId, MessageId};

fn links(count: u32, address: usize) -> Rich {
    let word = "word ".repeat(4);
    let link = |at: u32| Entity {
        offset: at * 20,
        length: 4,
        style: Style::Link {
            url: format!("https://{at}.example/{}", "a".repeat(address)),
        },
    };
    Rich {
        text: word.repeat(usize::try_from(count).unwrap()),
        entities: (0..count).map(link).collect(),
    }
}

fn row(payload: Payload) -> Outbound {
    Outbound {
        part_of: Some((private(7), JobId(1), 0)),
        ..Outbound::new(ChatId(7), None, payload)
    }
}

fn send(body: Rich) -> Outbound {
    row(Payload::Send {
        body,
        reply_to: Some(MessageId(3)),
        buttons: vec![Button::callback("Retry", "retry".to_owned())],
    })
}

fn body_of(row: &Outbound) -> &Rich {
    let (Payload::Send { body, .. } | Payload::Edit { body, .. }) = &row.payload else {
        panic!("{row:?}");
    };
    body
}

#[test]
fn the_first_half_stays_what_the_row_was_and_the_last_has_its_buttons() {
    let whole = send(links(20, 270));
    let Payload::Send { buttons, .. } = whole.payload.clone() else {
        panic!("just made");
    };
    let halves = halves(&whole);
    assert!(halves.len() > 1);
    for (at, half) in halves.iter().enumerate() {
        let (is_first, is_last) = (at == 0, at + 1 == halves.len());
        let Payload::Send {
            reply_to,
            buttons: under,
            ..
        } = &half.payload
        else {
            panic!("{half:?}");
        };
        assert_eq!(reply_to.is_some(), is_first);
        assert_eq!(!under.is_empty(), is_last);
    }
    let links: usize = halves.iter().map(|half| body_of(half).entities.len()).sum();
    assert_eq!(links, 20);
    let edit = row(Payload::Edit {
        message: MessageId(11),
        body: body_of(&whole).clone(),
        buttons,
    });
    let halves = super::halves(&edit);
    assert!(
        matches!(&halves[0].payload, Payload::Edit { message: MessageId(11), buttons, .. } if buttons.is_empty())
    );
    assert!(matches!(&halves[1].payload, Payload::Send { .. }));
}

/// Halves until nothing can be halved: how often, and how many rows are left.
fn to_the_end(row: &Outbound) -> (usize, Vec<Outbound>) {
    let (mut refused, mut left, mut waiting) = (0, Vec::new(), vec![row.clone()]);
    while let Some(row) = waiting.pop() {
        let halves = halves(&row);
        if halves.is_empty() {
            left.push(row);
        } else {
            refused += 1;
            for half in &halves {
                assert!(units(&body_of(half).text) < units(&body_of(&row).text));
            }
            waiting.extend(halves);
        }
    }
    (refused, left)
}

#[test]
fn halving_ends_with_few_pieces_whatever_is_refused() {
    let long = Rich::plain("A sentence of words. ".repeat(190));
    let one_link = |address: usize| Rich {
        text: "word ".repeat(800),
        entities: vec![Entity {
            offset: 0,
            length: 3_999,
            style: Style::Link {
                url: format!("https://example.com/{}", "a".repeat(address)),
            },
        }],
    };
    for body in [
        long.clone(),
        Rich::plain("x".repeat(4_096)),
        Rich::plain("😀".repeat(2_048)),
        links(100, 48),
        links(100, 10),
        links(26, 270),
        one_link(100),
        one_link(5_000),
        Rich {
            entities: one_link(5_000).entities,
            ..long
        },
    ] {
        let (refused, left) = to_the_end(&send(body.clone()));
        assert!(
            refused < 40 && left.len() < 40,
            "{} {}",
            refused,
            left.len()
        );
    }
}

#[test]
fn where_smaller_pieces_would_not_help_nothing_is_cut() {
    let long_address = Rich {
        text: "here".to_owned(),
        entities: links(1, 5_000).entities,
    };
    for body in [Rich::plain("Short."), links(3, 100), long_address] {
        assert_eq!(halves(&send(body)), []);
    }
    let gone = row(Payload::Delete {
        message: MessageId(1),
    });
    assert_eq!(halves(&gone), []);
}

#[test]
fn a_file_becomes_messages_that_belong_to_the_answer() {
    let file = row(Payload::Document {
        name: "answer.md".to_owned(),
        text: "A sentence of words. ".repeat(1_000),
        reply_to: None,
    });
    let messages = messages(&file, &"A sentence of words. ".repeat(1_000));
    assert!(messages.len() > 4);
    assert!(messages.iter().all(|row| row.part_of == file.part_of));
}
