//! What an Owner has to see to, as it is read off the pool at one moment.

use super::*;
use crate::keys::Unusable;

/// A call with the key of a group's people meets this.
fn meets(pool: &mut Pool, group: Group, effect: Effect, now: Timestamp) {
    let lease = lend(pool, &ask(&[group], &["big"]), now).unwrap();
    pool.settle(lease, &says(effect), now, &mut rng());
}

#[test]
fn a_pool_that_is_well_and_one_that_only_waits_have_no_trouble() {
    let mut pool = pool(vec![key(1, Some(Group::A)), key(2, None)]);
    assert_eq!(pool.troubles(T0), []);
    meets(
        &mut pool,
        Group::A,
        Effect::CoolKey(Cooldown::Configured),
        T0,
    );
    assert_eq!(pool.troubles(T0), []);
}

#[test]
fn dead_keys_are_listed_until_they_are_accepted_and_a_group_without_others_is_named() {
    let mut pool = pool(vec![key(1, Some(Group::A)), key(2, Some(Group::B))]);
    let invalid = Effect::KillKey(Death::Invalid);
    meets(&mut pool, Group::A, invalid, T0);
    let dead = Trouble::Dead(vec![([1; 16], Death::Invalid)]);
    let unusable = Trouble::Unusable(Unusable {
        group: Some(Group::A),
        dead: 1,
        ..Unusable::default()
    });
    assert_eq!(pool.troubles(T0), [dead, unusable]);
    pool.looked_again([1; 16], Retested::Accepted, None, T0);
    assert_eq!(pool.troubles(T0), []);
}

#[test]
fn a_wrong_address_is_trouble_until_something_is_answered() {
    let mut pool = pool(vec![key(1, None), key(2, None)]);
    meets(&mut pool, Group::A, Effect::WrongEndpoint, T0);
    assert_eq!(pool.troubles(T0), [Trouble::Endpoint]);
    meets(&mut pool, Group::A, Effect::Healthy, T0);
    assert_eq!(pool.troubles(T0), []);
}

#[test]
fn a_spending_cap_names_the_keys_of_its_project_and_leaves_their_group_without() {
    let mut pool = pool(vec![key(1, Some(Group::A))]);
    meets(&mut pool, Group::A, Effect::SpendingCap, T0);
    let unusable = Trouble::Unusable(Unusable {
        group: Some(Group::A),
        spent: 1,
        ..Unusable::default()
    });
    let capped = Trouble::SpendingCap(vec![[1; 16]]);
    assert_eq!(pool.troubles(T0), [unusable, capped]);
}
