//! Kernels compiled once for each instruction set, the best of which is taken at run time.
//!
//! A kernel is plain code that the compiler vectorises. It must never use an operation that only some sets have.

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
        $vis fn $name $(<$($generics)*>)? (isa: $crate::isa::Isa, $($arg: $type),*) $(-> $out)? {
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
                $crate::isa::Set::Baseline => body $(::<$($given),*>)? ($($arg),*),
                // Safety: an `Isa` names a set only where the processor has it.
                #[cfg(target_arch = "x86_64")]
                $crate::isa::Set::Avx2 => unsafe { avx2 $(::<$($given),*>)? ($($arg),*) },
                // Safety: as above.
                #[cfg(target_arch = "x86_64")]
                $crate::isa::Set::Avx512 => unsafe { avx512 $(::<$($given),*>)? ($($arg),*) },
            }
        }
    )+};
}

pub(super) use versioned;
