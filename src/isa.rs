//! Instruction sets: which the processor has.
//!
//! None brings an operation that rounds once where the code rounds twice, so that results are the same to the bit
//! whichever runs.

/// An instruction set that this processor has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Isa(Set);

/// Only `versioned!` and this file may name these: that an `Isa` holds one is the proof that the processor has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Set {
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
    pub(crate) fn set(self) -> Set {
        self.0
    }
}

impl Default for Isa {
    fn default() -> Isa {
        Isa::best()
    }
}
