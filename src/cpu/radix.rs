//! Sorting by keys: integers in the order of the numbers they stand for.
//!
//! A long row is spread over buckets, each of which holds what lies between two splitters out of a sample and fits the
//! caches of a core; threads sort the buckets (W. Frazer and A. McKellar, "Samplesort", 1970). In a bucket the leading
//! bits in which keys differ are sorted digit by digit, last digit first (D. Knuth, "The Art of Computer Programming",
//! 5.2.5), and the few neighbours that agree in these bits are compared. Equal elements keep their order, and nothing
//! depends on the number of threads.

use super::copy::{self, CHUNK, Plain};
use super::versioned::versioned;
use crate::context::Context;
use crate::diagnostics::Result;
use crate::isa::Isa;
use std::sync::atomic::{AtomicBool, Ordering};

/// Bits of a digit at most: as many counters fit the first-level cache.
const DIGIT: u32 = 11;
/// Leading bits, beyond the logarithm of the length, that tell most keys apart: in a bucket, and in a row that is none,
/// where floats leave many exponents unused.
const SPARE: [u32; 2] = [5, 13];
/// Rows that are so short are compared.
const SHORT: usize = 1024;
/// Elements of a bucket, about: half of them at least, unless many are equal.
const BUCKET: usize = 1 << 16;
/// Buckets at most; a byte holds the number of one.
const BUCKETS: usize = 256;
/// Elements of the sample for every bucket.
const SAMPLE: usize = 16;
/// Words whose bucket is sought side by side.
const ABREAST: usize = 32;

/// A key: an unsigned integer.
pub trait Word: Copy + Default + Ord + Send + Sync + 'static {
    /// What buffers hold in its place.
    type Held: Plain;
    const MIN: Self;
    const MAX: Self;
    fn of(buffer: &mut [Self::Held]) -> &mut [Self];
    /// The bits of the difference to a smaller one from bit `shift` on, as many as fit.
    fn above(self, least: Self, shift: u32) -> usize;
    /// How many bits the difference has.
    fn width(self, least: Self) -> u32;
    /// The key with its lowest bits 0.
    fn floor(self, low: u32) -> Self;
}

/// A number with a key.
pub trait Key: Plain {
    type Word: Word;
    /// Rises with the number. Equal numbers have equal keys, and so do all NaN, behind all numbers.
    fn key(self) -> Self::Word;
    /// The number, or one that is equal.
    fn of_key(key: Self::Word) -> Self;
    /// Could the key be that of another number that is not the same: -0.0 and NaN.
    fn is_twofold(self) -> bool;
}

macro_rules! words {
    ($($word:ident: $held:ident;)+) => {$(
        impl Word for $word {
            type Held = $held;
            const MIN: $word = $word::MIN;
            const MAX: $word = $word::MAX;
            fn of(buffer: &mut [$held]) -> &mut [$word] {
                bytemuck::cast_slice_mut(buffer)
            }
            #[inline(always)]
            fn above(self, least: $word, shift: u32) -> usize {
                ((self - least) >> shift) as usize
            }
            fn width(self, least: $word) -> u32 {
                $word::BITS - (self - least).leading_zeros()
            }
            fn floor(self, low: u32) -> $word {
                self >> low << low
            }
        }
    )+};
}

macro_rules! integers {
    ($($type:ident: $word:ident, $key:expr, $number:expr;)+) => {$(
        impl Key for $type {
            type Word = $word;
            #[inline(always)]
            fn key(self) -> $word {
                let key: fn($type) -> $word = $key;
                key(self)
            }
            #[inline(always)]
            fn of_key(key: $word) -> $type {
                let number: fn($word) -> $type = $number;
                number(key)
            }
            #[inline(always)]
            fn is_twofold(self) -> bool {
                false
            }
        }
    )+};
}

