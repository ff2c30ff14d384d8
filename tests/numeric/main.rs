//! Arrays against references: naive loops, and what NumPy and Python give.

mod contract;
mod create;
mod distributions;
mod linalg;
mod parameters;
mod printing;
mod random;
mod reduce;
mod sample;
mod sorting;
mod special;
