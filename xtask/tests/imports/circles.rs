//! Circles of imports between modules that stand side by side.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    fs,
};

use super::{modules::Crate, paths::Path};

/// Imports between the children of one module, each with a file as its evidence. A child and all that is below it
/// count as one.
type Graph = BTreeMap<String, BTreeMap<String, String>>;

/// Shortest circle through each module that is in one: `kernel: pin -> slot (pin.rs), slot -> pin (slot.rs)`.
pub fn find(sources: &Crate) -> Vec<String> {
    let mut graphs = BTreeMap::<Path, Graph>::new();
    for (module, source) in sources.sources() {
        for used in sources.used(module, source) {
            let common = module.iter().zip(&used).take_while(|(left, right)| left == right).count();
            // A module and those below it belong together.
            if let (Some(from), Some(to)) = (module.get(common), used.get(common)) {
                let graph = graphs.entry(module[..common].to_vec()).or_default();
                let file = source.file.display().to_string();
                graph.entry(from.clone()).or_default().entry(to.clone()).or_insert(file);
            }
        }
    }
    graphs.iter().flat_map(|(parent, graph)| circles(&parent.join("::"), graph)).collect()
}

fn circles(parent: &str, graph: &Graph) -> Vec<String> {
    let mut seen = BTreeSet::new();
    let found = graph.keys().filter_map(|start| shortest(graph, start));
    let new = found.filter(|circle| seen.insert(circle.iter().cloned().collect::<BTreeSet<_>>()));
    new.map(|circle| {
        let next = circle.iter().cycle().skip(1);
        let steps = circle.iter().zip(next);
        let steps = steps.map(|(from, to)| format!("{from} -> {to} ({})", graph[from][to]));
        format!("{parent}: {}", steps.collect::<Vec<_>>().join(", "))
    })
    .collect()
}

/// Shortest way from a module back to itself.
fn shortest(graph: &Graph, start: &String) -> Option<Vec<String>> {
    let mut ways = VecDeque::from([vec![start.clone()]]);
    let mut reached = BTreeSet::new();
    while let Some(way) = ways.pop_front() {
        for to in graph.get(way.last()?).into_iter().flat_map(BTreeMap::keys) {
            if to == start {
                return Some(way);
            }
            if reached.insert(to) {
                ways.push_back([way.as_slice(), std::slice::from_ref(to)].concat());
            }
        }
    }
    None
}

#[test]
fn a_circle_is_found_through_names_that_are_passed_on() {
    let folder = tempfile::tempdir().unwrap();
    let write = |file: &str, text: &str| fs::write(folder.path().join(file), text).unwrap();
    fs::create_dir(folder.path().join("room")).unwrap();
    write("lib.rs", "mod room; mod text;");
    write("text.rs", "");
    write("room.rs", "mod a; mod b; mod c; pub use a::Thing;");
    write("room/a.rs", "use super::b::Other as _; use crate::text::Printable;");
    write("room/b.rs", "fn b(thing: super::Thing) {}");
    write("room/c.rs", "use super::{a, b};");
    let circles = find(&Crate::read(folder.path()));
    assert_eq!(circles, ["room: a -> b (room/a.rs), b -> a (room/b.rs)"]);
}
