mod constructs;
mod soups;
mod spec;

use crate::chat::rich::Rich;
use crate::render::legal::problems;

/// Fails with what is wrong with a rendered text.
fn legal(rich: &Rich, markdown: &str) {
    let problems = problems(rich);
    assert!(problems.is_empty(), "{problems:?}\n{markdown:?}\n{rich:?}");
}

/// Maximal runs of letters and digits.
fn words(text: &str) -> Vec<String> {
    let split = text.split(|c: char| !c.is_alphanumeric());
    split
        .filter(|word| !word.is_empty())
        .map(str::to_owned)
        .collect()
}
