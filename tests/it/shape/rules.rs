//! The rules of the house, as a pure function from one file's path and text to what breaks them.
//! The lists at the top are the whole policy: a new module is entered there.

use std::fmt;

use super::scan::{self, Mention};

/// Modules without I/O, clock, lock or log.
const PURE: &[&str] = &[
    "alerts", "bench", "catalog", "chat", "keys", "locale", "media", "offline", "outgoing",
    "people", "queue", "render", "tier", "voice",
];
/// Modules that each speak to one outside thing.
const EDGES: &[&str] = &[
    "config", "gemini", "http", "logging", "metrics", "spool", "store", "telegram", "threads",
];
/// The modules that may know everyone; of these the simulator is built for tests only.
const SHELL: &[&str] = &["app", "cli", "lib", "main", "simulator"];
/// Pure files inside an edge: they may use that edge's nouns, and do no I/O either.
const PURE_INSIDE_EDGES: &[&str] = &[
    "config::secret",
    "gemini::evidence",
    "gemini::gathered",
    "gemini::judgement",
    "gemini::quota_failure",
    "gemini::http_status",
    "gemini::inline_data",
    "gemini::stream",
    "gemini::verdict",
    "gemini::wire",
    "store::codec",
    "store::key",
    "store::rows",
    "telegram::decode",
    "telegram::verdict",
    "telegram::wire",
];
/// Which edge may use which other one, beside `metrics`; everything else between edges is forbidden.
const BETWEEN_EDGES: &[(&str, &str)] = &[
    ("gemini", "http"),
    ("gemini", "threads"),
    ("store", "threads"),
    ("telegram", "http"),
];

/// What no pure code may name.
const IMPURE: &[&str] = &[
    "directories",
    "env_logger",
    "governor",
    "log",
    "moka",
    "parking_lot",
    "redb",
    "ring::rand",
    "std::env",
    "std::fs",
    "std::net",
    "std::os",
    "std::process",
    "std::sync::Condvar",
    "std::sync::Mutex",
    "std::sync::RwLock",
    "std::sync::mpsc",
    "std::thread",
    "tokio",
    "tokio_util",
    "ureq",
];

/// What of `clock` reads or sets it; its types are for all.
const CLOCK_READINGS: &[&str] = &[
    "now",
    "steady",
    "reading",
    "instant",
    "wall",
    "compare",
    "follow_wall",
    "is_confirmed",
    "*",
];

/// What of the shell may render (`render`): each does it on a thread that may block, or with a
/// text that is short. A whole document takes tens of milliseconds, for which a worker of the runtime,
/// the writer of the store, or whoever waits for a lock would stand still.
const RENDERERS: &[&str] = &[
    "app::commands",
    "app::commands::broadcast",
    "app::commands::knocks",
    "app::commands::stats",
    "app::commands::who",
    "app::deliver::attempt",
    "app::deliver::halves",
    "app::ticks::broadcast",
    "app::ticks::reminders",
    "app::turn::live",
    "app::turn::said",
    "app::turn::speech",
];

/// Nouns that every part of the house makes: elsewhere than in their own file by a constructor and
/// `..`, so that a new field touches one place.
const MADE_BY_CONSTRUCTORS: &[&str] = &["Job", "Outbound", "StoredTurn", "Waiting"];

/// Most lines of code of a file, without blanks, comments and tests. A file that reaches it usually
/// holds a second idea: it is parted there, never by size.
const MOST_CODE: usize = 400;
/// Unfinished business, wherever it stands.
const FORBIDDEN_ANYWHERE: &[&str] = &["TODO", "FIXME", "XXX"];
/// Whole parts of a name, as in `key_utils` and `KeyManager`.
const FORBIDDEN_IN_NAMES: &[&str] = &["utils", "Utils", "Manager", "Helper"];

/// One broken rule.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Breach {
    pub(super) file: String,
    pub(super) line: usize,
    pub(super) rule: String,
}

