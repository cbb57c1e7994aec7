//! A text to many people: `/broadcast TEXT` shows it as they will read it and how many they are;
//! buttons choose whom it is for, send it off, and stop it. `ticks::broadcast` does the sending.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::entry::{Entry, Given, OWNER, Reply};
use crate::app::engine::Engine;
use crate::chat::broadcast::{Audience, Broadcast, Stage};
use crate::chat::command::Command;
use crate::chat::{Button, ChatKind, JobId, MessageId, Role, Sender, UserId};
use crate::clock::{self, Timestamp};
use crate::locale::Locale;
use crate::locale::commands::texts;
use crate::people::audit::Deed;
use crate::people::gate::{Gate, Known};
use crate::people::person::Person;
use crate::render;
use crate::store::{Read, StoreError, Write};

pub(super) const COMMANDS: &[Entry] = &[Entry {
    names: &["broadcast"],
    rights: OWNER,
    ends: None,
    run: |given| Box::pin(broadcast(given)),
}];

texts! {
    "broadcast" {
        USAGE = "usage", TOO_LONG = "too_long", PREVIEW = "preview", EVERYBODY = "everybody",
        CHOICE = "choice", SEND = "send", CANCEL = "cancel", CANCELLED = "cancelled",
        SENDING = "sending", SENT = "sent", LOST = "lost", STOP = "stop", STOPPED = "stopped",
        NOTHING = "nothing", OVER = "over", BUSY = "busy", NOT_NOW = "not_now",
    }
}

/// Longest text, in UTF-16 units: with what stands under its preview it fits a message.
const LONGEST: usize = 3_600;

/// Roles whose people can be meant alone: Owners are few and know.
const ROLES: [Role; 4] = [Role::Vip, Role::Premium, Role::Normal, Role::Guest];

/// What is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Request {
    /// What there is to see, without a text.
    Show,
    Preview(String),
    /// To stop what is being sent.
    Stop,
    To(JobId, Audience),
    Send(JobId),
    Cancel(JobId),
}

/// Reads what was typed; of a button the line that it carries.
fn parse(arguments: &str, is_pressed: bool) -> Option<Request> {
    let words: Vec<&str> = arguments.split_whitespace().collect();
    match words.as_slice() {
        [] => Some(Request::Show),
        [word] if word.eq_ignore_ascii_case("stop") => Some(Request::Stop),
        _ if !is_pressed => Some(Request::Preview(arguments.to_owned())),
        ["send", id] => Some(Request::Send(JobId(id.parse().ok()?))),
        ["cancel", id] => Some(Request::Cancel(JobId(id.parse().ok()?))),
        ["to", id, "all"] => Some(Request::To(JobId(id.parse().ok()?), Audience::Everybody)),
        ["to", id, role] => {
            let role = ROLES.into_iter().find(|known| known.name() == *role)?;
            Some(Request::To(JobId(id.parse().ok()?), Audience::Role(role)))
        }
        _ => None,
    }
}

/// Whether the command takes a text, its own or that of the message that it replies to, as it is formatted.
pub(in crate::app) fn takes_text(command: &Command) -> bool {
    command.name == "broadcast"
}

async fn broadcast(given: Given<'_>) -> Reply {
    let Some(owner) = given.lane.person() else {
        return Reply::say(given.locale.command(USAGE, &[]));
    };
    let request = parse(&given.command.arguments, given.pressed.is_some());
    let done = match request {
        None => Ok(Reply::say(given.locale.command(OVER, &[]))),
        Some(Request::Show) => show(&given, owner).await,
        Some(Request::Stop) => stop(&given).await,
        Some(Request::Preview(text)) => preview(&given, owner, text).await,
        Some(Request::To(id, to)) => readdress(&given, id, to).await,
        Some(Request::Send(id)) => send(&given, id).await,
        Some(Request::Cancel(id)) => cancel(&given, id).await,
    };
    done.unwrap_or_else(|_| Reply::say(given.locale.command(NOT_NOW, &[])))
}

/// Whether somebody of the registry gets it: they have a role, wrote to the bot in private, and let it
/// write to them.
pub(in crate::app) fn is_for(
    broadcast: &Broadcast,
    gate: &Gate,
    (id, person): (UserId, &Person),
    now: Timestamp,
) -> bool {
    role_of(gate, (id, person), now).is_some_and(|role| broadcast.is_for(id, role))
}

