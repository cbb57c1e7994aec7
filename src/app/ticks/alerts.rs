//! Alerts to the Owners (design §3): looks at what is the matter (`troubles`), and keeps the messages
//! that tell of it as they should be.
//!
//! Invariant: what was told is stored in the commit that has it sent, so that nothing is told twice.
//! While the data file cannot be written nothing can be stored: that is told without the outbox, and
//! entered once it can be.

mod troubles;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use log::{error, info};
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use self::troubles::Look;
use crate::alerts::{Alert, Alerts, Places, Seen, Told, Trouble, Way};
use crate::app::{Ctx, deliver};
use crate::chat::answer::Obstacle;
use crate::chat::rich::Rich;
use crate::chat::{ChatId, MessageId, Outbound, Payload, UserId};
use crate::clock::{self, Instant, Timestamp};
use crate::locale::Locale;
use crate::outgoing::Head;
use crate::store::{Condition, Read, StoreError, Write};

/// How often it is looked when nobody calls.
const LOOK: Duration = Duration::from_secs(10);
/// Least time between two looks, and so between two changes of one message.
const BETWEEN: Duration = Duration::from_secs(2);
/// A bot that has just begun sees everything within this time: before it, no alert of an earlier life
/// ends.
const SEES_ALL: Duration = Duration::from_secs(20);