macro_rules! floats {
    ($($type:ident: $word:ident, $signed:ident;)+) => {$(
        impl Key for $type {
            type Word = $word;
            #[inline(always)]
            fn key(self) -> $word {
                // 0.0 for -0.0
                let bits = (self + 0.0).to_bits();
                // the bits of negative numbers fall as they rise
                let flipped = ((bits as $signed) >> ($word::BITS - 1)) as $word | 1 << ($word::BITS - 1);
                if self.is_nan() { $word::MAX } else { bits ^ flipped }
            }
            #[inline(always)]
            fn of_key(key: $word) -> $type {
                let flipped = (!(key as $signed) >> ($word::BITS - 1)) as $word | 1 << ($word::BITS - 1);
                $type::from_bits(key ^ flipped)
            }
            #[inline(always)]
            fn is_twofold(self) -> bool {
                self.is_nan() | (self.to_bits() == (-0.0 as $type).to_bits())
            }
        }
    )+};
}

words! {
    u32: i32;
    u64: i64;
}
integers! {
    bool: u32, |x| x.into(), |key| key != 0;
    u8: u32, |x| x.into(), |key| key as u8;
    i32: u32, |x| x as u32 ^ 1 << 31, |key| (key ^ 1 << 31) as i32;
    i64: u64, |x| x as u64 ^ 1 << 63, |key| (key ^ 1 << 63) as i64;
}
floats! {
    f32: u32, i32;
    f64: u64, i64;
}

/// Who sorts a row: all threads of a session, or one of them alone.
#[derive(Clone, Copy)]
pub struct Crew<'a> {
    pub cx: Option<&'a Context>,
    pub isa: Isa,
}

impl Crew<'_> {
    fn share<I>(&self, parts: I, work: impl Fn(I::Item) + Sync) -> Result<()>
    where
        I: Iterator + Send,
        I::Item: Send,
    {
        self.share_with::<(), I>(parts, |(), part| work(part))
    }

    /// Each thread has a state of its own.
    fn share_with<S, I>(&self, parts: I, work: impl Fn(&mut S, I::Item) + Sync) -> Result<()>
    where
        S: Default,
        I: Iterator + Send,
        I::Item: Send,
    {
        match self.cx {
            Some(cx) => cx.share(parts, S::default, work),
            None => {
                let mut state = S::default();
                parts.for_each(|part| work(&mut state, part));
                Ok(())
            }
        }
    }
}

versioned! {
    /// Writes the keys of a row. Is any number of it twofold?
    fn keys[T: Key]<T>(keys: &mut [T::Word], row: &[T]) -> bool {
        let mut twofold = false;
        for (key, x) in keys.iter_mut().zip(row) {
            *key = x.key();
            twofold |= x.is_twofold();
        }
        twofold
    }

    fn numbers[T: Key]<T>(row: &mut [T], keys: &[T::Word]) {
        for (x, &key) in row.iter_mut().zip(keys) {
            *x = T::of_key(key);
        }
    }

    /// The leading bits of the keys, and behind them the numbers of the elements.
    fn numbered[T: Key]<T>(out: &mut [u64], row: &[T], least: T::Word, shift: u32, first: usize) {
        for (number, (out, x)) in out.iter_mut().zip(row).enumerate() {
            *out = (x.key().above(least, shift) as u64) << 32 | (first + number) as u64;
        }
    }

    /// The least and the largest key.
    fn range[T: Key]<T>(row: &[T]) -> (T::Word, T::Word) {
        extremes(row, T::key)
    }

    fn range_of_words[W: Word]<W>(words: &[W]) -> (W, W) {
        extremes(words, |word| word)
    }

    /// The number of the bucket of every word: of the splitters that are not above it.
    fn classify[W: Word]<W>(ids: &mut [u8], words: &[W], splitters: &[W]) {
        for (words, ids) in words.chunks(ABREAST).zip(ids.chunks_mut(ABREAST)) {
            let mut wanted = [W::MIN; ABREAST];
            wanted[..words.len()].copy_from_slice(words);
            // `first` splitters are not above, and at most `left` more
            let mut first = [0; ABREAST];
            let mut left = splitters.len();
            while left > 0 {
                let half = left.div_ceil(2);
                for (first, word) in first.iter_mut().zip(&wanted) {
                    let middle = *first + half;
                    // Safety: `first + left` is never more than the length, and `half` is from 1 to `left`.
                    let splitter = unsafe { splitters.get_unchecked(middle - 1) };
                    *first = if splitter <= word { middle } else { *first };
                }
                left -= half;
            }
            for (id, first) in ids.iter_mut().zip(first) {
                *id = first as u8;
            }
        }
    }
}

