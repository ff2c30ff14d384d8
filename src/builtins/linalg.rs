//! The builtins of the module `linalg`: systems of equations and decompositions of matrices.
//!
//! All take stacks of matrices in the last two axes. What can be said with them stands in `stdlib/linalg.nab`.

use super::Args;
use super::declare::builtins;
use crate::diagnostics::{Error, Result};
use crate::interp::{Machine, Value};
use crate::ops::linalg::{self, Spectrum};
use crate::tensor::Array;

/// Results with names.
fn record(names: &[&str], results: impl IntoIterator<Item = Array>) -> Value {
    Value::record(names.iter().map(|&name| name.into()).zip(results.into_iter().map(Value::Array)).collect())
}

/// The only result.
fn single(results: impl IntoIterator<Item = Array>) -> Result<Value> {
    let first = results.into_iter().next();
    first.map(Value::Array).ok_or_else(|| Error::new(crate::Kind::Internal, "an operation gave no result"))
}

/// The first argument; mirrored along its diagonal if argument `hermitian` says so.
fn given(machine: &mut Machine, args: &Args, hermitian: usize, name: &str) -> Result<Array> {
    let (a, hermitian) = (args.number(0)?, args.bool(hermitian)?);
    if hermitian { linalg::mirrored(&mut machine.host.cx, name, a) } else { Ok(a) }
}

/// Is the upper triangle of a symmetric matrix meant?
fn is_upper(args: &Args, number: usize) -> Result<bool> {
    match args.text(number)? {
        "L" | "l" => Ok(false),
        "U" | "u" => Ok(true),
        other => Err(Error::value(format!("`UPLO` is \"L\" or \"U\", not \"{other}\""))
            .help("it tells which triangle is read, the lower or the upper one")),
    }
}

