//! How a contraction is laid out on the card: by lengths and strides alone, so that the same work is always done in the
//! same order.

use super::matrix::Matrix;

/// A layout, and how the sum is split: a workgroup adds up `span` terms of a result, or of several; `parts` workgroups
/// share a result. Terms are counted in quads where those are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Plan {
    pub by: By,
    pub span: usize,
    pub parts: usize,
}

/// Who computes a result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum By {
    /// A workgroup computes a square of results of this edge. Which sides are read in quads.
    Tile { edge: usize, quads: [bool; 2] },
    /// So many invocations share a result. `turned` where neighbours belong to neighbouring results, not to one.
    Row { along: usize, turned: bool, quads: bool },
}

/// Edges of the squares, for large products and for small ones.
pub(super) const LARGE: usize = 64;
pub(super) const SMALL: usize = 32;
/// Workgroups from which on a card is busy.
const BUSY: usize = 64;
/// Terms of a square that are worth a workgroup of their own, and those that one workgroup adds up at most.
const TILE_SPANS: [usize; 2] = [512, 1 << 14];
/// The same for one invocation of a row.
const ROW_SPANS: [usize; 2] = [64, 1 << 14];
/// Invocations of a workgroup, and of a run of neighbours that read what lies together.
const LANES: usize = 256;
const TOGETHER: usize = 32;

impl Plan {
    pub(super) fn of(a: &Matrix, b: &Matrix) -> Plan {
        let ([batch, rows, depth], columns) = (a.lens, b.lens[1]);
        let (less, more) = (rows.min(columns), rows.max(columns));
        if less >= SMALL / 4 && more >= SMALL / 2 && depth >= 8 {
            let tiles = |edge: usize| batch * rows.div_ceil(edge) * columns.div_ceil(edge);
            let edge = if less > SMALL && tiles(LARGE) >= BUSY { LARGE } else { SMALL };
            // no quad, nor piece of a sum, is of two parts
            let span = split(depth, tiles(edge), TILE_SPANS).next_multiple_of(LARGE);
            let quads = [a.in_quads().is_some(), b.in_quads().is_some()];
            return Plan { by: By::Tile { edge, quads }, span, parts: depth.div_ceil(span) };
        }
        // the larger side should be read in the order it lies
        let larger = if rows >= columns { a } else { b };
        let quads = [a, b].iter().all(|side| side.in_quads() == Some(2));
        let (turned, terms) = (!larger.lies_along_sum(), if quads { depth / 4 } else { depth });
        let results = batch * rows * columns;
        let mut along = if turned { 1 } else { TOGETHER.min(terms.next_power_of_two()) };
        while along < LANES && 2 * along <= terms && results * along < BUSY * LANES {
            along *= 2;
        }
        let span = split(terms, (results * along).div_ceil(LANES), ROW_SPANS.map(|span| span * along));
        Plan { by: By::Row { along, turned, quads }, span, parts: terms.div_ceil(span) }
    }
}

/// Shares out the terms of a sum: a workgroup gets `least` at least, where there are few workgroups, and never more than
/// `most`. Gives the terms of a workgroup.
fn split(terms: usize, groups: usize, [least, most]: [usize; 2]) -> usize {
    let wanted = (BUSY / groups.max(1)).min(terms / least).max(terms.div_ceil(most)).max(1);
    terms.div_ceil(wanted).max(1)
}
