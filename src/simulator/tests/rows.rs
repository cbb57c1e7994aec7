use super::super::table::{HEAD, Row, jain, line, targets};
use super::*;

fn good(kind: Kind, load: u32) -> Row {
    Row {
        plan: Plan {
            kind,
            fleet: 25,
            load,
            minutes: 10,
            seed: 1,
        },
        policy: "good",
        asked: 2_000,
        served: 1_000,
        possible: 1_000,
        provoked: 0,
        calls: 1_000,
        calls_to_dead: 0,
        wronged: 0,
        overspend: 0,
        jain: Some(1.0),
        wait: Duration::ZERO,
    }
}

#[test]
fn an_index_of_fairness_is_one_when_all_are_alike() {
    assert_eq!(jain(&[30.0; 4]), Some(1.0));
    assert_eq!(jain(&[120.0, 0.0, 0.0, 0.0]), Some(0.25));
    assert_eq!(jain(&[1.0, 5.0]), None);
}

#[test]
fn each_figure_of_the_design_is_demanded() {
    type Edit = fn(&mut Row);
    let (calm, faulty) = (Kind::Steady, Kind::ModelOut);
    let cases: [(Kind, u32, Edit, usize); 19] = [
        (calm, 80, |_| {}, 0),
        (faulty, 200, |_| {}, 0),
        (calm, 80, |row| row.served = 990, 0),
        (calm, 80, |row| row.served = 989, 1),
        (calm, 120, |row| row.served = 970, 0),
        (calm, 120, |row| row.served = 969, 1),
        (Kind::Bursts, 80, |row| row.served = 970, 0),
        (Kind::Bursts, 30, |row| row.served = 970, 1),
        (faulty, 50, |row| row.served = 970, 0),
        (faulty, 50, |row| row.served = 969, 1),
        (calm, 80, |row| row.calls = 1_051, 1),
        (faulty, 80, |row| row.calls = 1_300, 0),
        (faulty, 80, |row| row.calls = 1_301, 1),
        (faulty, 80, |row| row.provoked = 1, 1),
        (Kind::WrongLimits, 80, |row| row.provoked = 1, 0),
        (faulty, 80, |row| row.calls_to_dead = 1, 1),
        (faulty, 80, |row| row.wronged = 1, 1),
        (faulty, 80, |row| row.overspend = 1, 1),
        (faulty, 80, |row| row.jain = Some(0.97), 1),
    ];
    for (nth, (kind, load, edit, missed)) in cases.into_iter().enumerate() {
        let mut row = good(kind, load);
        edit(&mut row);
        assert_eq!(targets(&row).len(), missed, "{nth}: {:?}", targets(&row));
    }
}

#[test]
fn the_table_is_aligned() {
    let mut long = good(Kind::SharedProjects, 200);
    long.jain = None;
    let lines = [line(&good(Kind::Steady, 80)), line(&long)];
    let table = format!("{HEAD}\n{}", lines.join("\n"));
    let mut widths = table.lines().map(str::len);
    let width = widths.next();
    assert!(widths.all(|other| Some(other) == width), "{table}");
}
