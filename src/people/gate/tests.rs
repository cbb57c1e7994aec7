use super::*;
use crate::chat::command::Place;
use crate::chat::{Attachment, Basis, ChatId, Enclosed, fixtures};
use crate::people::knock::Knock;

const OWNER: i64 = 1;
const ANNA: i64 = 2;
const GROUP: i64 = -100;
const NOW: Timestamp = Timestamp::from_secs(1_000_000);
const STALE: Duration = Duration::from_mins(30);

/// Commands for everybody everywhere, for the Owner in private, and for everybody in private.
fn rights(command: &Command) -> Option<Rights> {
    let (who, places): (_, &[Place]) = match command.name.as_str() {
        "start" | "help" | "new" => (Who::Everybody, &[Place::Private, Place::Group]),
        "grant" => (Who::Owner, &[Place::Private]),
        "forget" => (Who::Everybody, &[Place::Private]),
        _ => return None,
    };
    Some(Rights { who, places })
}

fn admit(inbound: &Inbound, gate: &Gate, known: Known<'_>, now: Timestamp) -> Admission {
    super::admit(inbound, rights, gate, known, now)
}

fn gate(access: Access, groups: Groups) -> Gate {
    Gate {
        access,
        groups,
        owners: vec![UserId(OWNER)],
        stale_after: STALE,
    }
}

fn open() -> Gate {
    gate(Access::Open, Groups::Open)
}

fn approve() -> Gate {
    gate(Access::Approve, Groups::Approve)
}

fn row(role: Option<Role>) -> Person {
    Person {
        grant: role.map(|role| Grant { role, until: None }),
        ..Person::new(&fixtures::sender(ANNA), NOW)
    }
}

/// Somebody who knocked and was last told so long ago how they stand.
fn knocked(stage: Stage, told: Option<Duration>) -> Person {
    Person {
        knock: Some(Knock {
            stage,
            ..Knock::new(NOW, "hi")
        }),
        told: told.map(|ago| NOW.before(ago)),
        ..row(None)
    }
}

fn private(id: i64, text: &str) -> Inbound {
    fixtures::inbound(id, text, NOW)
}

fn group(id: i64, addressed: Addressed, text: &str) -> Inbound {
    Inbound {
        chat: ChatId(GROUP),
        kind: ChatKind::Group,
        addressed,
        ..private(id, text)
    }
}

fn aged(inbound: Inbound, age: Duration) -> Inbound {
    let age = u64::try_from(age.as_millis()).unwrap();
    Inbound {
        sent: Timestamp(NOW.0 - age),
        ..inbound
    }
}

fn person(row: &Person) -> Known<'_> {
    Known {
        person: Some(row),
        group: None,
    }
}

fn in_group(row: &Person) -> Known<'_> {
    Known {
        person: None,
        group: Some(row),
    }
}

fn asks(role: Role, text: &str) -> Admission {
    Admission::Serve {
        role,
        task: Task::Question {
            text: text.to_owned(),
            quote: None,
            enclosed: Vec::new(),
            basis: Basis::Newest,
        },
    }
}

fn commands(role: Role, typed: &str) -> Admission {
    let command = Command::parse(typed).unwrap();
    Admission::Serve {
        role,
        task: Task::Command(command),
    }
}

fn nobody() -> Known<'static> {
    Known::default()
}

#[test]
fn a_private_question_is_served_by_access_and_grant() {
    let closed = gate(Access::Closed, Groups::Leave);
    let vip = row(Some(Role::Vip));
    let new = row(None);
    let ignore = Admission::Ignore;
    let cases = [
        (open(), ANNA, nobody(), asks(Role::Guest, "hi")),
        (open(), ANNA, person(&vip), asks(Role::Vip, "hi")),
        (open(), OWNER, nobody(), asks(Role::Owner, "hi")),
        (
            approve(),
            ANNA,
            nobody(),
            Admission::Tell(Notice::NeedsApproval),
        ),
        (
            approve(),
            ANNA,
            person(&new),
            Admission::Tell(Notice::NeedsApproval),
        ),
        (approve(), ANNA, person(&vip), asks(Role::Vip, "hi")),
        (approve(), OWNER, nobody(), asks(Role::Owner, "hi")),
        (closed.clone(), ANNA, nobody(), ignore(Ignored::Closed)),
        (closed.clone(), ANNA, person(&vip), asks(Role::Vip, "hi")),
        (closed, OWNER, nobody(), asks(Role::Owner, "hi")),
    ];
    for (gate, id, known, expected) in cases {
        let inbound = private(id, "hi");
        assert_eq!(
            admit(&inbound, &gate, known, NOW),
            expected,
            "{gate:?} {id} {known:?}"
        );
    }
}

