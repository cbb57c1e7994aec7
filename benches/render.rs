//! What it costs to show an answer of 20,000 characters: rendering and cutting it at the end, and each
//! state of it while it grows. `cargo bench --bench render` prints times and allocations.

use svs_bot::bench::{ANSWER, cut, grow, render};

#[global_allocator]
static ALLOCATOR: divan::AllocProfiler = divan::AllocProfiler::system();

/// Where growing answers are looked at, in characters.
const LENGTHS: [usize; 3] = [200, 2_000, 20_000];

fn main() {
    divan::main();
}

#[divan::bench(args = LENGTHS)]
fn whole_answer(bencher: divan::Bencher<'_, '_>, characters: usize) {
    let text: String = answer(characters);
    bencher.bench_local(|| cut(&text));
}

#[divan::bench(args = LENGTHS)]
fn text_and_entities(bencher: divan::Bencher<'_, '_>, characters: usize) {
    let text: String = answer(characters);
    bencher.bench_local(|| render(&text));
}

#[divan::bench(args = LENGTHS)]
fn one_state_of_a_growing_answer(bencher: divan::Bencher<'_, '_>, characters: usize) {
    let text: String = answer(characters);
    bencher.bench_local(|| grow(&text));
}

fn answer(characters: usize) -> String {
    ANSWER.chars().cycle().take(characters).collect()
}
