//! A row of the outbox that is sent as several. Invariants: what stood behind it in its chat stands
//! behind all of them, and the messages of its round are told apart by their part numbers as before.

use super::Write;
use crate::chat::divided::{in_order, is_behind, numbered};
use crate::chat::{Outbound, OutboxId, Rank};
use crate::outgoing::Head;
use crate::store::StoreError;
use crate::store::key::Key;
use crate::store::tables;

/// What became of a row and of those behind it.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Divided {
    /// New rows, in order.
    pub(crate) heads: Vec<Head>,
    /// Rows that stood behind it: they are among the new ones.
    pub(crate) moved: Vec<OutboxId>,
}

impl Write<'_> {
    /// Puts several rows in the place of one. An id is a place in the order of its chat, so that what
    /// stands behind it gets new ones. Of a row that stands aside nothing is behind in any order: only
    /// part numbers change. `None`, and nothing is changed, where the row is gone or has moved to
    /// another chat.
    pub(crate) fn divide_outbound(
        &mut self,
        id: OutboxId,
        pieces: &[Outbound],
    ) -> Result<Option<Divided>, StoreError> {
        let row: Option<Outbound> = self.row(&Key::number(id.0))?;
        let is_there = |row: &Outbound| pieces.iter().all(|piece| piece.chat == row.chat);
        let Some(row) = row.filter(is_there) else {
            return Ok(None);
        };
        self.remove_outbound(id)?;
        let more = pieces.len().saturating_sub(1);
        let more = u16::try_from(more).unwrap_or(u16::MAX);
        self.note_pieces(&row, pieces.first(), more)?;
        let (moved, rows) = if row.failing.is_aside {
            self.renumber_behind(&row, more)?;
            (Vec::new(), in_order(pieces, Vec::new()))
        } else {
            let (moved, behind) = self.take_behind(id, &row)?;
            (moved, in_order(pieces, behind))
        };
        let put = |row| Ok(Head::of(self.put_outbound(row)?, row));
        let heads: Result<Vec<Head>, StoreError> = rows.iter().map(put).collect();
        Ok(Some(Divided {
            heads: heads?,
            moved,
        }))
    }

    /// Takes out what stands behind a row in the order of its chat.
    fn take_behind(
        &mut self,
        id: OutboxId,
        row: &Outbound,
    ) -> Result<(Vec<OutboxId>, Vec<Outbound>), StoreError> {
        let mut outbox = self.table::<Outbound>()?;
        let mut behind = Vec::new();
        for entry in tables::range(&outbox, &(Key::number(id.0)..))? {
            let (key, bytes) = entry?;
            let other = self.met.read::<Outbound>(key.value(), bytes.value());
            // Answers to presses have an order of their own, and so has what stands aside.
            behind.extend(other.filter(|(_, other)| {
                other.chat == row.chat && other.rank != Rank::Acknowledge && !other.failing.is_aside
            }));
        }
        for (other, _) in &behind {
            tables::take(&mut outbox, &Key::number(other.0))?;
        }
        Ok(behind.into_iter().unzip())
    }

    /// Makes room among the parts of an answer for further ones behind this.
    fn renumber_behind(&mut self, row: &Outbound, more: u16) -> Result<(), StoreError> {
        let mut later = Vec::new();
        self.each(|id, other| {
            if is_behind(&other, row) {
                later.push((id, other));
            }
        })?;
        for (id, other) in later {
            self.set_outbound(id, &numbered(other, more))?;
        }
        let Some((lane, job, at)) = row.part_of else {
            return Ok(());
        };
        self.change_turn(lane, job, |turn| {
            for (part, _) in &mut turn.answer_messages {
                if *part > at {
                    *part = part.saturating_add(more);
                }
            }
        })?;
        Ok(())
    }

    /// What the first message of an answer shows now is not what rendering it would give.
    fn note_pieces(
        &mut self,
        row: &Outbound,
        first: Option<&Outbound>,
        more: u16,
    ) -> Result<(), StoreError> {
        let (Some((lane, job, 0)), Some(first), 1..) = (row.part_of, first, more) else {
            return Ok(());
        };
        let Some(body) = first.payload.body() else {
            return Ok(());
        };
        self.change_turn(lane, job, |turn| turn.beginning = Some(body.clone()))?;
        Ok(())
    }
}