builtins! {
    elements Settled;

    /// The x with a @ x = b.
    /// A vector b is one right side; else right sides are the columns of matrices. Stacks broadcast. A matrix that is
    /// singular to the last bit is an error; `cond` tells how near to one it is. Of a stack of vectors each is a matrix of
    /// one column: `b[..., newaxis]`.
    fn solve(a, b)
        ex "linalg.solve([[1, 2], [3, 5]], [1, 2])" => "[-1.  1.]";
        ex "linalg.solve([[2.0, 0.0], [0.0, 4.0]], eye(2))" => "[[0.5  0.  ]\n [0.   0.25]]";
        fails "linalg.solve([[1, 2], [2, 4]], [1, 2])" => "value";
        fails "linalg.solve(ones((2, 3)), [1, 2])" => "shape";
        fails "linalg.solve(eye(2), [1, 2, 3])" => "shape";
        fails "linalg.solve(eye(2), 1)" => "shape";
        fails "linalg.solve(ones((3, 2, 2)) + eye(2), ones((3, 2)))" => "shape";
    = |machine, args| {
        let (a, b) = (args.number(0)?, args.number(1)?);
        linalg::solve(&mut machine.host.cx, a, b).map(Value::Array)
    };

    /// The inverse of square matrices.
    /// To solve equations, `solve` is faster and more accurate.
    fn inv(a)
        ex "linalg.inv([[2.0, 0.0], [0.0, 4.0]])" => "[[0.5  0.  ]\n [0.   0.25]]";
        fails "linalg.inv([[1, 1], [1, 1]])" => "value";
        fails "linalg.inv(ones((2, 3)))" => "shape";
        fails "linalg.inv([1.0])" => "shape";
    = |machine, args| {
        let a = args.number(0)?;
        linalg::inv(&mut machine.host.cx, a).map(Value::Array)
    };

    /// The determinant of square matrices.
    /// The first and the second derivative are there for all matrices. Further ones are found by a division by the
    /// determinant: they lose digits as `cond(a)` grows, and at a matrix that is singular but for rounding they are nan.
    fn det(a)
        ex "linalg.det([[2, 0], [1, 3]])" => "6.0";
        ex "grad(linalg.det)([[1.0, 2.0], [2.0, 4.0]])" => "[[ 4. -2.]\n [-2.  1.]]";
        ex "linalg.det(zeros((0, 0)))" => "1.0";
        fails "linalg.det([[1, 2, 3]])" => "shape";
        fails "linalg.det(2.0)" => "shape";
    = |machine, args| {
        let a = args.number(0)?;
        linalg::det(&mut machine.host.cx, a).map(Value::Array)
    };

    /// The sign of the determinant and the logarithm of its magnitude, as (sign=, logabsdet=).
    /// They do not overflow where the determinant would. Of a singular matrix they are 0 and -inf, with derivatives of nan.
    fn slogdet(a)
        ex "linalg.slogdet([[0.0, 1.0], [1.0, 0.0]])" => "(sign=-1.0, logabsdet=0.0)";
        ex "linalg.slogdet(zeros((2, 2)))" => "(sign=0.0, logabsdet=-inf)";
        fails "linalg.slogdet([1, 2])" => "shape";
    = |machine, args| {
        let a = args.number(0)?;
        Ok(record(&["sign", "logabsdet"], linalg::slogdet(&mut machine.host.cx, a)?))
    };

    /// The lower triangular L with L @ L.T = a, or with `upper` the U with U.T @ U = a.
    /// Of a, which is symmetric, only that triangle is read, and only that triangle has a derivative.
    fn cholesky(a, upper = false)
        ex "linalg.cholesky([[4.0, 2.0], [2.0, 5.0]])" => "[[2. 0.]\n [1. 2.]]";
        ex "linalg.cholesky([[4, 2], [2, 5]], upper=true)" => "[[2. 1.]\n [0. 2.]]";
        fails "linalg.cholesky([[1, 2], [2, 1]])" => "value";
        fails "linalg.cholesky([[1, 2]])" => "shape";
    = |machine, args| {
        let (a, upper) = (args.number(0)?, args.bool(1)?);
        linalg::cholesky(&mut machine.host.cx, a, upper).map(Value::Array)
    };

    /// The factors (Q=, R=) with Q @ R = a: Q has orthonormal columns, R is upper triangular.
    /// `mode` is "reduced", "complete" for a square Q, or "r" for R alone. The last columns of a complete Q have no
    /// derivative.
    fn qr(a, mode = "reduced")
        ex "(q, r) = linalg.qr([[3.0, 1.0], [4.0, 2.0]])\nround(q @ r, 12)" => "[[3. 1.]\n [4. 2.]]";
        ex "linalg.qr(ones((3, 2))).Q.shape, linalg.qr(ones((3, 2)), mode=\"complete\").Q.shape" => "((3, 2), (3, 3))";
        fails "linalg.qr([1.0, 2.0])" => "shape";
        fails "linalg.qr(eye(2), mode=\"thin\")" => "value";
    = |machine, args| {
        let (a, mode) = (args.number(0)?, args.text(1)?);
        let cx = &mut machine.host.cx;
        match mode {
            "reduced" | "complete" => Ok(record(&["Q", "R"], linalg::qr(cx, a, mode == "complete")?)),
            "r" => single(linalg::qr(cx, a, false)?.into_iter().skip(1)),
            other => Err(Error::value(format!("`mode` is \"reduced\", \"complete\" or \"r\", not \"{other}\""))),
        }
    };

    /// Of symmetric matrices the (eigenvalues=, eigenvectors=): values in ascending order, vectors in the columns.
    /// `UPLO` tells which triangle is read, "L" or "U"; only that triangle has a derivative. Eigenvectors of equal
    /// eigenvalues have none.
    fn eigh(a, UPLO = "L")
        ex "linalg.eigh([[2.0, 1.0], [1.0, 2.0]]).eigenvalues" => "[1. 3.]";
        fails "linalg.eigh(ones((2, 3)))" => "shape";
        fails "linalg.eigh([[nan]])" => "value";
        fails "linalg.eigh(eye(2), UPLO=\"X\")" => "value";
    = |machine, args| {
        let (a, upper) = (args.number(0)?, is_upper(args, 1)?);
        Ok(record(&["eigenvalues", "eigenvectors"], linalg::eigh(&mut machine.host.cx, a, true, upper)?))
    };

    /// The eigenvalues of symmetric matrices, in ascending order.
    /// `UPLO` tells which triangle is read. The first derivative holds where eigenvalues are equal, too; the second is nan
    /// there.
    fn eigvalsh(a, UPLO = "L")
        ex "linalg.eigvalsh([[2.0, 1.0], [1.0, 2.0]])" => "[1. 3.]";
        fails "linalg.eigvalsh([1.0])" => "shape";
    = |machine, args| {
        let (a, upper) = (args.number(0)?, is_upper(args, 1)?);
        single(linalg::eigh(&mut machine.host.cx, a, false, upper)?)
    };

    /// The (eigenvalues=, eigenvectors=) of square matrices: vectors of length one, in the columns.
    /// Complex ones are an error until there are complex numbers.
    fn eig(a)
        ex "linalg.eig([[2.0, 0.0], [0.0, 3.0]])" => "(eigenvalues=[2. 3.], eigenvectors=[[1. 0.]\n                                    [0. 1.]])";
        fails "linalg.eig([[0, -1], [1, 0]])" => "value";
        fails "linalg.eig(ones((2, 3)))" => "shape";
    = |machine, args| {
        let a = args.number(0)?;
        Ok(record(&["eigenvalues", "eigenvectors"], linalg::eig(&mut machine.host.cx, a, true)?))
    };

    /// The eigenvalues of square matrices.
    /// Complex ones are an error until there are complex numbers.
    fn eigvals(a)
        ex "linalg.eigvals([[2.0, 0.0], [0.0, 3.0]])" => "[2. 3.]";
        fails "linalg.eigvals([[0, -1], [1, 0]])" => "value";
    = |machine, args| {
        let a = args.number(0)?;
        single(linalg::eig(&mut machine.host.cx, a, false)?)
    };

    /// The singular value decomposition (U=, S=, Vh=), with U * S @ Vh = a and S in descending order.
    /// With `full_matrices` U and Vh are square. Without `compute_uv` the result is S alone. With `hermitian` the matrix is
    /// symmetric, and its lower triangle is read. The further vectors of full matrices have no derivative, nor have those
    /// of equal singular values.
    fn svd(a, full_matrices = true, compute_uv = true, hermitian = false)
        ex "linalg.svd([[0.0, 2.0], [1.0, 0.0]]).S" => "[2. 1.]";
        ex "(u, s, vh) = linalg.svd([[3.0, 0.0], [4.0, 5.0]], full_matrices=false)\nround(u * s @ vh, 12)" => "[[3. 0.]\n [4. 5.]]";
        ex "linalg.svd(ones((2, 3))).Vh.shape" => "(3, 3)";
        fails "linalg.svd([1.0])" => "shape";
        fails "linalg.svd([[inf, 1.0]])" => "value";
    = |machine, args| {
        let (full, vectors) = (args.bool(1)?, args.bool(2)?);
        let a = given(machine, args, 3, "linalg.svd")?;
        let found = linalg::svd(&mut machine.host.cx, a, Spectrum { vectors, full: full && vectors })?;
        if vectors { Ok(record(&["U", "S", "Vh"], found)) } else { single(found) }
    };

    /// The singular values of matrices, in descending order.
    /// The first derivative holds where they are equal, too; the second is nan there.
    fn svdvals(x)
        ex "linalg.svdvals([[0, 2], [1, 0]])" => "[2. 1.]";
        fails "linalg.svdvals(1.0)" => "shape";
    = |machine, args| {
        let a = args.number(0)?;
        single(linalg::svd(&mut machine.host.cx, a, Spectrum { vectors: false, full: false })?)
    };

    /// The pseudo-inverse of matrices (Moore and Penrose).
    /// Singular values up to `rcond` times the largest count as zero; without it that is the larger side times the
    /// precision of the dtype. It may be one number or one for each matrix of a stack; `rtol` is another name of it. With
    /// `hermitian` the matrix is symmetric, and its lower triangle is read. The derivative holds where the rank does not
    /// change.
    fn pinv(a, rcond = none, hermitian = false, rtol = none)
        ex "round(linalg.pinv([[1.0, 2.0], [2.0, 4.0]]), 12)" => "[[0.04 0.08]\n [0.08 0.16]]";
        ex "linalg.pinv(ones((2, 3))).shape" => "(3, 2)";
        fails "linalg.pinv([1.0])" => "shape";
        fails "linalg.pinv(eye(2), rcond=0.1, rtol=0.1)" => "value";
    = |machine, args| {
        let cutoff = match (args.is_none(1), args.is_none(3)) {
            (true, true) => None,
            (false, true) => Some(args.number(1)?),
            (true, false) => Some(args.number(3)?),
            (false, false) => return Err(Error::value("`rcond` and `rtol` mean the same: give one of them")),
        };
        let a = given(machine, args, 2, "linalg.pinv")?;
        linalg::pinv(&mut machine.host.cx, a, cutoff).map(Value::Array)
    };
}
