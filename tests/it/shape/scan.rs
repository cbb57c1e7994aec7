//! Reads Rust source just well enough to judge its shape: what is code, what is production, and
//! which paths it names. Knows no rule. Every text it returns keeps the lines of the original.

/// A path as the source names it (`crate::clock::now`), with the line where it stands.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Mention {
    pub(super) line: usize,
    pub(super) path: Vec<String>,
    /// The name that a `use` gives it here.
    pub(super) name: Option<String>,
    /// That `use` hands it on to others.
    pub(super) is_public: bool,
}

/// The text with comments, strings and characters blanked.
pub(super) fn code_only(text: &str) -> String {
    blanked(text, |_| true)
}

/// How many of the first `production` lines hold code, and not only blanks or a comment.
pub(super) fn lines_of_code(text: &str, production: usize) -> usize {
    let is_comment = |blank: &str| blank.starts_with("//") || blank.starts_with("/*");
    let without = blanked(text, is_comment);
    let lines = without.lines().take(production);
    lines.filter(|line| !line.trim().is_empty()).count()
}

/// The text with those comments and literals blanked that are `meant`.
fn blanked(text: &str, meant: impl Fn(&str) -> bool) -> String {
    let mut code = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(next) = rest.chars().next() {
        let after_word = code.ends_with(is_word);
        let blank = blank_len(rest, after_word);
        if blank > 0 {
            let (found, left) = rest.split_at(blank);
            if meant(found) {
                code.extend(found.chars().map(|c| if c == '\n' { c } else { ' ' }));
            } else {
                code.push_str(found);
            }
            rest = left;
        } else {
            code.push(next);
            rest = &rest[next.len_utf8()..];
        }
    }
    code
}

/// The length of the comment or literal that `rest` begins with; zero when it is code.
fn blank_len(rest: &str, after_word: bool) -> usize {
    if rest.starts_with("//") {
        return rest.find('\n').unwrap_or(rest.len());
    }
    if rest.starts_with("/*") {
        return block_comment_len(rest);
    }
    if rest.starts_with('"') {
        return quoted_len(rest, '"');
    }
    if rest.starts_with('\'') {
        return character_len(rest);
    }
    // r"…", br#"…"#, c"…": a prefix counts only where a word could begin.
    let prefix = rest.len() - rest.trim_start_matches(['b', 'c', 'r']).len();
    if after_word || prefix == 0 || prefix > 2 {
        return 0;
    }
    let body = &rest[prefix..];
    let hashes = body.len() - body.trim_start_matches('#').len();
    if !body[hashes..].starts_with('"') {
        return 0;
    }
    if rest[..prefix].contains('r') {
        let end = format!("\"{}", "#".repeat(hashes));
        let open = prefix + hashes + 1;
        return rest[open..]
            .find(&end)
            .map_or(rest.len(), |at| open + at + end.len());
    }
    if hashes == 0 {
        prefix + quoted_len(body, '"')
    } else {
        0
    }
}

fn block_comment_len(rest: &str) -> usize {
    let mut depth = 0_usize;
    let mut at = 0;
    while at < rest.len() {
        if rest[at..].starts_with("/*") {
            depth += 1;
            at += 2;
        } else if rest[at..].starts_with("*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                return at;
            }
        } else {
            at += rest[at..].chars().next().map_or(1, char::len_utf8);
        }
    }
    rest.len()
}

fn quoted_len(rest: &str, quote: char) -> usize {
    let mut escaped = false;
    for (at, c) in rest.char_indices().skip(1) {
        if escaped {
            escaped = false;
        } else if c == '\\' {
            escaped = true;
        } else if c == quote {
            return at + 1;
        }
    }
    rest.len()
}

/// A character literal; a lifetime is code.
fn character_len(rest: &str) -> usize {
    let mut inside = rest.chars().skip(1);
    let (first, second) = (inside.next(), inside.next());
    if first == Some('\\') || second == Some('\'') {
        quoted_len(rest, '\'')
    } else {
        0
    }
}