#[test]
fn who_waits_hears_it_once_an_hour_and_who_is_denied_once_a_day() {
    let (hour, day) = (Duration::from_hours(1), Duration::from_hours(24));
    let (in_hour, in_day) = (Duration::from_secs(3599), Duration::from_secs(86_399));
    let silence = || Admission::Ignore(Ignored::AlreadyTold);
    let waits = || Admission::Tell(Notice::StillWaiting);
    let no = || Admission::Tell(Notice::NotLetIn);
    let cases = [
        (Stage::New, None, waits()),
        (Stage::Shown, None, waits()),
        (Stage::Shown, Some(in_hour), silence()),
        (Stage::Shown, Some(hour), waits()),
        (Stage::Denied, None, no()),
        (Stage::Denied, Some(hour), silence()),
        (Stage::Denied, Some(in_day), silence()),
        (Stage::Denied, Some(day), no()),
    ];
    for (stage, told, expected) in cases {
        let known = knocked(stage, told);
        let said = admit(&private(ANNA, "hi"), &approve(), person(&known), NOW);
        assert_eq!(said, expected, "{stage:?} {told:?}");
        let of_group = admit(
            &group(ANNA, Addressed::Mention, "hi"),
            &approve(),
            in_group(&known),
            NOW,
        );
        let expected = match stage {
            Stage::New | Stage::Shown => expected,
            // The bot leaves it.
            Stage::Denied => Admission::Ignore(Ignored::Denied),
        };
        assert_eq!(of_group, expected, "{stage:?} {told:?}");
    }
    // Where strangers hear nothing, nobody who once knocked does either.
    let known = knocked(Stage::Shown, None);
    let closed = gate(Access::Closed, Groups::Leave);
    let said = admit(&private(ANNA, "hi"), &closed, person(&known), NOW);
    assert_eq!(said, Admission::Ignore(Ignored::Closed));
}

#[test]
fn without_an_owner_everybody_hears_of_that_and_nobody_is_a_guest() {
    let told = Person {
        told: Some(NOW),
        ..row(None)
    };
    for access in [Access::Open, Access::Approve, Access::Closed] {
        let ownerless = Gate {
            owners: Vec::new(),
            ..gate(access, Groups::Open)
        };
        for text in ["hi", "/start", "/help", "/grant 5 vip"] {
            let inbound = private(ANNA, text);
            let first = admit(&inbound, &ownerless, nobody(), NOW);
            assert_eq!(first, Admission::Tell(Notice::NoOwner), "{text}");
            let second = admit(&inbound, &ownerless, person(&told), NOW);
            assert_eq!(second, Admission::Ignore(Ignored::AlreadyTold));
        }
        let in_group = admit(
            &group(ANNA, Addressed::Mention, "hi"),
            &ownerless,
            nobody(),
            NOW,
        );
        assert_eq!(in_group, Admission::Tell(Notice::NoOwner));
    }
}

#[test]
fn a_claim_is_heard_in_private_while_there_is_no_owner() {
    let ownerless = Gate {
        owners: Vec::new(),
        ..approve()
    };
    for text in ["/claim k7m2", "/start claim_k7m2"] {
        let said = admit(&private(ANNA, text), &ownerless, nobody(), NOW);
        assert_eq!(said, commands(Role::Guest, text));
        let owned = admit(&private(ANNA, text), &approve(), nobody(), NOW);
        assert_eq!(owned, Admission::Tell(Notice::NeedsApproval));
        let inbound = group(ANNA, Addressed::Mention, text);
        let in_group = admit(&inbound, &ownerless, nobody(), NOW);
        assert_eq!(in_group, Admission::Tell(Notice::NoOwner));
    }
}