#[inline(always)]
fn extremes<T: Copy, W: Word>(row: &[T], key: impl Fn(T) -> W) -> (W, W) {
    const LANES: usize = 16;
    let (mut least, mut most) = ([W::MAX; LANES], [W::MIN; LANES]);
    let (blocks, rest) = row.as_chunks::<LANES>();
    for block in blocks {
        for ((least, most), &x) in least.iter_mut().zip(&mut most).zip(block) {
            *least = (*least).min(key(x));
            *most = (*most).max(key(x));
        }
    }
    let last = rest.iter().map(|&x| key(x));
    let least = least.into_iter().chain(last.clone()).fold(W::MAX, W::min);
    (least, most.into_iter().chain(last).fold(W::MIN, W::max))
}

fn in_order<T: Key>(crew: Crew, row: &[T]) -> Result<bool> {
    let falls = AtomicBool::new(false);
    crew.share((0..row.len()).step_by(CHUNK), |start| {
        // the first element behind belongs to it
        let part = &row[start..row.len().min(start + CHUNK + 1)];
        if !falls.load(Ordering::Relaxed) && !part.is_sorted_by(|a, b| a.key() <= b.key()) {
            falls.store(true, Ordering::Relaxed);
        }
    })?;
    Ok(!falls.into_inner())
}

/// Writes the numbers of `from`, or else those of `row` itself, to `row` in rising order. `words` is as long as the row;
/// the longest bucket takes as much space again.
pub fn sort<T: Key>(crew: Crew, from: Option<&[T]>, row: &mut [T], words: &mut [T::Word]) -> Result<()> {
    let isa = crew.isa;
    let source: &[T] = from.unwrap_or(row);
    if in_order(crew, source)? {
        if let Some(from) = from {
            crew.share(row.chunks_mut(CHUNK).zip(from.chunks(CHUNK)), |(out, from)| out.copy_from_slice(from))?;
        }
        return Ok(());
    }
    let twofold = AtomicBool::new(false);
    let read = |start: usize, words: &mut [T::Word]| {
        if keys(isa, words, &source[start..start + words.len()]) {
            twofold.store(true, Ordering::Relaxed);
        }
    };
    let ends = spread(crew, words, 0, read)?;
    // numbers that are no other's equal come from their keys; these few are kept as they are
    let doubled = [T::default().key(), Word::MAX];
    let kept: Vec<T> = if twofold.into_inner() {
        doubled.iter().flat_map(|key| source.iter().copied().filter(move |x| x.key() == *key)).collect()
    } else {
        Vec::new()
    };
    let spare = SPARE[usize::from(ends.len() == 1)];
    crew.share_with(parts(&ends, words, row).into_iter(), |others: &mut Vec<T::Word>, (words, row)| {
        let (words, agree) = ordered(isa, words, of_length(others, row.len()), 0, spare);
        finish(words, agree, |a, b| a < b, <[T::Word]>::sort_unstable);
        numbers(isa, row, words);
    })?;
    if !kept.is_empty() {
        let mut kept = kept.into_iter();
        for key in doubled {
            let (start, end) = (row.partition_point(|x| x.key() < key), row.partition_point(|x| x.key() <= key));
            row[start..end].iter_mut().zip(&mut kept).for_each(|(x, kept)| *x = kept);
        }
    }
    Ok(())
}

/// Elements of a row that can be numbered.
pub const NUMBERED: usize = u32::MAX as usize;