/// How many lines of this code (see [`code_only`]) are production: all before a test module at its
/// foot. A test module with code after it is not at the foot, and counts.
pub(super) fn production_lines(code: &str) -> usize {
    let lines: Vec<&str> = code.lines().map(str::trim).collect();
    let marker = lines
        .iter()
        .rposition(|line| line.starts_with("#[cfg(test)]"));
    match marker {
        Some(at) if is_module_to_the_end(&lines[at..]) => at,
        _ => lines.len(),
    }
}

fn is_module_to_the_end(lines: &[&str]) -> bool {
    let text = lines.join("\n");
    let mut item = text.trim_start();
    while item.starts_with("#[") {
        item = item
            .split_once(']')
            .map_or("", |(_, after)| after.trim_start());
    }
    let item = item
        .trim_start_matches("pub(crate) ")
        .trim_start_matches("pub(super) ");
    let Some(module) = item.strip_prefix("mod ") else {
        return false;
    };
    let Some(open) = module.find(['{', ';']) else {
        return false;
    };
    if module[open..].starts_with(';') {
        return module[open + 1..].trim().is_empty();
    }
    let mut depth = 0_usize;
    for (at, c) in module.char_indices().skip(open) {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            _ => continue,
        }
        if depth == 0 {
            return module[at + 1..].trim().is_empty();
        }
    }
    false
}

/// Every word of this code with its line.
pub(super) fn words(code: &str) -> Vec<(usize, &str)> {
    tokens(code)
        .into_iter()
        .filter(|(_, token)| token.starts_with(is_word))
        .collect()
}

/// Every path that this code names. A `use` tree gives one path per leaf; elsewhere only paths of
/// two or more segments count, since a single word may be a variable.
pub(super) fn mentions(code: &str) -> Vec<Mention> {
    let tokens = tokens(code);
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(&(line, token)) = tokens.get(at) {
        if token == "use" {
            let before = at.checked_sub(1).and_then(|before| tokens.get(before));
            let is_public = matches!(before, Some((_, "pub" | ")")));
            let first = found.len();
            at = use_tree(&tokens, at + 1, &mut Vec::new(), &mut found);
            found[first..]
                .iter_mut()
                .for_each(|it| it.is_public = is_public);
            continue;
        }
        let mut path = Vec::new();
        while let Some((_, segment)) = tokens.get(at).filter(|(_, t)| t.starts_with(is_word)) {
            path.push((*segment).to_owned());
            at += 1;
            if tokens.get(at).is_none_or(|(_, t)| *t != "::") {
                break;
            }
            at += 1;
        }
        if path.is_empty() {
            at += 1;
        } else if path.len() > 1 {
            found.push(Mention {
                line,
                path,
                name: None,
                is_public: false,
            });
        }
    }
    found
}

/// Reads one branch of a `use` tree and returns where the next begins.
fn use_tree(
    tokens: &[(usize, &str)],
    mut at: usize,
    prefix: &mut Vec<String>,
    found: &mut Vec<Mention>,
) -> usize {
    let depth = prefix.len();
    while let Some(&(line, token)) = tokens.get(at) {
        at += 1;
        match token {
            "::" => {}
            "{" => {
                while !matches!(tokens.get(at), None | Some((_, "}"))) {
                    at = use_tree(tokens, at, prefix, found);
                    at += usize::from(matches!(tokens.get(at), Some((_, ","))));
                }
                at += 1;
                break;
            }
            _ => {
                prefix.push(token.to_owned());
                let mut name = token;
                match tokens.get(at) {
                    Some((_, "::")) => continue,
                    Some((_, "as")) => {
                        name = tokens.get(at + 1).map_or(name, |(_, alias)| *alias);
                        at += 2;
                    }
                    _ => {}
                }
                found.push(Mention {
                    line,
                    path: prefix.clone(),
                    name: Some(name.to_owned()),
                    is_public: false,
                });
                break;
            }
        }
    }
    prefix.truncate(depth);
    at
}