#[test]
fn in_a_group_only_what_is_meant_for_the_bot_is_heard() {
    let cases = [
        (
            Addressed::No,
            "hi",
            Admission::Ignore(Ignored::NotAddressed),
        ),
        (
            Addressed::No,
            "/grant 1 vip",
            Admission::Ignore(Ignored::NotAddressed),
        ),
        (Addressed::Mention, "hi", asks(Role::Guest, "hi")),
        (Addressed::Reply, "hi", asks(Role::Guest, "hi")),
        (Addressed::Command, "/help", commands(Role::Guest, "/help")),
        (
            Addressed::Command,
            "/roll 6",
            Admission::Ignore(Ignored::UnknownCommand),
        ),
        (Addressed::Mention, "", Admission::Tell(Notice::SayMore)),
    ];
    for (addressed, text, expected) in cases {
        let inbound = group(ANNA, addressed, text);
        assert_eq!(
            admit(&inbound, &open(), nobody(), NOW),
            expected,
            "{addressed:?} {text:?}"
        );
    }
}

#[test]
fn in_a_group_the_better_of_person_and_group_counts() {
    let role = |own: Option<Role>, of_group: Option<Role>, gate: &Gate, id| {
        let (own, of_group) = (row(own), row(of_group));
        let known = Known {
            person: Some(&own),
            group: Some(&of_group),
        };
        let sender = group(id, Addressed::Mention, "hi").sender;
        gate.role(&sender, ChatKind::Group, known, NOW)
    };
    let mixed = gate(Access::Open, Groups::Approve);
    let cases = [
        (
            Some(Role::Vip),
            Some(Role::Normal),
            &approve(),
            ANNA,
            Some(Role::Vip),
        ),
        (
            Some(Role::Guest),
            Some(Role::Normal),
            &approve(),
            ANNA,
            Some(Role::Normal),
        ),
        (
            None,
            Some(Role::Normal),
            &approve(),
            ANNA,
            Some(Role::Normal),
        ),
        (None, Some(Role::Vip), &approve(), ANNA, Some(Role::Premium)),
        (None, None, &approve(), ANNA, None),
        (None, None, &approve(), OWNER, Some(Role::Owner)),
        (None, None, &open(), ANNA, Some(Role::Guest)),
        (None, None, &mixed, ANNA, None),
    ];
    for (own, of_group, gate, id, expected) in cases {
        assert_eq!(
            role(own, of_group, gate, id),
            expected,
            "{own:?} {of_group:?} {id}"
        );
    }
}

#[test]
fn a_group_without_a_grant_is_told_once_and_not_once_per_member() {
    let told = knocked(Stage::Shown, Some(Duration::ZERO));
    for id in [ANNA, ANNA + 1] {
        let inbound = group(id, Addressed::Mention, "hi");
        let first = admit(&inbound, &approve(), nobody(), NOW);
        assert_eq!(first, Admission::Tell(Notice::GroupNeedsApproval));
        let later = admit(&inbound, &approve(), in_group(&told), NOW);
        assert_eq!(later, Admission::Ignore(Ignored::AlreadyTold));
    }
}

#[test]
fn a_bot_that_leaves_groups_answers_nobody_there() {
    let gate = gate(Access::Open, Groups::Leave);
    let inbound = group(OWNER, Addressed::Mention, "hi");
    let said = admit(&inbound, &gate, nobody(), NOW);
    assert_eq!(said, Admission::Ignore(Ignored::NoGroups));
}

#[test]
fn an_anonymous_admin_has_the_groups_role_and_no_owners_power() {
    let granted = row(Some(Role::Normal));
    let known = Known {
        person: Some(&granted),
        group: Some(&granted),
    };
    let mut gate = approve();
    gate.owners.push(UserId(GROUP));
    let mut inbound = group(GROUP, Addressed::Mention, "hi");
    inbound.sender.is_chat = true;
    assert_eq!(admit(&inbound, &gate, known, NOW), asks(Role::Normal, "hi"));
    inbound.content = Content::Text("/grant 5 vip".to_owned());
    let said = admit(&inbound, &gate, known, NOW);
    assert_eq!(said, Admission::Tell(Notice::OwnersOnly));
}

#[test]
fn commands_go_through_the_same_gate() {
    let cases = [
        (open(), commands(Role::Guest, "/start x")),
        (approve(), Admission::Tell(Notice::NeedsApproval)),
        (
            gate(Access::Closed, Groups::Leave),
            Admission::Ignore(Ignored::Closed),
        ),
    ];
    for (gate, expected) in cases {
        let said = admit(&private(ANNA, "/start x"), &gate, nobody(), NOW);
        assert_eq!(said, expected);
    }
    let said = admit(&private(ANNA, "/roll"), &open(), nobody(), NOW);
    assert_eq!(said, commands(Role::Guest, "/roll"));
}

