//! Files that people have sent: `getFile`, and the files themselves.

use std::collections::BTreeMap;

use serde_json::json;

use super::{Outcome, Refusal, State, TOKEN, Telegram};
use crate::world::http::{Request, Wire};

/// The largest file that the service hands out.
const LARGEST: usize = 20 << 20;

/// What the service keeps.
#[derive(Debug)]
pub(super) struct Kept {
    /// By `file_id`.
    files: BTreeMap<String, Vec<u8>>,
    /// The `file_id` of each path that was given out and is still valid.
    paths: BTreeMap<String, String>,
    given: usize,
    is_expiring: bool,
    /// The `file_id` of every file that was handed out whole.
    fetched: Vec<String>,
}

impl Default for Kept {
    /// The sizes of the photo that people send.
    fn default() -> Self {
        let photo = include_bytes!("../../../data/media/photo.jpg").to_vec();
        let sizes = ["small", "large"].map(|size| (size.to_owned(), photo.clone()));
        Self {
            files: BTreeMap::from(sizes),
            paths: BTreeMap::new(),
            given: 0,
            is_expiring: false,
            fetched: Vec::new(),
        }
    }
}

impl Telegram {
    /// Keeps a file under this `file_id`.
    pub(crate) fn keeps_file(&self, id: &str, bytes: &[u8]) {
        self.change(|state| state.kept.files.insert(id.to_owned(), bytes.to_vec()));
    }

    /// Has a file no more.
    pub(crate) fn loses_file(&self, id: &str) {
        self.change(|state| state.kept.files.remove(id));
    }

    /// The next path leads nowhere when it is used, as after an hour.
    pub(crate) fn lets_a_path_expire(&self) {
        self.change(|state| state.kept.is_expiring = true);
    }

    /// The `file_id` of every file that was handed out whole, in order.
    pub(crate) fn fetched(&self) -> Vec<String> {
        self.state.lock().kept.fetched.clone()
    }

    /// Answers a request below `/file/bot`.
    pub(super) fn hand_out(&self, rest: &str, request: &Request, wire: &mut Wire) {
        let found = self.change(|state| {
            if request.method != "GET" || !request.query.is_empty() || !request.body.is_empty() {
                state.violate(&format!("a file by {}", request.method));
            }
            let (call, trouble) = state.note("file", &serde_json::Value::Null);
            if std::mem::take(&mut state.kept.is_expiring) {
                state.kept.paths.clear();
            }
            let path = rest.split_once('/').filter(|(token, _)| *token == TOKEN);
            let id = path.and_then(|(_, path)| state.kept.paths.get(path).cloned());
            let file = id.and_then(|id| Some((id.clone(), state.kept.files.get(&id)?.clone())));
            state.calls[call].status = if file.is_some() { 200 } else { 404 };
            (file, trouble)
        });
        match found {
            (_, Some(trouble)) => wire.suffer(trouble),
            (Some((id, bytes)), None) => {
                wire.whole(200, "application/octet-stream", &bytes);
                self.change(|state| state.kept.fetched.push(id));
            }
            (None, None) => wire.json(404, &Refusal::new(404, "Not Found").body()),
        }
    }
}

impl State {
    /// Keeps what the bot has sent.
    pub(super) fn keep_sent(&mut self, id: String, bytes: Vec<u8>) {
        self.kept.files.insert(id, bytes);
    }

    pub(super) fn get_file(&mut self, id: &str) -> Outcome {
        let Some(bytes) = self.kept.files.get(id).map(Vec::len) else {
            let words = "wrong file_id or the file is temporarily unavailable";
            return Err(Refusal::bad(words));
        };
        if bytes > LARGEST {
            return Err(Refusal::bad("file is too big"));
        }
        self.kept.given += 1;
        let path = format!("documents/file_{}.bin", self.kept.given);
        self.kept.paths.insert(path.clone(), id.to_owned());
        Ok(
            json!({"file_id": id, "file_unique_id": format!("u-{id}"), "file_size": bytes,
            "file_path": path}),
        )
    }
}
