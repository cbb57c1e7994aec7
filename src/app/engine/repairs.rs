//! What was learned about requests by their refusals, until the next start: the second refusal for one
//! thing is never asked for.

use std::collections::{HashMap, HashSet};

use parking_lot::RwLock;

use super::Engine;
use crate::clock;
use crate::keys::{Fingerprint, Repair, pacific};

/// What requests need since one was refused without.
#[derive(Default)]
pub(super) struct Repairs {
    /// To a model (gemini-api §6, §13).
    of_models: RwLock<HashSet<(String, Repair)>>,
    /// Projects that have spent their searches, with the Pacific day of which they have.
    searched: RwLock<HashMap<Fingerprint, i32>>,
}

impl Engine {
    /// The changes that a request to this model with a key of this project needs.
    pub(crate) fn repairs_of(&self, model: &str, project: Fingerprint) -> Vec<Repair> {
        let of_models = self.repairs.of_models.read();
        let of_model = of_models.iter().filter(|(of, _)| of == model);
        let of_model = of_model.map(|(_, repair)| *repair);
        let has_searched = self.repairs.searched.read().get(&project) == Some(&today());
        let of_project = has_searched.then_some(Repair::NoSearchToday);
        of_model.chain(of_project).collect()
    }

    /// The service refused a request for what this changes: every request to this model, or with a
    /// key of this project, is changed so from now on.
    pub(crate) fn remember_repair(&self, model: &str, project: Fingerprint, repair: Repair) {
        match repair {
            Repair::NoThinkingConfig | Repair::SystemInFirstTurn | Repair::Without(_) => {
                let mut of_models = self.repairs.of_models.write();
                of_models.insert((model.to_owned(), repair));
            }
            Repair::NoSearchToday => {
                self.repairs.searched.write().insert(project, today());
            }
            Repair::LessThinking
            | Repair::OwnWords
            | Repair::InsistOnPicture
            | Repair::NoTools
            | Repair::PlainSignatures
            | Repair::Same => {}
        }
    }
}

fn today() -> i32 {
    pacific::day_of(clock::now()).number
}