/// The numbers of the elements of a row, `NUMBERED` at most, in rising order of these; of equal ones the first comes
/// first. `words` is as long as the row; the longest bucket takes as much space again.
pub fn argsort<T: Key>(crew: Crew, row: &[T], places: &mut [i64], words: &mut [u64]) -> Result<()> {
    let isa = crew.isa;
    if in_order(crew, row)? {
        return crew.share(places.chunks_mut(CHUNK).enumerate(), |(part, places)| {
            places.iter_mut().zip((part * CHUNK) as i64..).for_each(|(place, number)| *place = number);
        });
    }
    let mut ranges = vec![(T::Word::MAX, T::Word::MIN); row.len().div_ceil(CHUNK)];
    crew.share(ranges.iter_mut().zip(row.chunks(CHUNK)), |(found, part)| *found = range(isa, part))?;
    let least = ranges.iter().map(|(least, _)| *least).fold(Word::MAX, T::Word::min);
    let most = ranges.iter().map(|(_, most)| *most).fold(Word::MIN, T::Word::max);
    let shift = most.width(least).saturating_sub(u32::BITS);
    let ends = spread(crew, words, u32::BITS, |start, words: &mut [u64]| {
        numbered(isa, words, &row[start..start + words.len()], least, shift, start);
    })?;
    let spare = SPARE[usize::from(ends.len() == 1)];
    crew.share_with(parts(&ends, words, places).into_iter(), |others: &mut Vec<u64>, (words, places)| {
        let (words, agree) = ordered(isa, words, of_length(others, places.len()), u32::BITS, spare);
        let key = |word: &u64| row[*word as u32 as usize].key();
        let bits = |word: &u64| word >> u32::BITS;
        let less = |a: &u64, b: &u64| bits(a) < bits(b) || shift > 0 && bits(a) == bits(b) && key(a) < key(b);
        finish(words, agree, less, |group| group.sort_unstable_by_key(|word| (bits(word), key(word), *word)));
        places.iter_mut().zip(words).for_each(|(place, word)| *place = i64::from(*word as u32));
    })
}

/// Writes the words of a row, which `read` gives from any place on, bucket by bucket, and gives the ends of these. In a
/// bucket they stand as before. Words that differ in the lowest `low` bits alone are in the same one.
fn spread<W: Word>(crew: Crew, words: &mut [W], low: u32, read: impl Fn(usize, &mut [W]) + Sync) -> Result<Vec<usize>> {
    let len = words.len();
    let buckets = (len / BUCKET).next_power_of_two().min(BUCKETS);
    if buckets < 2 {
        crew.share(words.chunks_mut(CHUNK).enumerate(), |(part, words)| read(part * CHUNK, words))?;
        return Ok(vec![len]);
    }
    let mut sample = vec![W::MIN; buckets * SAMPLE];
    let step = len / sample.len();
    sample.iter_mut().enumerate().for_each(|(number, word)| read(number * step, std::slice::from_mut(word)));
    sample.sort_unstable();
    let splitters: Vec<W> = sample.iter().skip(SAMPLE).step_by(SAMPLE).map(|word| word.floor(low)).collect();
    let mut ids = crew.cx.map_or_else(|| vec![0; len], |cx| cx.buffer::<u8>(len));
    let isa = crew.isa;
    let part = len.div_ceil(64).next_multiple_of(CHUNK);
    let mut counts = vec![[0usize; BUCKETS]; len.div_ceil(part)];
    let stretches = |start: usize, count: usize, work: &mut dyn FnMut(usize, &[W])| {
        let mut stretch = [W::MIN; 1024];
        for at in (0..count).step_by(stretch.len()) {
            let words = &mut stretch[..(count - at).min(1024)];
            read(start + at, words);
            work(at, words);
        }
    };
    crew.share(counts.iter_mut().zip(ids.chunks_mut(part)).enumerate(), |(number, (counts, ids))| {
        stretches(number * part, ids.len(), &mut |at, words| {
            classify(isa, &mut ids[at..][..words.len()], words, &splitters)
        });
        ids.iter().for_each(|&id| counts[usize::from(id)] += 1);
    })?;
    // where each part writes its first word of each bucket
    let mut ends = Vec::with_capacity(buckets);
    let mut start = 0;
    for bucket in 0..buckets {
        for counts in &mut counts {
            start += std::mem::replace(&mut counts[bucket], start);
        }
        ends.push(start);
    }
    let target = Target(words.as_mut_ptr());
    crew.share(counts.iter_mut().zip(ids.chunks(part)).enumerate(), |(number, (places, ids))| {
        let target = &target;
        stretches(number * part, ids.len(), &mut |at, words| {
            for (&word, &id) in words.iter().zip(&ids[at..]) {
                let place = &mut places[usize::from(id)];
                // Safety: the words of every part and bucket were counted, so that each place is written once, by one
                // thread.
                unsafe { target.0.add(*place).write(word) };
                *place += 1;
            }
        });
    })?;
    if let Some(cx) = crew.cx {
        copy::give_back(cx, ids);
    }
    Ok(ends)
}