#[test]
fn the_owners_commands_are_for_the_owner_in_private() {
    let vip = row(Some(Role::Vip));
    let in_private = |id| private(id, "/grant 5 vip");
    let ignored = Admission::Ignore(Ignored::NotOwner);
    let cases = [
        (
            open(),
            in_private(OWNER),
            nobody(),
            commands(Role::Owner, "/grant 5 vip"),
        ),
        (
            open(),
            in_private(ANNA),
            person(&vip),
            Admission::Tell(Notice::OwnersOnly),
        ),
        (open(), in_private(ANNA), nobody(), ignored.clone()),
        (approve(), in_private(ANNA), nobody(), ignored),
        (
            open(),
            group(OWNER, Addressed::Command, "/grant 5 vip"),
            nobody(),
            // Where a command works is asked where it is carried out.
            commands(Role::Owner, "/grant 5 vip"),
        ),
    ];
    for (gate, inbound, known, expected) in cases {
        assert_eq!(admit(&inbound, &gate, known, NOW), expected, "{inbound:?}");
    }
}

#[test]
fn a_command_for_everybody_is_served_wherever_it_is_given_and_however_old() {
    let said = admit(&private(ANNA, "/forget"), &open(), nobody(), NOW);
    assert_eq!(said, commands(Role::Guest, "/forget"));
    let in_group = group(ANNA, Addressed::Command, "/forget");
    let said = admit(&in_group, &open(), nobody(), NOW);
    assert_eq!(said, commands(Role::Guest, "/forget"));
    let old = aged(private(ANNA, "/forget"), STALE + Duration::from_millis(1));
    let said = admit(&old, &open(), nobody(), NOW);
    assert_eq!(said, commands(Role::Guest, "/forget"));
}

#[test]
fn a_stale_message_is_explained_in_private_and_dropped_in_groups() {
    let old = STALE + Duration::from_millis(1);
    let told = Admission::Tell(Notice::TooOld);
    let dropped = Admission::Ignore(Ignored::Stale);
    let help = || commands(Role::Guest, "/help");
    let mention = |text| group(ANNA, Addressed::Mention, text);
    let cases = [
        (aged(private(ANNA, "hi"), STALE), asks(Role::Guest, "hi")),
        (aged(private(ANNA, "hi"), old), told.clone()),
        (aged(mention("hi"), old), dropped.clone()),
        (aged(mention(""), old), dropped.clone()),
        (aged(private(ANNA, "/help"), old), help()),
        (aged(mention("/help"), old), help()),
        (aged(private(OWNER, "/grant 5 vip"), old), told),
        (
            aged(group(OWNER, Addressed::Command, "/grant 5 vip"), old),
            dropped,
        ),
    ];
    for (inbound, expected) in cases {
        assert_eq!(
            admit(&inbound, &open(), nobody(), NOW),
            expected,
            "{inbound:?}"
        );
    }
}

#[test]
fn a_clock_behind_telegrams_makes_nothing_old() {
    let early = Timestamp(NOW.0 - 3_600_000);
    let said = admit(&private(ANNA, "hi"), &open(), nobody(), early);
    assert_eq!(said, asks(Role::Guest, "hi"));
}

fn asks_with(text: &str, quote: Option<&str>, enclosed: Vec<Enclosed>) -> Admission {
    Admission::Serve {
        role: Role::Guest,
        task: Task::Question {
            text: text.to_owned(),
            quote: quote.map(str::to_owned),
            enclosed,
            basis: Basis::Newest,
        },
    }
}

fn file(kind: &str, album: Option<&str>) -> Enclosed {
    Enclosed::File {
        attachment: Attachment::of_kind(kind),
        album: album.map(str::to_owned),
    }
}

#[test]
fn a_medium_is_asked_by_its_caption_or_explained() {
    let media = |caption: &str| Inbound {
        content: Content::Media {
            attachment: Attachment::of_kind("voice"),
            caption: caption.to_owned(),
        },
        ..private(ANNA, "")
    };
    let kind = "voice".to_owned();
    let cases = [
        (
            "what is it?",
            asks_with("what is it?", None, vec![file("voice", None)]),
        ),
        (
            "",
            Admission::Tell(Notice::CannotRead { kind: kind.clone() }),
        ),
        (" \n", Admission::Tell(Notice::CannotRead { kind })),
        ("/help", commands(Role::Guest, "/help")),
    ];
    for (caption, expected) in cases {
        assert_eq!(
            admit(&media(caption), &open(), nobody(), NOW),
            expected,
            "{caption:?}"
        );
    }
    // The words of an album may be under another item of it.
    let item = Inbound {
        album: Some("a".to_owned()),
        ..media("")
    };
    let said = admit(&item, &open(), nobody(), NOW);
    assert_eq!(said, asks_with("", None, vec![file("voice", Some("a"))]));
}