/// The lines where a struct of one of these names is made field by field, without `..` for the rest.
/// A file that declares a struct of that name may do so.
pub(super) fn whole_literals<'a>(code: &'a str, structs: &[&str]) -> Vec<(usize, &'a str)> {
    let tokens = tokens(code);
    let token = |at: usize| tokens.get(at).map_or("", |(_, token)| token);
    let declares =
        |name| (0..tokens.len()).any(|at| token(at) == "struct" && token(at + 1) == name);
    let is_whole = |at: usize| {
        structs.contains(&token(at))
            && token(at + 1) == "{"
            && !is_declared_or_returned(&tokens[..at])
            && !declares(token(at))
            && !has_rest(&tokens[at + 1..])
    };
    let found = (0..tokens.len()).filter(|at| is_whole(*at));
    found.map(|at| tokens[at]).collect()
}

/// Whether a name after these tokens begins no literal: an item, a type before a body, or a variant.
fn is_declared_or_returned(mut before: &[(usize, &str)]) -> bool {
    while let [rest @ .., (_, segment), (_, "::")] = before {
        if segment.starts_with(char::is_uppercase) {
            return true;
        }
        before = rest;
    }
    let last = before.last().map_or("", |(_, token)| token);
    ["enum", "for", "impl", "struct", "trait", ">"].contains(&last)
}

/// Whether the braces that these tokens begin with hold `..` for what they do not name.
fn has_rest(tokens: &[(usize, &str)]) -> bool {
    let mut depth = 0_usize;
    for (at, (_, token)) in tokens.iter().enumerate() {
        match *token {
            "{" | "(" | "[" => depth += 1,
            "}" | ")" | "]" => depth -= 1,
            "." if depth == 1 && ["{", ","].contains(&tokens[at - 1].1) => return true,
            _ => {}
        }
        if depth == 0 {
            break;
        }
    }
    false
}

/// Words, `::`, and every other sign by itself.
fn tokens(code: &str) -> Vec<(usize, &str)> {
    let mut found = Vec::new();
    for (number, line) in code.lines().enumerate() {
        let mut rest = line.trim_start();
        while let Some(first) = rest.chars().next() {
            let len = if is_word(first) {
                rest.find(|c| !is_word(c)).unwrap_or(rest.len())
            } else if rest.starts_with("::") {
                2
            } else {
                first.len_utf8()
            };
            let (token, left) = rest.split_at(len);
            found.push((number + 1, token));
            rest = left.trim_start();
        }
    }
    found
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// The lines where something under a lock is an argument: `f(x.lock().y)` keeps the guard until `f`
/// returns. A guard that is itself the argument is meant so.
pub(super) fn locks_in_arguments(code: &str) -> Vec<usize> {
    let is_argument = |(at, _): &(usize, &str)| {
        let mut depth = 0_usize;
        let opened = code[..*at].char_indices().rev().find(|(_, c)| {
            match c {
                ')' => depth += 1,
                '(' if depth > 0 => depth -= 1,
                // A call's arguments; else the statement's or the closure's beginning.
                '(' => return true,
                ';' | '{' | '}' | '|' if depth == 0 => return true,
                _ => {}
            }
            false
        });
        opened.is_some_and(|(open, c)| c == '(' && is_call(&code[..open]))
    };
    code.match_indices(".lock().")
        .filter(is_argument)
        .map(|(at, _)| code[..at].matches('\n').count() + 1)
        .collect()
}

/// Whether what stands before a parenthesis is the name of a function or method.
fn is_call(before: &str) -> bool {
    const OTHERS: [&str; 5] = ["if", "in", "match", "return", "while"];
    let name = before.rsplit(|c| !is_word(c)).next().unwrap_or_default();
    name.starts_with(|c: char| c.is_lowercase() || c == '_') && !OTHERS.contains(&name)
}
