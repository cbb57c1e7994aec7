//! Holds `src/` to the shape of the house: who may name whom, how long a file may be, which words
//! stay out. The checker is tried on small bad snippets first, so that it is known to be able to
//! fail.

mod circles;
mod rules;
mod scan;

use std::fs;
use std::path::{Path, PathBuf};

use circles::circles;
use rules::breaches;

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

#[test]
fn the_house_keeps_its_shape() {
    let broken = house().into_iter();
    let broken = broken.flat_map(|(name, text)| breaches(&name, &text));
    let found: Vec<String> = broken.map(|breach| breach.to_string()).collect();
    assert!(found.is_empty(), "\n{}\n", found.join("\n"));
}

#[test]
fn no_files_import_each_other_in_a_circle() {
    let found = circles(&house());
    assert!(found.is_empty(), "\n{}\n", found.join("\n"));
}

/// Small houses, by the files of each and their text, and how many circles are in them.
const HOUSES: [(&[(&str, &str)], usize); 9] = [
    (&[("a", "use crate::b::B;"), ("b", "use crate::a::A;")], 1),
    (&[("a", "use crate::b::B;"), ("b", "struct B;")], 0),
    (
        &[
            ("a", "fn f() { crate::b::f(); }"),
            ("b", "fn g() { crate::a::f(); }"),
        ],
        1,
    ),
    // The parent only hands on, and is no part of it.
    (
        &[
            (
                "a",
                "mod x;\nmod y;\npub(crate) use x::X;\npub(crate) use y::Y as Z;",
            ),
            ("a/x", "use super::Z;"),
            ("a/y", "use super::X;"),
        ],
        1,
    ),
    (
        &[
            ("a", "mod x;\nmod y;\npub(crate) use x::X;"),
            ("a/x", "struct X;"),
            ("a/y", "use super::X;"),
        ],
        0,
    ),
    // A module that is named by itself counts where its items are used.
    (
        &[
            ("a", "use crate::b::{self, c};\nfn f() { c::g(); }"),
            ("b", "struct B;"),
            ("b/c", "fn g() { crate::a::f(); }"),
        ],
        1,
    ),
    // A child may use its parent, a parent its child.
    (&[("a", "mod x;\nuse x::X;"), ("a/x", "use super::A;")], 0),
    // Three, of which the third is in the next folder.
    (
        &[
            ("a/x", "use crate::b::B;"),
            ("b", "use crate::c::C;"),
            ("c", "use crate::a::x::X;"),
        ],
        1,
    ),
    // Tests may.
    (
        &[
            ("a", "use crate::b::B;"),
            (
                "b",
                "struct B;\n#[cfg(test)]\nmod tests {\n    use crate::a::A;\n}\n",
            ),
        ],
        0,
    ),
];

#[test]
fn a_circle_is_found_through_what_a_parent_hands_on_and_names_what_closes_it() {
    for (files, expected) in HOUSES {
        let file = |(name, text): &(&str, &str)| (format!("src/{name}.rs"), (*text).to_owned());
        let files: Vec<_> = files.iter().map(file).collect();
        let found = circles(&files);
        assert_eq!(found.len(), expected, "{files:?}: {found:?}");
    }
    let files = [("a", "use crate::b::B;"), ("b", "use crate::a::A;")];
    let files = files.map(|(name, text)| (format!("src/{name}.rs"), text.to_owned()));
    assert_eq!(
        circles(&files),
        ["a, b\n    a uses B of b\n    b uses A of a"]
    );
}

/// All files of `src/`: their path below the repository, and their text.
fn house() -> Vec<(String, String)> {
    let mut files = Vec::new();
    collect(&Path::new(ROOT).join("src"), &mut files);
    assert!(files.len() > 10, "only {} files found", files.len());
    let read = |file: PathBuf| {
        let name = file.strip_prefix(ROOT).unwrap().to_str().unwrap();
        (name.to_owned(), fs::read_to_string(&file).unwrap())
    };
    files.into_iter().map(read).collect()
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, files);
        } else if path.extension().is_some_and(|kind| kind == "rs") {
            files.push(path);
        }
    }
    files.sort();
}

/// The lines that the checker complains about.
fn lines(file: &str, text: &str) -> Vec<usize> {
    breaches(file, text)
        .iter()
        .map(|breach| breach.line)
        .collect()
}

#[test]
fn a_breach_names_file_line_and_rule() {
    let found = breaches("src/queue.rs", "//! Doc.\n\nuse tokio::sync::watch;\n");
    assert_eq!(
        found.iter().map(ToString::to_string).collect::<Vec<_>>(),
        [
            "src/queue.rs:3: queue is pure and must not name tokio::sync::watch: \
          no I/O, clock, lock or log in pure code"
        ]
    );
}