#[test]
fn a_file_that_is_replied_to_belongs_to_the_question() {
    let reply = |text: &str| Inbound {
        file_of_reply: Some(Attachment::of_kind("photo")),
        ..group(ANNA, Addressed::Mention, text)
    };
    let kind = "photo".to_owned();
    let enclosed = vec![Enclosed::FileOfReply(Attachment::of_kind("photo"))];
    let said = admit(&reply("what is it?"), &open(), nobody(), NOW);
    assert_eq!(said, asks_with("what is it?", None, enclosed));
    let said = admit(&reply(""), &open(), nobody(), NOW);
    assert_eq!(said, Admission::Tell(Notice::CannotRead { kind }));
}

#[test]
fn what_nobody_typed_is_no_command_and_what_was_forwarded_is_somebody_elses() {
    let from = Some("Bob".to_owned());
    let forwarded = |text: &str| Inbound {
        author: Author::Forwarded { from: from.clone() },
        ..private(OWNER, text)
    };
    let gate = open();
    for text in ["/grant 7 vip", "/new", "hello"] {
        let said = admit(&forwarded(text), &gate, nobody(), NOW);
        let Admission::Serve { role, task } = said else {
            panic!("{said:?}");
        };
        let forward = Enclosed::Forward {
            from: from.clone(),
            text: text.to_owned(),
            file: None,
        };
        assert_eq!(task.enclosed(), [forward]);
        assert!(matches!(&task, Task::Question { text, .. } if text.is_empty()));
        assert_eq!(role, Role::Owner);
        let inline = Inbound {
            author: Author::InlineBot,
            ..private(OWNER, text)
        };
        let said = admit(&inline, &gate, nobody(), NOW);
        assert_eq!(said, asks(Role::Owner, text));
    }
    let empty = admit(&forwarded(""), &gate, nobody(), NOW);
    assert_eq!(empty, Admission::Tell(Notice::SayMore));
}

#[test]
fn a_bare_mention_on_a_quoted_message_asks_about_that_message() {
    let mut inbound = group(ANNA, Addressed::Mention, " ");
    let said = admit(&inbound, &open(), nobody(), NOW);
    assert_eq!(said, Admission::Tell(Notice::SayMore));
    inbound.quote = Some("a riddle".to_owned());
    let expected = Admission::Serve {
        role: Role::Guest,
        task: Task::Question {
            text: String::new(),
            quote: Some("a riddle".to_owned()),
            enclosed: Vec::new(),
            basis: Basis::Newest,
        },
    };
    assert_eq!(admit(&inbound, &open(), nobody(), NOW), expected);
}

#[test]
fn whoever_is_banned_is_not_heard_whatever_they_were_and_an_owner_is() {
    let banned = |role| Person {
        banned: Some(NOW),
        ..row(role)
    };
    let anna = banned(Some(Role::Vip));
    let (granted, banned_group) = (row(Some(Role::Premium)), banned(Some(Role::Premium)));
    let ignored = Admission::Ignore(Ignored::Banned);
    for text in ["hello", "/new", "/grant 5 vip"] {
        let known = Known {
            person: Some(&anna),
            group: None,
        };
        assert_eq!(admit(&private(ANNA, text), &open(), known, NOW), ignored);
        let said = group(ANNA, Addressed::Command, text);
        for (person, group) in [(&anna, &granted), (&granted, &banned_group)] {
            let known = Known {
                person: Some(person),
                group: Some(group),
            };
            assert_eq!(admit(&said, &open(), known, NOW), ignored, "{text}");
            assert_eq!(open().role(&said.sender, said.kind, known, NOW), None);
        }
        let of_owner = Known {
            person: Some(&anna),
            group: None,
        };
        let sender = fixtures::sender(OWNER);
        let role = open().role(&sender, ChatKind::Private, of_owner, NOW);
        assert_eq!(role, Some(Role::Owner));
    }
}