/// A buffer that several threads write, each place by one of them.
struct Target<W>(*mut W);

// Safety: places are written by one thread each, and read when all are done.
unsafe impl<W: Send> Sync for Target<W> {}

/// Space that stays in the caches of a core from bucket to bucket.
fn of_length<W: Word>(space: &mut Vec<W>, len: usize) -> &mut [W] {
    if space.len() < len {
        space.resize(len, W::MIN);
    }
    &mut space[..len]
}

/// What belongs to each bucket.
fn parts<'a, W, T>(ends: &[usize], mut words: &'a mut [W], mut row: &'a mut [T]) -> Vec<(&'a mut [W], &'a mut [T])> {
    let mut parts = Vec::with_capacity(ends.len());
    let mut start = 0;
    for &end in ends {
        let (a, b);
        (a, words) = words.split_at_mut(end - start);
        (b, row) = row.split_at_mut(end - start);
        parts.push((a, b));
        start = end;
    }
    parts
}

/// The words in the order of leading bits, equal ones as they were, or in rising order altogether; and whether two
/// agree in the bits that were looked at. The lowest `low` bits are not looked at.
fn ordered<'a, W: Word>(
    isa: Isa,
    words: &'a mut [W],
    others: &'a mut [W],
    low: u32,
    spare: u32,
) -> (&'a mut [W], impl Fn(&W, &W) -> bool + Copy) {
    const SIZE: usize = 1 << DIGIT;
    let len = words.len();
    let (mut from, mut to) = (words, others);
    let (mut least, mut shift) = (W::MIN, low);
    if len <= SHORT {
        from.sort_unstable();
    } else {
        let most;
        (least, most) = range_of_words(isa, from);
        least = least.floor(low);
        let width = most.width(least);
        let leading = width.saturating_sub(low).min(len.ilog2() + spare);
        shift = width - leading;
        let passes = leading.div_ceil(DIGIT);
        let bits = leading.div_ceil(passes.max(1));
        for pass in 0..passes {
            let digit = |word: W| word.above(least, shift + pass * bits) & ((1 << bits) - 1) & (SIZE - 1);
            let mut places = [0usize; SIZE];
            from.iter().for_each(|&word| places[digit(word)] += 1);
            let mut start = 0;
            places.iter_mut().for_each(|place| start += std::mem::replace(place, start));
            for &word in &*from {
                let place = &mut places[digit(word)];
                to[*place] = word;
                *place += 1;
            }
            std::mem::swap(&mut from, &mut to);
        }
    }
    (from, move |a: &W, b: &W| a.above(least, shift) == b.above(least, shift))
}

