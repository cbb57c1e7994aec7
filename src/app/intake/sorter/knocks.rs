//! Those who ask to be let in, and the groups that the bot is put into.

use std::sync::Arc;
use std::time::Duration;

use log::info;

use super::Sorter;
use crate::app::commands::knocks;
use crate::app::intake::journal_entry::Entry;
use crate::app::intake::knocking::{Knocking, Visit};
use crate::chat::rich::Rich;
use crate::chat::{
    Added, Button, ChatId, ChatKind, Content, Inbound, Outbound, Payload, Sender, UserId,
};
use crate::locale::Locale;
use crate::outgoing::Place;
use crate::people::gate::{Groups, command_of};
use crate::people::knock::{Knock, Stage};
use crate::people::person::Person;
use crate::store::StoreError;

/// How often the bot leaves a group at most in which it hears something: it may take a while until it is
/// out.
const LEAVE_STEP: Duration = Duration::from_hours(1);
/// A group that takes the bot out and in again within this time asks once.
const ONE_VISIT: Duration = Duration::from_hours(1);

impl Sorter<'_> {
    /// A stranger, or somebody in a group without a grant, asks to be let in.
    pub(super) async fn knocks(&mut self, inbound: &Inbound) -> Result<(), StoreError> {
        match inbound.kind {
            ChatKind::Private => {
                self.touch(inbound);
                let words = match &inbound.content {
                    Content::Text(text) | Content::Media { caption: text, .. } => text.as_str(),
                };
                // Everybody begins with `/start`, which says nothing of them.
                let words = command_of(inbound).map_or(words, |_| "");
                self.knock(inbound.sender.id, Knock::new(self.now, words))
                    .await
            }
            ChatKind::Group => {
                self.name_group(inbound.chat, &inbound.title, &inbound.sender);
                let by = knocks::introduced(&inbound.sender, &inbound.other_names);
                self.knock(UserId(inbound.chat.0), Knock::new(self.now, &by))
                    .await
            }
        }
    }

    /// They were told how they stand, the person or the group.
    pub(super) fn counts_as_told(&mut self, inbound: &Inbound) {
        let now = self.now;
        let row = match inbound.kind {
            ChatKind::Private => self.person(&inbound.sender),
            ChatKind::Group => self.group(inbound.chat),
        };
        row.told = Some(now);
    }

    /// The bot was put into a group: where it may not stay it leaves, where it may answer it says how,
    /// and else the Owners are asked.
    pub(super) async fn added(&mut self, added: Added) -> Result<Entry, StoreError> {
        let Added {
            chat,
            title,
            reachable,
            by,
            other_names,
        } = added;
        info!(chat = chat.0, by = by.id.0; "put into a group");
        if reachable {
            self.ctx.mail.may_write(chat);
        } else {
            self.ctx.mail.may_not_write(Place::Chat(chat));
        }
        self.load_row(UserId(chat.0)).await?;
        self.name_group(chat, &title, &by);
        let now = self.now;
        let group = self.group(chat);
        group.reachable = reachable;
        let knock = group.knock.as_ref();
        let is_new = knock.is_none_or(|knock| !now.is_within(ONE_VISIT, knock.since));
        let is_denied = knock.is_some_and(|knock| !knock.waits()) || group.banned.is_some();
        let is_let_in = group.grant.is_some();
        let is_by_owner = self.settings.owners.contains(&by.id);
        let groups = self.settings.config.people.groups;
        if groups == Groups::Leave || (is_denied && !is_by_owner) {
            self.leave(chat);
        } else if self.settings.owners.is_empty() {
            // Who asks it something is told.
        } else if is_let_in || groups == Groups::Open {
            let text = self.settings.locale_for(&by).introduction().to_owned();
            self.aside.push(Outbound::message(chat, None, text));
        } else if is_new || is_by_owner {
            let by = knocks::introduced(&by, &other_names);
            let knock = Knock::new(now, &by);
            self.group(chat).knock = Some(knock.clone());
            self.give_card(UserId(chat.0), knock, Visit::Another)
                .await?;
        }
        Ok(Entry::Reachable { chat, reachable })
    }

    /// Leaves a group in which it still hears something.
    pub(super) fn leave_in_time(&mut self, chat: ChatId) {
        let left = self.known(UserId(chat.0)).and_then(|group| group.left);
        if left.is_none_or(|left| !self.now.is_within(LEAVE_STEP, left)) {
            self.leave(chat);
        }
    }

    fn leave(&mut self, chat: ChatId) {
        self.group(chat).left = Some(self.now);
        info!(chat = chat.0; "leaving a group");
        self.aside.push(Outbound::new(chat, None, Payload::Leave));
    }

    /// Keeps what a group is called, that something was heard of it, and the language of whoever spoke
    /// there first.
    pub(super) fn name_group(&mut self, chat: ChatId, title: &str, by: &Sender) {
        let now = self.now;
        let group = self.group(chat);
        group.last_seen = now;
        if !title.is_empty() {
            title.clone_into(&mut group.name);
        }
        if group.language.is_none() {
            group.language.clone_from(&by.language);
        }
    }

    /// Somebody who has a row knocks: nothing new where the Owners have a card with words of them.
    async fn knock(&mut self, id: UserId, knock: Knock) -> Result<(), StoreError> {
        let Some(person) = self.known(id) else {
            return Ok(());
        };
        let is_told = |before: &Knock| {
            let says_no_more = !before.words.is_empty() || knock.words.is_empty();
            before.stage != Stage::New && says_no_more
        };
        if person.knock.as_ref().is_some_and(is_told) {
            return Ok(());
        }
        if person.knock.is_none() {
            let row = self.rows.get_mut(&id).and_then(|row| row.person.as_mut());
            if let Some(person) = row {
                person.knock = Some(knock.clone());
            }
        }
        self.give_card(id, knock, Visit::SameAsBefore).await
    }

    /// Prepares the cards; whether the Owners get them is decided in the transaction.
    async fn give_card(
        &mut self,
        id: UserId,
        knock: Knock,
        visit: Visit,
    ) -> Result<(), StoreError> {
        let settings = Arc::clone(&self.settings);
        let (mut cards, mut summaries) = (Vec::new(), Vec::new());
        for owner in &settings.owners {
            self.load_row(*owner).await?;
            let Some(person) = self.known(id) else {
                return Ok(());
            };
            if !self.known(*owner).is_some_and(Person::may_be_written_to) {
                continue;
            }
            let person = Person {
                knock: Some(knock.clone()),
                ..person.clone()
            };
            let (engine, locale) = (&self.ctx.engine, settings.locale_of(self.known(*owner)));
            let (mut text, buttons) = knocks::card(engine, locale, *owner, (id, &person));
            if id.0 < 0 && self.has_privacy_mode() {
                text = format!("{text}\n\n{}", locale.knocks().privacy);
            }
            cards.push(with_buttons(*owner, text, buttons));
            let (text, button) = knocks::summary(engine, locale, *owner);
            summaries.push(with_buttons(*owner, text, vec![button]));
        }
        self.knocking.push(Knocking {
            who: id,
            knock,
            visit,
            cards,
            summaries,
        });
        Ok(())
    }

    /// An Owner writes for the first time: until now no card could be sent to them.
    pub(super) async fn meets_owner(&mut self, inbound: &Inbound) -> Result<(), StoreError> {
        let owner = inbound.sender.id;
        let is_first = !self.known(owner).is_some_and(|row| row.in_private);
        let is_met = inbound.kind == ChatKind::Private && is_first;
        if !is_met || !self.settings.owners.contains(&owner) {
            return Ok(());
        }
        let locale = self.settings.locale_for(&inbound.sender);
        self.tell_who_waits(owner, locale).await
    }

    /// A chat lets the bot write to it from now on, or does not any more. An Owner who does again could be
    /// sent no card meanwhile.
    pub(super) async fn reachable(
        &mut self,
        chat: ChatId,
        reachable: bool,
    ) -> Result<Entry, StoreError> {
        if reachable {
            self.ctx.mail.may_write(chat);
        } else {
            self.ctx.mail.may_not_write(Place::Chat(chat));
        }
        let owner = UserId(chat.0);
        if self.settings.owners.contains(&owner) {
            self.load_row(owner).await?;
            let row = self.rows.get_mut(&owner);
            let before = row.and_then(|row| row.person.as_mut());
            // What is stored of it changes with the entry.
            let was = before.map(|owner| std::mem::replace(&mut owner.reachable, reachable));
            if reachable && was == Some(false) {
                let locale = self.settings.locale_of(self.known(owner));
                self.tell_who_waits(owner, locale).await?;
            }
        }
        Ok(Entry::Reachable { chat, reachable })
    }

    async fn tell_who_waits(
        &mut self,
        owner: UserId,
        locale: &'static Locale,
    ) -> Result<(), StoreError> {
        let store = &self.ctx.engine.store;
        let (waiting, _) = store.read(|rows| rows.waiting(None)).await?;
        if waiting > 0 {
            let (text, button) = knocks::summary(&self.ctx.engine, locale, owner);
            self.aside.push(with_buttons(owner, text, vec![button]));
        }
        Ok(())
    }

    /// Whether the bot gets of a group only what is meant for it (Bot API,
    /// `can_read_all_group_messages`).
    fn has_privacy_mode(&self) -> bool {
        let me = self.ctx.me.get();
        me.is_some_and(|me| !me.can_read_all_group_messages)
    }
}

fn with_buttons(to: UserId, text: String, buttons: Vec<Button>) -> Outbound {
    let payload = Payload::Send {
        body: Rich::plain(text),
        reply_to: None,
        buttons,
    };
    Outbound::new(ChatId(to.0), None, payload)
}
