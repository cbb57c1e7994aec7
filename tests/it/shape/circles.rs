//! No circle of imports between files. What a parent re-exports counts as the file that defines it,
//! and a file may always use what stands above it in its own folder: the two are one room. Pure.

use std::collections::{BTreeMap, BTreeSet};

use super::scan::{self, Mention};

/// A re-export of a re-export is followed so far.
const DEEPEST: usize = 8;

/// The modules of the house by their path from the root, which is empty for `lib`.
struct House {
    modules: BTreeMap<Vec<String>, Vec<Mention>>,
}

/// Who uses which items of whom.
type Edges = BTreeMap<Vec<String>, BTreeMap<Vec<String>, BTreeSet<String>>>;

/// Every circle among these files (path below the repository, text): its modules, then the imports
/// that close it.
pub(super) fn circles(files: &[(String, String)]) -> Vec<String> {
    let edges = House::of(files).edges();
    let reached: BTreeMap<&Vec<String>, BTreeSet<&Vec<String>>> = edges
        .keys()
        .map(|from| (from, reached_from(from, &edges)))
        .collect();
    let mut rings = BTreeSet::new();
    for (from, there) in &reached {
        let is_back = |it: &&Vec<String>| reached.get(*it).is_some_and(|back| back.contains(*from));
        let ring: Vec<&Vec<String>> = there.iter().copied().filter(is_back).collect();
        if !ring.is_empty() {
            rings.insert(ring);
        }
    }
    rings.iter().map(|ring| told(ring, &edges)).collect()
}

/// All that a module uses, and what these use, and so on.
fn reached_from<'a>(from: &'a Vec<String>, edges: &'a Edges) -> BTreeSet<&'a Vec<String>> {
    let mut seen = BTreeSet::new();
    let mut next = vec![from];
    while let Some(at) = next.pop() {
        for to in edges.get(at).into_iter().flat_map(BTreeMap::keys) {
            if seen.insert(to) {
                next.push(to);
            }
        }
    }
    seen
}

fn told(ring: &[&Vec<String>], edges: &Edges) -> String {
    let names: Vec<String> = ring.iter().map(|it| it.join("::")).collect();
    let mut lines = vec![names.join(", ")];
    for from in ring {
        let uses = edges.get(*from).into_iter().flatten();
        for (to, items) in uses.filter(|(to, _)| ring.contains(to)) {
            let items: Vec<&str> = items.iter().map(String::as_str).collect();
            let (from, to) = (from.join("::"), to.join("::"));
            lines.push(format!("    {from} uses {} of {to}", items.join(", ")));
        }
    }
    lines.join("\n")
}

impl House {
    fn of(files: &[(String, String)]) -> Self {
        let module = |(name, text): &(String, String)| {
            let inside = name.trim_start_matches("src/").trim_end_matches(".rs");
            let path: Vec<String> = inside.split('/').map(str::to_owned).collect();
            let is_code = inside != "main" && path.iter().all(|part| part != "tests");
            let code = scan::code_only(text);
            let production = scan::production_lines(&code);
            let mentions = scan::mentions(&code).into_iter();
            let mentions = mentions.filter(|it| it.line <= production);
            let mentions = mentions.map(without_self).collect();
            let path = if inside == "lib" { Vec::new() } else { path };
            is_code.then_some((path, mentions))
        };
        Self {
            modules: files.iter().filter_map(module).collect(),
        }
    }

    /// Who uses which items of whom.
    fn edges(&self) -> Edges {
        let mut edges = Edges::new();
        for (module, mentions) in &self.modules {
            let uses = edges.entry(module.clone()).or_default();
            // A re-export is no use; a module that is named by itself is used where its items are.
            for mention in mentions.iter().filter(|it| !it.is_public) {
                let Some((file, Some(item))) = self.defined(module, mention) else {
                    continue;
                };
                if !module.starts_with(&file) {
                    uses.entry(file).or_default().insert(item);
                }
            }
        }
        edges
    }

    /// The file that defines what a mention names, and the item in it.
    fn defined(
        &self,
        module: &[String],
        mention: &Mention,
    ) -> Option<(Vec<String>, Option<String>)> {
        let first = mention.path.first()?;
        let imports = self.modules.get(module).into_iter().flatten();
        let import = imports
            .filter(|_| mention.name.is_none())
            .find(|it| it.name.as_ref() == Some(first));
        let rest = mention.path.get(1..).unwrap_or_default();
        let path = match import {
            Some(import) => [self.absolute(module, &import.path)?, rest.to_vec()].concat(),
            None => self.absolute(module, &mention.path)?,
        };
        self.resolve(path, DEEPEST)
    }

    /// The path from the root; nothing when it leads out of the crate.
    fn absolute(&self, module: &[String], path: &[String]) -> Option<Vec<String>> {
        let mut base = module.to_vec();
        let mut rest = path;
        match path.first()?.as_str() {
            "crate" => return Some(path.get(1..)?.to_vec()),
            "super" | "self" => {}
            child => {
                base.push(child.to_owned());
                return self
                    .modules
                    .contains_key(&base)
                    .then(|| [module, path].concat());
            }
        }
        while let Some((first, after)) = rest.split_first() {
            match first.as_str() {
                "super" => drop(base.pop()),
                "self" => {}
                _ => break,
            }
            rest = after;
        }
        base.extend_from_slice(rest);
        Some(base)
    }

    fn resolve(&self, path: Vec<String>, depth: usize) -> Option<(Vec<String>, Option<String>)> {
        let is_module = |len: &usize| self.modules.contains_key(&path[..*len]);
        let len = (0..=path.len()).rev().find(is_module)?;
        let (file, rest) = path.split_at(len);
        let Some(item) = rest.first() else {
            return Some((file.to_vec(), None));
        };
        let mut mentions = self.modules.get(file)?.iter();
        let handed_on = mentions.find(|it| it.is_public && it.name.as_ref() == Some(item));
        match handed_on.and_then(|it| self.absolute(file, &it.path)) {
            Some(target) if depth > 0 => self.resolve([&target, &rest[1..]].concat(), depth - 1),
            _ => Some((file.to_vec(), Some(item.clone()))),
        }
    }
}

/// `use a::b::{self}` is `use a::b`.
fn without_self(mut mention: Mention) -> Mention {
    if mention.path.len() > 1 && mention.path.last().is_some_and(|it| it == "self") {
        mention.path.pop();
        mention.name = mention.path.last().cloned();
    }
    mention
}
