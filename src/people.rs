//! Who may speak with the bot, and what their role gives them. Pure.

pub(crate) mod audit;
pub(crate) mod claim;
pub(crate) mod directory;
pub(crate) mod fair_share;
pub(crate) mod gate;
pub(crate) mod knock;
pub(crate) mod limits;
pub(crate) mod media;
pub(crate) mod person;
pub(crate) mod personas;
pub(crate) mod preferences;
pub(crate) mod roles;
pub(crate) mod seats;
pub(crate) mod usage;
pub(crate) mod zones;