fn role_of(gate: &Gate, (id, person): (UserId, &Person), now: Timestamp) -> Option<Role> {
    let sender = Sender {
        id,
        name: String::new(),
        language: None,
        is_chat: id.0 < 0,
    };
    let known = Known {
        person: Some(person),
        group: None,
    };
    let may = !sender.is_chat && person.in_private && person.reachable && person.banned.is_none();
    let role = may.then(|| gate.role(&sender, ChatKind::Private, known, now));
    role.flatten()
}

/// How many people of each role there are whom it could be for.
async fn count(engine: &Engine, owner: UserId) -> Result<BTreeMap<Role, u64>, StoreError> {
    let (gate, now) = (engine.settings().gate(), clock::now());
    let counted = engine.store.read(move |rows| {
        let mut counts = BTreeMap::new();
        rows.persons(|id, person| {
            let role = role_of(&gate, (id, &person), now).filter(|_| id != owner);
            if let Some(role) = role {
                *counts.entry(role).or_default() += 1;
            }
        })?;
        Ok(counts)
    });
    counted.await
}

fn people(counts: &BTreeMap<Role, u64>, to: Audience) -> u64 {
    match to {
        Audience::Everybody => counts.values().sum(),
        Audience::Role(role) => counts.get(&role).copied().unwrap_or_default(),
    }
}

async fn sending(engine: &Engine) -> Result<Option<(JobId, Broadcast)>, StoreError> {
    let all = engine.store.read(Read::broadcasts).await?;
    Ok(all.into_iter().find(|(_, job)| job.stage == Stage::Sending))
}

async fn known(engine: &Engine, id: JobId) -> Result<Option<Broadcast>, StoreError> {
    let mut all = engine.store.read(Read::broadcasts).await?.into_iter();
    Ok(all.find(|(known, _)| *known == id).map(|(_, job)| job))
}

/// Without a text: what is being sent, or how to use it.
async fn show(given: &Given<'_>, owner: UserId) -> Result<Reply, StoreError> {
    Ok(match sending(given.engine).await? {
        Some((_, job)) => Reply::say(progress(given.locale, &job)).with_buttons([stop_button(
            given.engine,
            given.locale,
            owner,
        )]),
        None => Reply::say(given.locale.command(USAGE, &[])),
    })
}

/// The text as people will read it, to be sent off or not.
async fn preview(given: &Given<'_>, owner: UserId, text: String) -> Result<Reply, StoreError> {
    let (engine, locale) = (given.engine, given.locale);
    if let Some((_, job)) = sending(engine).await? {
        let how = progress(locale, &job);
        return Ok(Reply::say(locale.command(BUSY, &[("progress", &how)])));
    }
    let body = render::answer(&text, &text);
    if body.text.encode_utf16().count() > LONGEST || render::parts(&body).len() != 1 {
        let most = LONGEST.to_string();
        return Ok(Reply::say(locale.command(TOO_LONG, &[("most", &most)])));
    }
    let job = Broadcast::new(owner, text);
    let kept = job.clone();
    let begun = engine.store.write(move |rows| rows.begin_broadcast(&kept));
    let id = begun.await?;
    let counts = count(engine, owner).await?;
    Ok(previewed(given, (id, &job), &counts))
}

fn previewed(
    given: &Given<'_>,
    (id, job): (JobId, &Broadcast),
    counts: &BTreeMap<Role, u64>,
) -> Reply {
    let locale = given.locale;
    let label = |to| match to {
        Audience::Everybody => locale.command(EVERYBODY, &[]),
        Audience::Role(role) => locale.role(role).to_owned(),
    };
    let number = people(counts, job.to).to_string();
    let values = [("people", &*number), ("whom", &*label(job.to))];
    let under = locale.command(PREVIEW, &values);
    let mut body = render::answer(&job.text, &job.text);
    body.text = format!("{}\n\n{under}", body.text.trim_end());
    let choice = |to| {
        let (line, count) = match to {
            Audience::Everybody => (format!("/broadcast to {id} all"), people(counts, to)),
            Audience::Role(role) => (
                format!("/broadcast to {id} {}", role.name()),
                people(counts, to),
            ),
        };
        let values = [("whom", &*label(to)), ("people", &*count.to_string())];
        given.button(locale.command(CHOICE, &values), line)
    };
    let audiences = ROLES
        .map(Audience::Role)
        .into_iter()
        .chain([Audience::Everybody]);
    let others = audiences.filter(|to| *to != job.to && people(counts, *to) > 0);
    let send = given.button(locale.command(SEND, &[]), format!("/broadcast send {id}"));
    let cancel = given.button(
        locale.command(CANCEL, &[]),
        format!("/broadcast cancel {id}"),
    );
    let send = send.filter(|_| people(counts, job.to) > 0);
    let buttons = send
        .into_iter()
        .chain(cancel)
        .chain(others.filter_map(choice));
    Reply::show(body).with_buttons(buttons)
}

