//! Cycles among links: a graph that has one can never be finished.

use std::collections::HashMap;

use crate::graph::model::id::TaskId;

/// Some cycle that the edges make, its first task repeated at its end.
///
/// Takes away, again and again, what nothing leads to; where something is left, every step back from it stays in a cycle.
pub fn find(edges: &[(TaskId, TaskId)]) -> Option<Vec<TaskId>> {
    let mut ways_in: HashMap<&TaskId, usize> = HashMap::new();
    let mut next: HashMap<&TaskId, Vec<&TaskId>> = HashMap::new();
    for (from, to) in edges {
        ways_in.entry(from).or_default();
        *ways_in.entry(to).or_default() += 1;
        next.entry(from).or_default().push(to);
    }
    let mut free: Vec<&TaskId> = ways_in.iter().filter(|(_, count)| **count == 0).map(|(id, _)| *id).collect();
    while let Some(id) = free.pop() {
        for to in next.get(id).into_iter().flatten() {
            let count = ways_in.entry(to).or_default();
            *count -= 1;
            if *count == 0 {
                free.push(to);
            }
        }
    }
    let stuck = |id: &TaskId| ways_in.get(id).is_some_and(|count| *count > 0);
    let back: HashMap<&TaskId, &TaskId> =
        edges.iter().filter(|(from, to)| stuck(from) && stuck(to)).map(|(from, to)| (to, from)).collect();
    back.keys().min().copied().map(|start| walk(&back, start))
}

/// Follows the steps back until one is met again.
fn walk(back: &HashMap<&TaskId, &TaskId>, start: &TaskId) -> Vec<TaskId> {
    let mut trail = vec![start];
    while let Some(previous) = trail.last().and_then(|id| back.get(*id)) {
        if let Some(met) = trail.iter().position(|id| id == previous) {
            trail.push(previous);
            return trail[met..].iter().rev().map(|id| (*id).clone()).collect();
        }
        trail.push(previous);
    }
    trail.into_iter().cloned().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn edges(text: &str) -> Vec<(TaskId, TaskId)> {
        let id = |letter: char| TaskId::known(letter.to_string());
        let pair = |edge: &str| (id(edge.chars().next().unwrap()), id(edge.chars().last().unwrap()));
        text.split(' ').filter(|edge| !edge.is_empty()).map(pair).collect()
    }

    #[test]
    fn a_cycle_is_found_wherever_it_hangs() {
        assert_eq!(find(&edges("")), None);
        assert_eq!(find(&edges("ab bc ac cd")), None);
        for circular in ["ab ba", "ab bc ca", "xa ab bc cb cd de", "ab cd de ec"] {
            let cycle = find(&edges(circular)).unwrap();
            assert_eq!(cycle.first(), cycle.last(), "{circular}");
            assert!(cycle.len() > 2, "{circular}");
            for step in cycle.windows(2) {
                assert!(edges(circular).contains(&(step[0].clone(), step[1].clone())), "{circular}: {cycle:?}");
            }
        }
    }
}
