pub(crate) mod sample;

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;

/// Facts of a kind, for properties that hold of all kinds.
pub(crate) trait Sample: Sized {
    /// Any facts of the kind, with hostile names.
    fn any() -> BoxedStrategy<Self>;
}

impl Sample for Probe {
    fn any() -> BoxedStrategy<Self> {
        sample::any_probe().boxed()
    }
}

impl Sample for Scan {
    fn any() -> BoxedStrategy<Self> {
        sample::any_alert().boxed()
    }
}

impl Sample for Notice {
    fn any() -> BoxedStrategy<Self> {
        sample::any_notice().boxed()
    }
}

impl Sample for Started {
    fn any() -> BoxedStrategy<Self> {
        sample::any_started().boxed()
    }
}

impl Sample for TooDeepAlert {
    fn any() -> BoxedStrategy<Self> {
        sample::any_too_deep().boxed()
    }
}

/// Any record of any kind, with an identity or none.
pub(crate) fn any_record() -> impl Strategy<Value = Record> {
    let directions = [Direction::Inbound, Direction::Internal, Direction::Outbound];
    let id = || "[0-9a-f]{32}";
    let text = sample::any_name().prop_filter("no label is empty", |text| !text.is_empty());
    let labels = prop::collection::btree_map("[a-z][a-z0-9_]{0,31}", text, 0..4);
    let origin = (prop::option::of(id()), prop::option::of("[0-9a-f]{16}"), labels).prop_map(
        |(machine_id, policy, labels)| RecordOrigin { machine_id, policy, labels }.into(),
    );
    let direction = prop::option::of(prop::sample::select(directions.to_vec()));
    let identity = (id(), prop::option::of(id()), direction, origin);
    let identity = identity.prop_map(|(record_id, alert_id, direction, origin)| Identity {
        record_id: Some(record_id),
        alert_id,
        direction,
        origin,
    });
    let identity = prop_oneof![4 => identity, 1 => Just(Identity::default())];
    (any_event(), identity).prop_map(|(event, identity)| Record { event, identity })
}

#[test]
fn signatures_have_ids_and_message_ids_of_their_own() {
    let ids: BTreeSet<_> = SIGNATURES.iter().map(|it| it.id).collect();
    let message_ids: BTreeSet<_> = SIGNATURES.iter().map(|it| it.message_id).collect();
    let texts: BTreeSet<_> = SIGNATURES.iter().map(|it| it.text).collect();
    assert_eq!([ids.len(), message_ids.len(), texts.len()], [SIGNATURES.len(); 3]);
    let is_id = |id: &str| id.len() == 32 && id.bytes().all(|it| it.is_ascii_hexdigit());
    assert!(message_ids.into_iter().all(is_id));
}

proptest! {
    #[test]
    fn every_event_has_a_signature_of_the_table(event in any_event()) {
        let description = event.describe();
        prop_assert!(SIGNATURES.contains(description.signature));
    }

    #[test]
    fn no_part_of_a_record_shows_a_name_twice(record in any_record()) {
        let description = record.describe();
        let fields = description.fields.known().chain(description.record.known());
        let fields: Vec<_> = fields.collect();
        let names = |is_in: fn(&Field) -> bool| -> Vec<&str> {
            fields.iter().filter(|it| is_in(it)).map(|it| &*it.name).collect()
        };
        let messages: Vec<_> = fields.iter().filter_map(|it| it.in_message).collect();
        let context = names(|it| it.in_context);
        let metadata = names(|it| it.in_metadata);
        let journal = names(|it| it.in_journal);
        for part in [context, metadata, journal, messages] {
            let different: BTreeSet<_> = part.iter().collect();
            prop_assert_eq!(different.len(), part.len(), "{:?}", part);
        }
    }
}
