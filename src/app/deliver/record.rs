//! Stores what follows from a try to send a row, in several tries where the disk is in the way.

use log::error;
use tokio::time::sleep;

use super::MISHAP;
use crate::app::Ctx;
use crate::chat::Outbound;
use crate::clock;
use crate::outgoing::{Ended, Head};
use crate::store::{StoreError, Write};

/// How often it is tried to store what follows from a try.
const MOST_TRIES: u32 = 5;

/// Stores what follows from a try; whether it is stored.
pub(super) async fn store(
    ctx: &Ctx,
    head: Head,
    op: impl Fn(&mut Write<'_>) -> Result<(), StoreError> + Clone + Send + 'static,
) -> bool {
    for _ in 0..MOST_TRIES {
        match ctx.engine.store.write_soon(op.clone()).await {
            Ok(()) => return true,
            Err(error) => {
                error!(row = head.id.0, err:% = error; "outbox not written");
                if !error.may_pass() {
                    return false;
                }
                sleep(MISHAP).await;
            }
        }
    }
    false
}

/// The row as it is tried next, after Telegram has answered.
pub(super) async fn change(ctx: &Ctx, head: Head, row: Outbound) {
    let row = Outbound {
        failing: row.failing.after_an_answer(),
        ..row
    };
    store(ctx, head, move |rows| {
        rows.set_outbound(head.id, &row).map(drop)
    })
    .await;
}

/// The row is sent no more.
pub(super) async fn drop_row(ctx: &Ctx, head: Head) -> Ended {
    store(ctx, head, move |rows| {
        rows.remove_outbound(head.id).map(drop)
    })
    .await;
    Ended::Gone
}

/// What becomes of the line of a row that could not be read or replaced.
pub(super) fn not_read(head: Head, error: &StoreError) -> Ended {
    error!(row = head.id.0, err:% = error; "outbox row not read");
    if !error.may_pass() {
        return Ended::Broken;
    }
    Ended::Parked {
        until: clock::steady().after(MISHAP),
    }
}