/// Files, and what breaks one rule in each.
const BAD_SNIPPETS: &[(&str, &str)] = &[
    // Pure modules and pure files inside edges do no I/O.
    ("src/chat/role.rs", "use std::{fmt, fs};"),
    ("src/chat/role.rs", "use std::fs as disk;"),
    ("src/chat.rs", "fn f() { std::env::var(\"A\"); }"),
    ("src/keys/pick.rs", "fn f() { log::info!(\"picked\"); }"),
    ("src/keys.rs", "use parking_lot::Mutex;"),
    ("src/keys.rs", "use std::sync::{Arc, Mutex};"),
    ("src/telegram/decode.rs", "use std::net::TcpStream;"),
    ("src/gemini/verdict.rs", "use ureq::Error;"),
    ("src/store/codec.rs", "use std::fs::File;"),
    // Pure code is told the time.
    ("src/queue.rs", "use crate::clock::now;"),
    ("src/queue.rs", "fn f() { clock::instant(); }"),
    ("src/outgoing.rs", "use crate::clock::steady;"),
    ("src/gemini/stream.rs", "fn f() { crate::clock::now(); }"),
    // Pure code knows pure code.
    ("src/chat.rs", "use crate::store::Store;"),
    ("src/chat/admit.rs", "use super::super::config::Config;"),
    ("src/queue.rs", "use crate::metrics::Metrics;"),
    // Edges do not know each other.
    ("src/telegram.rs", "use crate::store::Store;"),
    ("src/telegram/send.rs", "use crate::gemini;"),
    ("src/gemini.rs", "use crate::config::Config;"),
    ("src/gemini/wire.rs", "fn f(s: &crate::store::Store) {}"),
    ("src/store.rs", "use crate::http::Agent;"),
    ("src/http.rs", "use crate::telegram::Client;"),
    (
        "src/logging.rs",
        "use crate::{chat::ChatId, config::Config};",
    ),
    // Nobody looks up.
    ("src/store.rs", "use crate::app::Ctx;"),
    ("src/chat.rs", "use crate::app::Ctx;"),
    ("src/clock.rs", "use crate::app::Ctx;"),
    ("src/app/turn.rs", "use crate::cli::Command;"),
    ("src/config.rs", "use crate::cli;"),
    ("src/chat.rs", "use crate::*;"),
    ("src/mystery.rs", "use std::fmt;"),
    // bincode has one home, tests included.
    ("src/store.rs", "use bincode::Encode;"),
    ("src/chat.rs", "#[bincode(crate = \"x\")]"),
    ("src/store/tests.rs", "fn f() { bincode::encode(); }"),
    // Files and words.
    ("src/chat/mod.rs", "struct A;"),
    ("src/chat/utils.rs", "struct A;"),
    ("src/chat.rs", "// TODO: later"),
    ("src/chat.rs", "/* FIXME */"),
    ("src/chat.rs", "const A: &str = \"XXX\";"),
    ("src/chat.rs", "fn f() { dbg!(1); }"),
    ("src/chat.rs", "struct KeyManager;"),
    ("src/chat.rs", "struct HelperOfKeys;"),
    ("src/chat.rs", "mod key_utils;"),
    // Nouns are made by constructors.
    (
        "src/app/turn.rs",
        "fn f() { Some(Job { id, lane: a.b() }); }",
    ),
    (
        "src/app/tests.rs",
        "fn f() -> Job { chat::Outbound { a: 0..1, b: B { ..c } } }",
    ),
];

#[test]
fn a_bad_snippet_is_refused() {
    for (file, snippet) in BAD_SNIPPETS {
        assert_eq!(
            lines(file, &format!("\n{snippet}\n")).len(),
            1,
            "{file}: {snippet}"
        );
    }
}