/// Sorts the runs of words that agree and are not in order: where one is less than the one before it.
#[inline(always)]
fn finish<W>(words: &mut [W], agree: impl Fn(&W, &W) -> bool, less: impl Fn(&W, &W) -> bool, sort: impl Fn(&mut [W])) {
    let mut at = 1;
    while at < words.len() {
        if !(less(&words[at], &words[at - 1]) && agree(&words[at], &words[at - 1])) {
            at += 1;
            continue;
        }
        let (mut start, mut end) = (at - 1, at + 1);
        while start > 0 && agree(&words[start - 1], &words[at]) {
            start -= 1;
        }
        while end < words.len() && agree(&words[end], &words[at]) {
            end += 1;
        }
        sort(&mut words[start..end]);
        at = end + 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Numbers that all follow from one.
    fn dice(state: &mut u64) -> u64 {
        *state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        *state >> 16 ^ *state << 32
    }

    /// Compares with the stable sort of the standard library, to the bit.
    fn check<T: Key>(row: &[T], bits: impl Fn(T) -> u64 + Copy, what: &str) {
        let mut expected: Vec<usize> = (0..row.len()).collect();
        expected.sort_by_key(|&i| row[i].key());
        for threads in 1..4 {
            let cx = Context::with_threads(threads);
            for crew in [Crew { cx: Some(&cx), isa: cx.isa }, Crew { cx: None, isa: Isa::BASELINE }] {
                let mut words = vec![T::Word::default(); row.len()];
                let (mut fresh, mut own) = (vec![T::default(); row.len()], row.to_vec());
                sort(crew, Some(row), &mut fresh, &mut words).unwrap();
                sort(crew, None, &mut own, &mut words).unwrap();
                let all = expected.iter().map(|&i| bits(row[i]));
                assert!(all.clone().eq(fresh.iter().map(|x| bits(*x))), "{what}, {threads} threads");
                assert!(all.eq(own.iter().map(|x| bits(*x))), "{what} in place, {threads} threads");
                let (mut words, mut places) = (vec![0; row.len()], vec![0; row.len()]);
                argsort(crew, row, &mut places, &mut words).unwrap();
                assert!(places.iter().map(|&i| i as usize).eq(expected.iter().copied()), "places of {what}");
            }
        }
    }

    #[test]
    fn rows_are_sorted_as_the_standard_library_does() {
        let mut state = 7;
        for len in [0, 1, 2, 5, SHORT, SHORT + 1, 3 * SHORT, 2 * BUCKET + 1, 5 * BUCKET + 11] {
            let mut draw = |range: u64| -> Vec<u64> { (0..len).map(|_| dice(&mut state) % range).collect() };
            let uniform = |x: u64| x as f64 / u64::MAX as f64 - 0.5;
            let floats: Vec<f64> = draw(u64::MAX).into_iter().map(uniform).collect();
            check(&floats, f64::to_bits, "floats");
            let narrow: Vec<f64> = floats.iter().map(|x| 1.0 + x * 1e-12).collect();
            check(&narrow, f64::to_bits, "floats close to 1");
            let mut one_far = narrow;
            one_far.iter_mut().take(1).for_each(|x| *x = -1e300);
            check(&one_far, f64::to_bits, "floats close to 1, and one far away");
            let special =
                [f64::NAN, -f64::NAN, f64::from_bits(0x7ff8_0000_0000_0123), 0.0, -0.0, f64::INFINITY, -1e-310];
            let odd: Vec<f64> =
                draw(20).into_iter().zip(&floats).map(|(i, x)| *special.get(i as usize).unwrap_or(x)).collect();
            check(&odd, f64::to_bits, "floats and special ones");
            let single: Vec<f32> = odd.iter().map(|x| *x as f32).collect();
            check(&single, |x| x.to_bits().into(), "f32");
            let wide: Vec<i64> = draw(u64::MAX).into_iter().map(|x| x as i64).collect();
            check(&wide, |x| x as u64, "i64");
            let mut rising = wide.clone();
            rising.sort_unstable();
            check(&rising, |x| x as u64, "i64 in order");
            rising.reverse();
            check(&rising, |x| x as u64, "i64 in falling order");
            check(&wide.iter().map(|x| x % 1000 - 500).collect::<Vec<i64>>(), |x| x as u64, "small i64");
            check(&wide.iter().map(|x| *x as i32).collect::<Vec<i32>>(), |x| x as u64, "i32");
            check(&wide.iter().map(|x| *x as u8).collect::<Vec<u8>>(), u64::from, "u8");
            check(&wide.iter().map(|x| x % 2 == 0).collect::<Vec<bool>>(), u64::from, "bool");
        }
    }

    #[test]
    fn keys_rise_with_numbers() {
        let rising = [f64::NEG_INFINITY, -1e308, -2.0, -5e-324, 0.0, 5e-324, 2.0, 1e308, f64::INFINITY];
        assert!(rising.is_sorted_by(|a, b| a.key() < b.key()));
        assert!(rising.iter().all(|x| f64::of_key(x.key()).to_bits() == x.to_bits()));
        assert!((-0.0f64).key() == 0.0f64.key() && (-f64::NAN).key() == u64::MAX && f64::INFINITY.key() < u64::MAX);
        assert!(f32::of_key(f32::NAN.key()).is_nan() && f32::of_key((-2.5f32).key()) == -2.5);
        assert_eq!([i64::MIN, -1, 0, i64::MAX].map(|x| i64::of_key(x.key())), [i64::MIN, -1, 0, i64::MAX]);
    }
}
