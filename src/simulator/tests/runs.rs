use super::super::oracle::serve;
use super::super::runner::run;
use super::*;

fn plan(kind: Kind, fleet: usize, load: u32) -> Plan {
    Plan {
        kind,
        fleet,
        load,
        minutes: 10,
        seed: 5,
    }
}

#[test]
fn what_the_oracle_serves_can_be_served() {
    for kind in Kind::ALL {
        // A restart loses calls, a share of failures is beyond planning.
        if matches!(kind, Kind::Restart | Kind::RestartDay | Kind::ShakyModel) {
            continue;
        }
        let trace = trace::trace(plan(kind, 25, 120));
        let starts = serve(&trace);
        let possible = starts.iter().flatten().count();
        let mut puppet = Puppet {
            starts,
            keys: trace.world.keys.clone(),
            dead: Vec::new(),
        };
        let outcome = run(&trace, &mut puppet);
        let answered = usize::try_from(outcome.answered).unwrap();
        // The way to the service takes up to 100 ms, which the oracle does not know of.
        assert!(answered * 1000 >= possible * 985, "{kind:?}: {answered} of {possible}");
        assert_eq!(outcome.upstream.overspend(), 0, "{kind:?}");
    }
}
