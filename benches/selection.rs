//! How long the pool takes to choose a key (design §4: p99 at most 50 µs with 25 keys and 12 models;
//! 500 µs with 250). `cargo bench` prints the percentiles first, then divan's table.

use std::time::{Duration, Instant};

use svs_bot::bench::{Load, MODELS, Selection};

const SIZES: [u16; 3] = [1, 25, 250];
const LOADS: [Load; 3] = [Load::Fresh, Load::Busy, Load::Spent];
const CHOICES: usize = 20_000;

fn main() {
    percentiles();
    divan::main();
}

#[expect(clippy::print_stdout, reason = "a benchmark prints its figures")]
fn percentiles() {
    println!("keys x models   load    p50        p99        p99.9");
    for keys in SIZES {
        for load in LOADS {
            let took = times(keys, load);
            let at = |share: usize| {
                took.get(CHOICES * share / 1000)
                    .copied()
                    .unwrap_or_default()
            };
            println!(
                "{keys:>4} x {MODELS:<6}   {:<6} {:>9.1?} {:>9.1?} {:>9.1?}",
                format!("{load:?}"),
                at(500),
                at(990),
                at(999),
            );
        }
    }
}

/// Sorted times of single choices. A pool that is half spent is made anew before it is spent.
#[expect(clippy::disallowed_methods, reason = "a benchmark measures time")]
fn times(keys: u16, load: Load) -> Vec<Duration> {
    let mut took = Vec::with_capacity(CHOICES);
    let fresh = || Selection::of(keys, load);
    let mut selection = fresh();
    let per_pool = usize::from(keys) * MODELS * 3;
    while took.len() < CHOICES {
        if took.len() % per_pool == 0 {
            selection = fresh();
        }
        let begun = Instant::now();
        let chosen = std::hint::black_box(selection.choose());
        took.push(begun.elapsed());
        selection.put_back(chosen);
    }
    took.sort_unstable();
    took
}

#[divan::bench(args = SIZES)]
fn choose_where_much_is_spent(bencher: divan::Bencher<'_, '_>, keys: u16) {
    bencher
        .with_inputs(|| Selection::of(keys, Load::Busy))
        .bench_refs(Selection::select);
}

#[divan::bench(args = SIZES)]
fn look_at_all_in_vain(bencher: divan::Bencher<'_, '_>, keys: u16) {
    let mut selection = Selection::of(keys, Load::Spent);
    bencher.bench_local(|| selection.select());
}