/// Another audience, while nothing has been sent.
async fn readdress(given: &Given<'_>, id: JobId, to: Audience) -> Result<Reply, StoreError> {
    let Some(job) = known(given.engine, id).await? else {
        return Ok(Reply::say(given.locale.command(OVER, &[])));
    };
    if job.stage != Stage::Preview {
        return Ok(how_it_goes(given, &job));
    }
    let job = Broadcast { to, ..job };
    let counts = count(given.engine, job.owner).await?;
    let reply = previewed(given, (id, &job), &counts);
    Ok(reply.with_effect(move |rows| {
        changed(rows, id, Stage::Preview, |job| job.to = to)?;
        Ok(Vec::new())
    }))
}

/// Sends it off; once.
async fn send(given: &Given<'_>, id: JobId) -> Result<Reply, StoreError> {
    let Some(mut job) = known(given.engine, id).await? else {
        return Ok(Reply::say(given.locale.command(OVER, &[])));
    };
    if job.stage != Stage::Preview {
        return Ok(how_it_goes(given, &job));
    }
    if let Some((_, other)) = sending(given.engine).await? {
        let how = progress(given.locale, &other);
        let said = given.locale.command(BUSY, &[("progress", &how)]);
        return Ok(Reply::say(said));
    }
    let number = people(&count(given.engine, job.owner).await?, job.to);
    (job.stage, job.people) = (Stage::Sending, number);
    let message: Option<MessageId> = given.pressed;
    let engine = Arc::clone(given.engine);
    let count = u32::try_from(number).unwrap_or(u32::MAX);
    let deed = given.does(Deed::Broadcast { people: count }, None);
    Ok(how_it_goes(given, &job).with_effect(move |rows| {
        // Another Owner's may have begun a moment ago.
        if rows.sending()?.is_some() {
            return Ok(Vec::new());
        }
        let is_first = changed(rows, id, Stage::Preview, |job| {
            job.stage = Stage::Sending;
            job.people = number;
            job.message = message;
        })?;
        if is_first {
            rows.audit(&deed)?;
        }
        engine.broadcasts.notify_one();
        Ok(Vec::new())
    }))
}

async fn cancel(given: &Given<'_>, id: JobId) -> Result<Reply, StoreError> {
    match known(given.engine, id).await? {
        Some(job) if job.stage != Stage::Preview => Ok(how_it_goes(given, &job)),
        Some(_) | None => {
            let said = Reply::say(given.locale.command(CANCELLED, &[]));
            Ok(said.with_effect(move |rows| {
                let job = rows.broadcast(id)?;
                if job.is_some_and(|job| job.stage == Stage::Preview) {
                    rows.remove_broadcast(id)?;
                }
                Ok(Vec::new())
            }))
        }
    }
}

/// Stops what is being sent: what waits in the outbox is not sent any more.
async fn stop(given: &Given<'_>) -> Result<Reply, StoreError> {
    let Some((id, mut job)) = sending(given.engine).await? else {
        return Ok(Reply::say(given.locale.command(NOTHING, &[])));
    };
    job.stage = Stage::Stopped;
    let reply = Reply::say(progress(given.locale, &job));
    let deed = given.does(Deed::StoppedBroadcast, None);
    Ok(reply.with_effect(move |rows| {
        if changed(rows, id, Stage::Sending, |job| job.stage = Stage::Stopped)? {
            rows.drop_broadcast_rows()?;
            rows.audit(&deed)?;
        }
        Ok(Vec::new())
    }))
}

/// Changes one that is at this stage; whether it was.
fn changed(
    rows: &mut Write<'_>,
    id: JobId,
    stage: Stage,
    change: impl FnOnce(&mut Broadcast),
) -> Result<bool, StoreError> {
    let Some(mut job) = rows.broadcast(id)?.filter(|job| job.stage == stage) else {
        return Ok(false);
    };
    change(&mut job);
    rows.put_broadcast(id, &job)?;
    Ok(true)
}

/// How far one has come that was sent off.
fn how_it_goes(given: &Given<'_>, job: &Broadcast) -> Reply {
    let is_going = job.stage == Stage::Sending;
    let stop = is_going.then(|| stop_button(given.engine, given.locale, job.owner));
    Reply::say(progress(given.locale, job)).with_buttons(stop)
}