/// Files, and what breaks no rule in any.
const GOOD_SNIPPETS: &[(&str, &str)] = &[
    ("src/chat.rs", "use crate::clock::{Instant, Timestamp};"),
    (
        "src/chat.rs",
        "use crate::keys::Group;\nuse std::sync::{Arc, LazyLock};",
    ),
    (
        "src/chat.rs",
        "/// tokio::spawn and crate::app are words here.\nstruct A;",
    ),
    (
        "src/chat.rs",
        "const A: &str = \"use tokio::time; // bincode\";",
    ),
    ("src/chat.rs", "const A: &str = r#\"a \" use std::fs;\"#;"),
    (
        "src/chat.rs",
        "fn f<'a>(x: &'a str) -> char { '\"' }\nconst B: &str = \"std::fs::read\";",
    ),
    (
        "src/chat.rs",
        "struct A;\n#[cfg(test)]\nmod tests {\n    use std::fs;\n}\n",
    ),
    ("src/chat/tests.rs", "use std::fs;"),
    ("src/chat.rs", "fn f(log: Log) { log.info(); }"),
    (
        "src/chat.rs",
        "struct Managers; struct Helpers; fn utilise() {}",
    ),
    ("src/config.rs", "use crate::keys::Key;"),
    (
        "src/gemini.rs",
        "use crate::{clock, config::secret::Secret, http, metrics::Metrics};",
    ),
    (
        "src/gemini/verdict.rs",
        "use super::Failure;\nuse crate::http::Outcome;",
    ),
    ("src/store/codec.rs", "use bincode::serde::encode_to_vec;"),
    (
        "src/telegram/poll.rs",
        "fn f() { clock::instant(); tokio::time::sleep(d); }",
    ),
    ("src/cli.rs", "use crate::{app, config, store};"),
    ("src/main.rs", "fn main() { svs_bot::cli::main() }"),
    ("src/lib.rs", "pub(crate) mod app;"),
    (
        "src/app/turn.rs",
        "use crate::{chat, store::Store, telegram};\nuse super::Ctx;",
    ),
    (
        "src/app/turn.rs",
        "fn f(Job { id, .. }: Job) -> Job { Job { id, ..Job::new(a) } }",
    ),
    ("src/app/turn.rs", "impl From<A> for chat::Job { }"),
    (
        "src/app/turn.rs",
        "fn f() { if a == Stage::Waiting { b() } }",
    ),
    (
        "src/threads.rs",
        "struct Job { a: u8 }\nfn f() { Job { a } }",
    ),
    ("src/store/rows/job.rs", "fn f() { Job { id } }"),
    ("src/chat/fixtures.rs", "use std::fs;"),
];

#[test]
fn a_good_snippet_is_let_through() {
    for (file, snippet) in GOOD_SNIPPETS {
        let found: Vec<_> = breaches(file, snippet)
            .iter()
            .map(ToString::to_string)
            .collect();
        assert!(found.is_empty(), "{snippet}\n{found:?}");
    }
}

#[test]
fn what_blocks_others_for_long_is_refused() {
    let cases = [
        (
            "src/app/turn/close.rs",
            "use crate::chat::Job;
use crate::render;",
            1,
        ),
        (
            "src/app/deliver/repair.rs",
            "fn f() { render::parts(&x); }",
            1,
        ),
        ("src/app/turn/said.rs", "use crate::render::{self};", 0),
        ("src/chat/outbound.rs", "use super::render;", 0),
        (
            "src/app/live.rs",
            "fn f() { self.g(self.x.lock().way); }",
            1,
        ),
        ("src/keys.rs", "fn f() { g(1, x.lock().clone()); }", 1),
        ("src/app/live.rs", "fn f() { let y = x.lock().y; g(y); }", 0),
        (
            "src/app/live.rs",
            "fn f() { if x.lock().g(1) {} drop(x.lock()); }",
            0,
        ),
        (
            "src/app/live.rs",
            "fn f() { assert!(x.lock().is_empty()); }",
            0,
        ),
        ("src/app/live.rs", "fn f() { all(|x| x.lock().y); }", 0),
    ];
    for (file, snippet, breaches) in cases {
        assert_eq!(lines(file, snippet).len(), breaches, "{file}: {snippet}");
    }
}

#[test]
fn only_code_in_production_counts_towards_the_ceiling() {
    let code = "struct A;\n".repeat(400);
    let tests = format!(
        "#[cfg(test)]\nmod tests {{\n{}}}\n",
        "struct B;\n".repeat(300)
    );
    assert_eq!(lines("src/chat.rs", &code), [0; 0]);
    assert_eq!(lines("src/chat.rs", &format!("{code}{tests}")), [0; 0]);
    assert_eq!(
        lines("src/chat.rs", &format!("{code}#[cfg(test)]\nmod tests;\n")),
        [0; 0]
    );
    assert_eq!(lines("src/chat.rs", &format!("{code}struct C;\n")), [401]);
    let comments = "// A line.\n\n/* A\n  block. */\n/// A doc.\n//! Another.\n  \n";
    assert_eq!(
        lines("src/chat.rs", &format!("{comments}{code}{comments}")),
        [0; 0]
    );
    // The lines of a long text are code, and so is a line that ends in a comment.
    for more in [
        "const A: &str = \"\n// no comment\n\";\n",
        "struct C; // C.\n",
    ] {
        let text = format!("{code}{more}");
        assert_eq!(lines("src/chat.rs", &text), [text.lines().count()]);
    }
    assert_eq!(lines("src/chat.rs", &format!("{tests}{code}")), [703]);
    assert_eq!(
        lines("src/chat.rs", &format!("#[cfg(test)]\nmod tests;\n{code}")),
        [402]
    );
    assert_eq!(
        lines("src/chat/tests.rs", &"struct A;\n".repeat(900)),
        [0; 0]
    );
}