/// An Owner, and the sentences in their language.
type Owner = (UserId, &'static Locale);

struct Watch {
    ctx: Arc<Ctx>,
    look: Look,
    seen: Seen,
    /// Causes that are told and last, as of the last look.
    lasting: BTreeSet<String>,
    /// What was told of the data file while it could not be written.
    unstored: Option<Alert>,
    began: Instant,
}

/// Looks until `stop`.
pub(crate) async fn run(ctx: Arc<Ctx>, stop: CancellationToken) -> anyhow::Result<()> {
    let stored = ctx.engine.store.read(Read::alerts).await?;
    let mut condition = ctx.engine.store.condition();
    let mut watch = Watch {
        look: Look::new(&ctx),
        seen: Seen::default(),
        lasting: causes(stored.lasting()),
        unstored: None,
        began: clock::instant(),
        ctx,
    };
    loop {
        let ctx = Arc::clone(&watch.ctx);
        let looked = async {
            watch.look().await;
            sleep(BETWEEN).await;
            tokio::select! {
                () = ctx.engine.signs.called() => {}
                Ok(()) = condition.changed() => {}
                () = sleep(LOOK) => {}
            }
        };
        if stop.run_until_cancelled(looked).await.is_none() {
            return Ok(());
        }
    }
}

/// The last words of a bot whose data file cannot be used any more.
pub(crate) async fn say_goodbye(ctx: &Arc<Ctx>) {
    for (owner, locale) in owners(ctx).await {
        let text = locale.data_file_ended().to_owned();
        deliver::send_at_once(ctx, Outbound::message(ChatId(owner.0), None, text)).await;
    }
}

impl Watch {
    async fn look(&mut self) {
        let condition = *self.ctx.engine.store.condition().borrow();
        match condition {
            Condition::Fine => self.tell().await,
            Condition::DiskFull => self.tell_unstored(&Trouble::DiskFull).await,
            Condition::Failing => self.tell_unstored(&Trouble::DiskFailing).await,
            // `say_goodbye` tells of it.
            Condition::Ended => {}
        }
    }

    /// Brings the messages to what is the matter now.
    async fn tell(&mut self) {
        let found = self.look.troubles(&self.ctx).await;
        let lasting = &self.lasting;
        let is_told = |cause: &str| lasting.contains(cause);
        let troubles = self.seen.ripe(found, is_told, clock::steady());
        let is_new = |trouble: &&Trouble| !lasting.contains(&trouble.cause());
        for trouble in troubles.iter().filter(is_new) {
            info!(cause = trouble.cause().as_str(); "the owners are alerted");
        }
        let run_for = clock::instant().saturating_duration_since(self.began);
        let plan = Plan {
            may_end: run_for >= SEES_ALL,
            owners: owners(&self.ctx).await,
            places: self.ctx.engine.settings().places(),
            unstored: self.unstored.clone(),
            now: clock::now(),
            troubles,
        };
        match self.carry_out(Arc::new(plan)).await {
            Ok(alerts) => {
                self.unstored = None;
                self.lasting = causes(alerts.lasting());
            }
            Err(error) => error!(err:% = error; "alerts not stored, once more soon"),
        }
    }

    /// Stores and sends what is to be told; without a write where nothing is. Gives what is stored.
    async fn carry_out(&self, plan: Arc<Plan>) -> Result<Alerts, StoreError> {
        let store = &self.ctx.engine.store;
        let before = store.read(Read::alerts).await?;
        let mut alerts = before.clone();
        let is_due = plan.apply(&mut alerts);
        if is_due || alerts != before {
            let apply = Arc::clone(&plan);
            let stored = store.write(move |rows| {
                let mut alerts = rows.alerts()?;
                apply.apply(&mut alerts);
                let heads = apply.put(&mut alerts, rows)?;
                rows.put_alerts(&alerts)?;
                Ok((alerts, heads))
            });
            let heads;
            (alerts, heads) = stored.await?;
            self.ctx.mail.push(&heads).await;
        }
        self.ctx.engine.signs.owners_read_of(plan.read_of(&alerts));
        Ok(alerts)
    }

    /// Tells of a data file that cannot be written, past the outbox, which lies in it.
    async fn tell_unstored(&mut self, trouble: &Trouble) {
        let places = self.ctx.engine.settings().places();
        let alert = self.unstored.get_or_insert_with(|| Alert {
            cause: trouble.cause(),
            since: clock::now(),
            ended: None,
            copies: Vec::new(),
        });
        for (owner, locale) in owners(&self.ctx).await {
            let text = locale.trouble(trouble, &places);
            let message = match alert.way(owner, &text) {
                None => continue,
                Some(Way::New | Way::Row(_)) => None,
                Some(Way::Edit(message)) => Some(message),
            };
            let row = row(owner, message, &text);
            let sent = deliver::send_at_once(&self.ctx, row).await;
            alert.copies.retain(|copy| copy.owner != owner);
            alert.copies.push(Told {
                owner,
                message: sent.or(message),
                row: None,
                trouble: text.clone(),
                text,
            });
        }
    }
}

/// What is to be told at one look.
struct Plan {
    troubles: Vec<Trouble>,
    owners: Vec<Owner>,
    places: Places,
    /// What was told while nothing could be stored.
    unstored: Option<Alert>,
    /// Whether what is not seen any more is over.
    may_end: bool,
    now: Timestamp,
}

/// A text that an Owner's message is to have.
struct Due {
    /// The place of its alert.
    alert: usize,
    owner: UserId,
    way: Way,
    trouble: String,
    text: String,
}

impl Plan {
    /// Enters what is the matter; whether somebody's message is to change for that.
    fn apply(&self, alerts: &mut Alerts) -> bool {
        if let Some(unstored) = &self.unstored {
            alerts.all.retain(|alert| alert.cause != unstored.cause);
            alerts.all.push(unstored.clone());
        }
        let causes: Vec<String> = self.troubles.iter().map(Trouble::cause).collect();
        alerts.take(&causes, self.may_end || self.unstored.is_some(), self.now);
        !self.due(alerts).is_empty()
    }

    fn due(&self, alerts: &Alerts) -> Vec<Due> {
        let mut due = Vec::new();
        for (place, alert) in alerts.all.iter().enumerate() {
            for (owner, locale) in &self.owners {
                let Some(trouble) = self.trouble(alert, (*owner, locale)) else {
                    continue;
                };
                let is_over = alert.ended.is_some() && !troubles::is_moment(&alert.cause);
                let text = if is_over {
                    locale.trouble_over(&trouble, alert.length(self.now))
                } else {
                    trouble.clone()
                };
                due.extend(alert.way(*owner, &text).map(|way| Due {
                    alert: place,
                    owner: *owner,
                    way,
                    trouble,
                    text,
                }));
            }
        }
        due
    }

    /// What the matter is, in an Owner's language; none where that is not told any more.
    fn trouble(&self, alert: &Alert, (owner, locale): Owner) -> Option<String> {
        let told = alert.copy_of(owner);
        // Whoever was sent nothing is told of no end.
        let is_sent = told.is_some_and(|copy| copy.message.is_some() || copy.row.is_some());
        if alert.ended.is_some() && !is_sent {
            return None;
        }
        let mut troubles = self.troubles.iter();
        let trouble = troubles.find(|trouble| trouble.cause() == alert.cause);
        let said = trouble.map(|trouble| locale.trouble(trouble, &self.places));
        said.or_else(|| told.map(|copy| copy.trouble.clone()))
    }

    /// Puts the rows into the outbox that are due.
    fn put(&self, alerts: &mut Alerts, rows: &mut Write<'_>) -> Result<Vec<Head>, StoreError> {
        let mut heads = Vec::new();
        for due in self.due(alerts) {
            let is_muted = alerts.wants_none(due.owner);
            let Some(alert) = alerts.all.get_mut(due.alert) else {
                continue;
            };
            let message = alert.copy_of(due.owner).and_then(|copy| copy.message);
            let row = row(due.owner, message, &due.text);
            let mut sent_in = match due.way {
                Way::Row(id) => rows.set_outbound(id, &row)?.then_some(id),
                Way::New | Way::Edit(_) => None,
            };
            // A message that is there is kept true; a new one is only for what lasts and is wanted.
            let may_be_new = alert.ended.is_none() && !is_muted;
            if sent_in.is_none() && (message.is_some() || may_be_new) {
                let id = rows.put_outbound(&row)?;
                heads.push(Head::of(id, &row));
                sent_in = Some(id);
            }
            alert.tell(due.owner, sent_in, &due.trouble, &due.text);
        }
        Ok(heads)
    }

    /// What keeps people from answers and an Owner has read of.
    fn read_of(&self, alerts: &Alerts) -> Vec<Obstacle> {
        let owners: Vec<UserId> = self.owners.iter().map(|(owner, _)| *owner).collect();
        let read = self.troubles.iter();
        let read = read.filter(|trouble| alerts.is_read(&trouble.cause(), &owners));
        read.filter_map(Trouble::keeps_from_answering).collect()
    }
}

/// The message of an Owner, or its change.
fn row(owner: UserId, message: Option<MessageId>, text: &str) -> Outbound {
    let payload = Payload::message(Rich::plain(text.to_owned()));
    let payload = match message {
        Some(message) => payload.taking_over(message),
        None => payload,
    };
    Outbound::new(ChatId(owner.0), None, payload)
}

fn causes<'a>(alerts: impl Iterator<Item = &'a Alert>) -> BTreeSet<String> {
    alerts.map(|alert| alert.cause.clone()).collect()
}

async fn owners(ctx: &Ctx) -> Vec<Owner> {
    let settings = ctx.engine.settings();
    let mut owners = Vec::new();
    for &owner in &settings.owners {
        let person = ctx.engine.store.person(owner).await.ok().flatten();
        let locale = settings.locale_of(person.as_deref());
        owners.push((owner, locale));
    }
    owners
}