/// The button that stops what is being sent.
pub(in crate::app) fn stop_button(engine: &Engine, locale: &Locale, owner: UserId) -> Button {
    engine.command_button(
        owner,
        locale.command(STOP, &[]),
        "/broadcast stop".to_owned(),
    )
}

/// In words, for the Owner.
pub(in crate::app) fn progress(locale: &Locale, job: &Broadcast) -> String {
    let (people, delivered) = (job.people.to_string(), job.delivered.to_string());
    let (blocked, lost) = (job.blocked.to_string(), job.lost().to_string());
    let values = [
        ("people", &*people),
        ("delivered", &*delivered),
        ("blocked", &*blocked),
        ("lost", &*lost),
    ];
    match job.stage {
        Stage::Preview | Stage::Sending => locale.command(SENDING, &values),
        Stage::Stopped => locale.command(STOPPED, &values),
        Stage::Done => {
            let sent = locale.command(SENT, &values);
            match job.lost() {
                0 => sent,
                _ => format!("{sent}\n{}", locale.command(LOST, &values)),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::people::gate::Access::{Approve, Open};
    use crate::people::gate::Groups;
    use crate::people::person::Grant;

    #[test]
    fn what_is_typed_is_the_text_and_what_a_button_carries_is_its_line() {
        let text = |text: &str| Some(Request::Preview(text.to_owned()));
        let id = JobId(7);
        let cases = [
            ("", false, Some(Request::Show)),
            ("  ", false, Some(Request::Show)),
            ("Hello *all*\nof you", false, text("Hello *all*\nof you")),
            ("send 7", false, text("send 7")),
            ("vip only", false, text("vip only")),
            ("STOP", false, Some(Request::Stop)),
            ("stop it", false, text("stop it")),
            ("stop", true, Some(Request::Stop)),
            ("send 7", true, Some(Request::Send(id))),
            ("cancel 7", true, Some(Request::Cancel(id))),
            ("to 7 all", true, Some(Request::To(id, Audience::Everybody))),
            (
                "to 7 vip",
                true,
                Some(Request::To(id, Audience::Role(Role::Vip))),
            ),
            ("to 7 owner", true, None),
            ("send x", true, None),
            ("send", true, None),
        ];
        for (arguments, is_pressed, expected) in cases {
            assert_eq!(parse(arguments, is_pressed), expected, "{arguments:?}");
        }
    }

    #[test]
    fn a_report_names_what_was_lost_only_where_something_was() {
        let locale = Locale::of(crate::locale::Language::En);
        let mut job = Broadcast {
            stage: Stage::Done,
            people: 100,
            put: 100,
            delivered: 95,
            blocked: 5,
            ..Broadcast::new(UserId(1), String::new())
        };
        let whole = progress(locale, &job);
        assert!(whole.contains("95") && whole.contains('5') && whole.lines().count() == 1);
        job.delivered = 93;
        assert!(progress(locale, &job).lines().last().unwrap().contains('2'));
    }

    #[test]
    fn only_people_who_wrote_in_private_can_be_reached_and_have_a_role_are_meant() {
        let gate = |access| Gate {
            access,
            groups: Groups::Approve,
            owners: vec![UserId(1)],
            stale_after: Duration::from_mins(30),
        };
        let sender = Sender {
            id: UserId(2),
            name: "Ann".to_owned(),
            language: None,
            is_chat: false,
        };
        let now = Timestamp(1_000);
        let person = |change: fn(&mut Person)| {
            let mut person = Person::new(&sender, now);
            person.in_private = true;
            person.grant = Some(Grant {
                role: Role::Normal,
                until: None,
            });
            change(&mut person);
            person
        };
        let cases = [
            (person(|_| {}), Approve, Some(Role::Normal)),
            (person(|it| it.in_private = false), Approve, None),
            (person(|it| it.reachable = false), Approve, None),
            (person(|it| it.banned = Some(Timestamp(1))), Approve, None),
            (person(|it| it.grant = None), Approve, None),
            (person(|it| it.grant = None), Open, Some(Role::Guest)),
        ];
        for (person, access, expected) in cases {
            let role = role_of(&gate(access), (UserId(2), &person), now);
            assert_eq!(role, expected, "{person:?}");
        }
        let group = person(|_| {});
        assert_eq!(role_of(&gate(Open), (UserId(-2), &group), now), None);
    }
}
