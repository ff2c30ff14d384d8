//! In which order several operands are joined: two at a time, so that there are few multiplications.
//!
//! All orders are tried where there are few operands. Else the pair that takes the fewest multiplications is next, in
//! the manner of `greedy` of opt_einsum (D. Smith, J. Gray, JOSS 3(26), 2018).

use super::Label;
use std::cmp::Ordering;
use std::collections::BTreeMap;

/// Up to so many operands all orders are tried: 180 of five.
const EXHAUSTIVE: usize = 5;
/// Beyond so many they are joined as they stand: looking for the best pair takes long.
const GREEDY: usize = 24;

/// What joining two takes: multiplications, then elements of the largest value in between.
type Cost = (f64, f64);

/// The pairs to join, one after the other. Both leave their places, the first of which is the smaller, and what they
/// become is put at the end. `terms` are the indices of each operand.
pub fn pairs(terms: &[Vec<Label>], wanted: &[Label], lengths: &BTreeMap<Label, usize>) -> Vec<(usize, usize)> {
    let search = Search { wanted, lengths };
    match terms.len() {
        0 | 1 => vec![],
        2..=EXHAUSTIVE => search.best(terms, (0.0, 0.0), (f64::INFINITY, f64::INFINITY)).map_or(vec![], |best| best.1),
        _ => search.greedy(terms),
    }
}

struct Search<'a> {
    wanted: &'a [Label],
    lengths: &'a BTreeMap<Label, usize>,
}

impl Search<'_> {
    /// The best order of those that cost less than `bound`. `spent` is the cost so far.
    fn best(&self, terms: &[Vec<Label>], spent: Cost, bound: Cost) -> Option<(Cost, Vec<(usize, usize)>)> {
        let (mut bound, mut best) = (bound, None);
        for (first, second) in all_pairs(terms.len()) {
            let (rest, (work, size)) = self.joined(terms, first, second);
            let spent = (spent.0 + work, spent.1.max(size));
            if spent >= bound {
                continue;
            }
            let found = if rest.len() > 1 { self.best(&rest, spent, bound) } else { Some((spent, vec![])) };
            if let Some((cost, mut pairs)) = found {
                pairs.insert(0, (first, second));
                (bound, best) = (cost, Some((cost, pairs)));
            }
        }
        best
    }

    fn greedy(&self, terms: &[Vec<Label>]) -> Vec<(usize, usize)> {
        let mut terms = terms.to_vec();
        let mut pairs = Vec::new();
        while terms.len() > 1 {
            let candidates = all_pairs(if terms.len() > GREEDY { 2 } else { terms.len() });
            let next = candidates.map(|pair| (pair, self.joined(&terms, pair.0, pair.1)));
            let Some((pair, (rest, _))) = next.min_by(|a, b| a.1.1.partial_cmp(&b.1.1).unwrap_or(Ordering::Equal))
            else {
                break;
            };
            terms = rest;
            pairs.push(pair);
        }
        pairs
    }

    /// The terms after a pair is joined, and what it takes.
    fn joined(&self, terms: &[Vec<Label>], first: usize, second: usize) -> (Vec<Vec<Label>>, Cost) {
        let size = |labels: &[Label]| -> f64 {
            labels.iter().map(|label| self.lengths.get(label).copied().unwrap_or(1) as f64).product()
        };
        let mut rest: Vec<Vec<Label>> = terms.to_vec();
        let b = rest.remove(second);
        let mut all = rest.remove(first);
        all.extend(b.iter().filter(|label| !terms[first].contains(label)));
        let work = size(&all);
        all.retain(|label| self.wanted.contains(label) || rest.iter().any(|term| term.contains(label)));
        let cost = (work, size(&all));
        rest.push(all);
        (rest, cost)
    }
}

fn all_pairs(count: usize) -> impl Iterator<Item = (usize, usize)> {
    (0..count).flat_map(move |first| (first + 1..count).map(move |second| (first, second)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order(notation: &str, lengths: &[(char, usize)]) -> Vec<(usize, usize)> {
        let (terms, wanted) = notation.split_once("->").unwrap();
        let labels = |part: &str| part.chars().map(Label::Letter).collect::<Vec<Label>>();
        let terms: Vec<Vec<Label>> = terms.split(',').map(labels).collect();
        let lengths = lengths.iter().map(|&(letter, len)| (Label::Letter(letter), len)).collect();
        pairs(&terms, &labels(wanted), &lengths)
    }

    #[test]
    fn chains_are_joined_where_they_are_thin() {
        let thin = [('i', 100), ('j', 100), ('k', 100), ('l', 1)];
        assert_eq!(order("ij,jk,kl->il", &thin), [(1, 2), (0, 1)]);
        let thin = [('i', 1), ('j', 100), ('k', 100), ('l', 100)];
        assert_eq!(order("ij,jk,kl->il", &thin), [(0, 1), (0, 1)]);
        // the cheapest first step is not part of the cheapest way: 120 + 200 beside 150 + 60
        let lengths = [('i', 4), ('j', 3), ('k', 10), ('l', 5)];
        assert_eq!(order("ij,jk,kl->il", &lengths), [(1, 2), (0, 1)]);
    }

    #[test]
    fn every_number_of_operands_is_joined_to_one() {
        for count in 1..40 {
            let letters: Vec<char> = ('a'..='z').chain('A'..='Z').collect();
            let terms: Vec<String> = (0..count).map(|i| letters[i..i + 2].iter().collect()).collect();
            let lengths: Vec<(char, usize)> = letters.iter().enumerate().map(|(i, &c)| (c, 2 + i % 5)).collect();
            let wanted: String = [letters[0], letters[count]].iter().collect();
            let pairs = order(&format!("{}->{wanted}", terms.join(",")), &lengths);
            assert_eq!(pairs.len(), count - 1);
            assert!(pairs.iter().enumerate().all(|(done, &(a, b))| a < b && b < count - done));
        }
    }
}