impl fmt::Display for Breach {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.file, self.line, self.rule)
    }
}

/// Everything that is wrong with one file; `file` is its path below the repository.
pub(super) fn breaches(file: &str, text: &str) -> Vec<Breach> {
    let code = scan::code_only(text);
    let module = module_of(file);
    let is_test = module
        .iter()
        .any(|part| part == "tests" || part == "fixtures");
    let production = if is_test {
        0
    } else {
        scan::production_lines(&code)
    };

    let mut found = names(&module, &code);
    found.extend(anywhere(text));
    if file.ends_with("/mod.rs") {
        found.push((
            1,
            "a folder's module is foo.rs beside foo/, not mod.rs".to_owned(),
        ));
    }
    let lines = scan::lines_of_code(text, production);
    if lines > MOST_CODE {
        let rule = format!("{lines} lines of code, more than {MOST_CODE}: is there a second idea?");
        found.push((production, rule));
    }
    // What lies on disk is turned into the nouns field by field.
    if !module.join("::").starts_with("store::rows") {
        let whole = scan::whole_literals(&code, MADE_BY_CONSTRUCTORS).into_iter();
        found.extend(whole.map(|(line, name)| {
            let rule = format!("{name} with all its fields: use its constructor and `..`");
            (line, rule)
        }));
    }
    let mentions = scan::mentions(&code);
    found.extend(
        mentions
            .iter()
            .filter(|mention| mention.line <= production)
            .filter_map(|mention| Some((mention.line, forbidden(&module, mention)?))),
    );
    let held = scan::locks_in_arguments(&code).into_iter();
    found.extend(held.filter(|line| *line <= production).map(|line| {
        let rule = "a lock in the arguments of a call is held until it returns: copy first";
        (line, rule.to_owned())
    }));
    found.sort();
    found.dedup();
    found
        .into_iter()
        .map(|(line, rule)| Breach {
            file: file.to_owned(),
            line,
            rule,
        })
        .collect()
}

/// `src/chat/role.rs` → `chat`, `role`.
fn module_of(file: &str) -> Vec<String> {
    let inside = file.trim_start_matches("src/").trim_end_matches(".rs");
    inside
        .trim_end_matches("/mod")
        .split('/')
        .map(str::to_owned)
        .collect()
}

fn anywhere(text: &str) -> Vec<(usize, String)> {
    let lines = text.lines().enumerate();
    lines
        .flat_map(|(at, line)| {
            line.split(|c: char| !c.is_alphanumeric() && c != '_')
                .filter(|word| FORBIDDEN_ANYWHERE.contains(word))
                .map(move |word| (at + 1, format!("{word}: finish it or leave it out")))
        })
        .collect()
}

fn names(module: &[String], code: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    let files = module.iter().map(|part| (1, part.as_str()));
    for (line, word) in files.chain(scan::words(code)) {
        if let Some(bad) = FORBIDDEN_IN_NAMES.iter().find(|bad| has_part(word, bad)) {
            found.push((
                line,
                format!("`{word}`: {bad} says nothing, name what it does"),
            ));
        }
        if word == "bincode" && module.join("::") != "store::codec" {
            found.push((line, "bincode is named only in store/codec.rs".to_owned()));
        }
        if word == "dbg" {
            found.push((line, "dbg! is for the desk, not the house".to_owned()));
        }
    }
    found
}

/// Whether `part` is one of the words that a snake-case or camel-case name is made of.
fn has_part(name: &str, part: &str) -> bool {
    name.match_indices(part).any(|(at, _)| {
        let before = name[..at].chars().next_back();
        let after = name[at + part.len()..].chars().next();
        let begins =
            part.starts_with(char::is_uppercase) || before.is_none_or(|c| !c.is_alphanumeric());
        begins && after.is_none_or(|c| !c.is_lowercase())
    })
}

/// What a module is, by the lists above.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Pure,
    Edge,
    PureInsideEdge,
    Clock,
    Shell,
}

