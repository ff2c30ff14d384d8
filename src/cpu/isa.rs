//! Instruction sets: which the processor has, and kernels compiled once for each.
//!
//! A kernel is plain code that the compiler vectorises; `versioned!` compiles it for every set and takes the best at run
//! time. None of the sets brings an operation that rounds once where the code rounds twice, so that results are the same
//! to the bit whichever runs.

/// An instruction set that this processor has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Isa(Set);

/// Only `versioned!` and this file may name these: that a `Isa` holds one is the proof that the processor has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Set {
    Baseline,
    #[cfg(target_arch = "x86_64")]
    Avx2,
    #[cfg(target_arch = "x86_64")]
    Avx512,
}

impl Isa {
    /// What every processor of the architecture has.
    pub const BASELINE: Isa = Isa(Set::Baseline);

    /// The best that the processor has.
    #[cfg(target_arch = "x86_64")]
    pub fn best() -> Isa {
        let avx512 = is_x86_feature_detected!("avx512f")
            && is_x86_feature_detected!("avx512bw")
            && is_x86_feature_detected!("avx512dq")
            && is_x86_feature_detected!("avx512vl");
        Isa(match avx512 {
            true => Set::Avx512,
            false if is_x86_feature_detected!("avx2") => Set::Avx2,
            false => Set::Baseline,
        })
    }

    /// The best that the processor has.
    #[cfg(not(target_arch = "x86_64"))]
    pub fn best() -> Isa {
        Isa::BASELINE
    }

    /// All that the processor has, best last.
    pub fn all() -> Vec<Isa> {
        let sets = [
            Set::Baseline,
            #[cfg(target_arch = "x86_64")]
            Set::Avx2,
            #[cfg(target_arch = "x86_64")]
            Set::Avx512,
        ];
        sets.into_iter().map(Isa).filter(|isa| *isa <= Isa::best()).collect()
    }

    pub fn name(self) -> &'static str {
        match self.0 {
            Set::Baseline => "baseline",
            #[cfg(target_arch = "x86_64")]
            Set::Avx2 => "avx2",
            #[cfg(target_arch = "x86_64")]
            Set::Avx512 => "avx512",
        }
    }

    #[inline(always)]
    pub(super) fn set(self) -> Set {
        self.0
    }
}

impl Default for Isa {
    fn default() -> Isa {
        Isa::best()
    }
}

/// Asks for elements that are read soon. Long computations on each element keep the processor from running ahead to the
/// loads by itself.
#[cfg(target_arch = "x86_64")]
#[inline(always)]
pub(super) fn prefetch<T>(values: &[T]) {
    use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
    const LINE: usize = 64;
    let start = values.as_ptr().cast::<i8>();
    for line in (0..size_of_val(values)).step_by(LINE) {
        // Safety: a prefetch is a hint that reads nothing; the address lies in the slice.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(start.wrapping_add(line)) };
    }
}

#[cfg(not(target_arch = "x86_64"))]
pub(super) fn prefetch<T>(_: &[T]) {}

/// Kernels that are compiled for every instruction set. Each takes the `Isa` to run with as its first argument. What
/// they call is compiled with them only where it is `#[inline(always)]`.
macro_rules! versioned {
    ($(
        $(#[$meta:meta])*
        $vis:vis fn $name:ident $([$($generics:tt)*] <$($given:ident),*>)? ($($arg:ident: $type:ty),* $(,)?) $(-> $out:ty)?
        $body:block
    )+) => {$(
        $(#[$meta])*
        $vis fn $name $(<$($generics)*>)? (isa: $crate::cpu::Isa, $($arg: $type),*) $(-> $out)? {
            #[inline(always)]
            fn body $(<$($generics)*>)? ($($arg: $type),*) $(-> $out)? $body
            #[cfg(target_arch = "x86_64")]
            #[target_feature(enable = "avx2")]
            fn avx2 $(<$($generics)*>)? ($($arg: $type),*) $(-> $out)? {
                body $(::<$($given),*>)? ($($arg),*)
            }
            #[cfg(target_arch = "x86_64")]
            #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl")]
            fn avx512 $(<$($generics)*>)? ($($arg: $type),*) $(-> $out)? {
                body $(::<$($given),*>)? ($($arg),*)
            }
            match isa.set() {
                $crate::cpu::isa::Set::Baseline => body $(::<$($given),*>)? ($($arg),*),
                // Safety: a `Isa` names a set only where the processor has it.
                #[cfg(target_arch = "x86_64")]
                $crate::cpu::isa::Set::Avx2 => unsafe { avx2 $(::<$($given),*>)? ($($arg),*) },
                // Safety: as above.
                #[cfg(target_arch = "x86_64")]
                $crate::cpu::isa::Set::Avx512 => unsafe { avx512 $(::<$($given),*>)? ($($arg),*) },
            }
        }
    )+};
}

pub(super) use versioned;