fn kind_of(module: &[String]) -> Option<Kind> {
    let top = module.first()?.as_str();
    let inside = module
        .iter()
        .take(2)
        .map(String::as_str)
        .collect::<Vec<_>>()
        .join("::");
    if PURE_INSIDE_EDGES.contains(&inside.as_str()) {
        Some(Kind::PureInsideEdge)
    } else if PURE.contains(&top) {
        Some(Kind::Pure)
    } else if EDGES.contains(&top) {
        Some(Kind::Edge)
    } else if SHELL.contains(&top) {
        Some(Kind::Shell)
    } else {
        (top == "clock").then_some(Kind::Clock)
    }
}

/// Why `module` may not name that path, if it may not.
fn forbidden(module: &[String], mention: &Mention) -> Option<String> {
    let here = module.join("::");
    let Some(kind) = kind_of(module) else {
        let lists = "a new module is entered as pure, edge or shell in tests/it/shape/rules.rs";
        return Some(format!("{here} is unknown: {lists}"));
    };
    let named = mention.path.join("::");
    if let (Kind::Pure | Kind::PureInsideEdge, Some(why)) = (kind, impurity(&mention.path)) {
        return Some(format!("{here} is pure and must not name {named}: {why}"));
    }
    let is_rendering = kind == Kind::Shell && mention.path.iter().any(|part| part == "render");
    if is_rendering && !RENDERERS.contains(&here.as_str()) {
        let lists = "where that blocks nobody, enter it in tests/it/shape/rules.rs";
        return Some(format!("{here} must not render ({named}): {lists}"));
    }
    let target = resolve(module, &mention.path)?;
    let rule = direction(module, kind, &target)?;
    Some(format!("{here} must not name {named}: {rule}"))
}

fn impurity(path: &[String]) -> Option<&'static str> {
    let named = path.join("::");
    let begins = |bad: &&&str| {
        named
            .strip_prefix(**bad)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
    };
    if IMPURE.iter().find(begins).is_some() {
        return Some("no I/O, clock, lock or log in pure code");
    }
    let reads_clock = path
        .windows(2)
        .any(|pair| pair[0] == "clock" && CLOCK_READINGS.contains(&pair[1].as_str()));
    reads_clock.then_some("now comes in as an argument")
}

/// The module path within our crate that a path means; nothing for other crates and local names.
fn resolve(module: &[String], path: &[String]) -> Option<Vec<String>> {
    let (first, rest) = path.split_first()?;
    let mut base = match first.as_str() {
        "crate" | "svs_bot" => Vec::new(),
        "self" => module.to_vec(),
        "super" => module.split_last()?.1.to_vec(),
        _ => return None,
    };
    for segment in rest {
        if segment == "super" {
            base.pop();
        } else if segment != "self" {
            base.push(segment.clone());
        }
    }
    Some(base)
}

/// Which way imports may point: main → cli → app → edges → pure.
fn direction(module: &[String], kind: Kind, target: &[String]) -> Option<String> {
    let (here, there) = (module.first()?.as_str(), target.first()?.as_str());
    let is_secret = there == "config" && target.get(1).is_some_and(|part| part == "secret");
    if here == there || is_secret {
        return None;
    }
    let target_kind = kind_of(target);
    let (allowed, rule) = match kind {
        Kind::Shell => {
            let overtakes = here == "app" && target_kind == Some(Kind::Shell);
            (!overtakes, "main → cli → app → edges → pure")
        }
        Kind::Pure => (
            matches!(target_kind, Some(Kind::Pure | Kind::Clock)),
            "pure modules know only pure modules and the clock's types",
        ),
        Kind::Edge | Kind::PureInsideEdge => (
            matches!(target_kind, Some(Kind::Pure | Kind::Clock))
                || there == "metrics"
                || BETWEEN_EDGES.contains(&(here, there)),
            "edges know pure modules, never each other or the shell",
        ),
        Kind::Clock => (false, "the clock knows nobody"),
    };
    (!allowed).then(|| rule.to_owned())
}
