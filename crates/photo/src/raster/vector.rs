//! Inner loops, each compiled twice: for the machine's widest vectors (AVX2, chosen at run time)
//! and for the baseline of the target. Both do the same operations in the same order, without
//! fused multiply-add, so that their results are equal bit by bit.

/// Defines a function whose body is compiled for the widest vectors the machine has.
macro_rules! vectorised {
    ($(#[$meta:meta])* $vis:vis fn $name:ident<$life:lifetime>($($arg:ident: $ty:ty),* $(,)?) $body:block) => {
        $(#[$meta])*
        $vis fn $name<$life>($($arg: $ty),*) {
            struct Kernel<$life> {
                $($arg: $ty),*
            }
            impl<$life> pulp::WithSimd for Kernel<$life> {
                type Output = ();
                #[inline(always)]
                fn with_simd<S: pulp::Simd>(self, _: S) {
                    let Self { $($arg),* } = self;
                    $body
                }
            }
            $crate::raster::vector::dispatch(Kernel { $($arg),* })
        }
    };
}
pub(crate) use vectorised;

/// Runs a kernel with the widest vectors there are.
pub(crate) fn dispatch(kernel: impl pulp::WithSimd<Output = ()>) {
    #[cfg(test)]
    if tests::SCALAR.load(std::sync::atomic::Ordering::Relaxed) {
        use pulp::Simd;
        return pulp::Scalar::new().vectorize(kernel);
    }
    pulp::Arch::new().dispatch(kernel);
}

vectorised! {
    /// `to[i] = Σ weights[k] · rows[k][i]`: the one loop of every separable filter.
    pub(crate) fn combine<'a>(rows: &'a [&'a [f32]], weights: &'a [f32], to: &'a mut [f32]) {
        const BLOCK: usize = 32;
        let whole = to.len() / BLOCK * BLOCK;
        let (blocks, rest) = to.split_at_mut(whole);
        for (b, out) in blocks.chunks_exact_mut(BLOCK).enumerate() {
            let mut sum = [0.0f32; BLOCK];
            for (row, &weight) in rows.iter().zip(weights) {
                let from = &row[b * BLOCK..b * BLOCK + BLOCK];
                for i in 0..BLOCK {
                    sum[i] += weight * from[i];
                }
            }
            out.copy_from_slice(&sum);
        }
        for (i, out) in rest.iter_mut().enumerate() {
            let mut sum = 0.0;
            for (row, &weight) in rows.iter().zip(weights) {
                sum += weight * row[whole + i];
            }
            *out = sum;
        }
    }
}

vectorised! {
    /// `to[i]` = the sum of the `factor` samples from `from[i * factor]`, times `scale`.
    pub(crate) fn group<'a>(from: &'a [f32], factor: usize, scale: f32, to: &'a mut [f32]) {
        #[inline(always)]
        fn fixed<const N: usize>(from: &[f32], scale: f32, to: &mut [f32]) {
            for (t, s) in to.iter_mut().zip(from.chunks_exact(N)) {
                let mut sum = s[0];
                for v in &s[1..] {
                    sum += v;
                }
                *t = sum * scale;
            }
        }
        match factor {
            2 => fixed::<2>(from, scale, to),
            3 => fixed::<3>(from, scale, to),
            4 => fixed::<4>(from, scale, to),
            _ => {
                for (t, s) in to.iter_mut().zip(from.chunks_exact(factor)) {
                    *t = s.iter().sum::<f32>() * scale;
                }
            }
        }
    }
}

vectorised! {
    /// `to[i] = a[i] + b[i]`.
    pub(crate) fn sum<'a>(a: &'a [f32], b: &'a [f32], to: &'a mut [f32]) {
        for ((t, a), b) in to.iter_mut().zip(a).zip(b) {
            *t = a + b;
        }
    }
}

vectorised! {
    /// `to[i] = (a[i] - b[i]) · scale`.
    pub(crate) fn difference<'a>(a: &'a [f32], b: &'a [f32], scale: f32, to: &'a mut [f32]) {
        for ((t, a), b) in to.iter_mut().zip(a).zip(b) {
            *t = (a - b) * scale;
        }
    }
}

vectorised! {
    /// `to[i] += from[i]`, whole numbers.
    pub(crate) fn add_bytes<'a>(from: &'a [u8], to: &'a mut [u32]) {
        for (t, &s) in to.iter_mut().zip(from) {
            *t += u32::from(s);
        }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use std::sync::Mutex;
    use std::sync::atomic::{AtomicBool, Ordering};

    pub(crate) static SCALAR: AtomicBool = AtomicBool::new(false);
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

    /// What `f` gives with the widest vectors and with the scalar twin.
    pub(crate) fn both<T>(f: impl Fn() -> T) -> (T, T) {
        let _turn = ONE_AT_A_TIME.lock().unwrap();
        let wide = f();
        SCALAR.store(true, Ordering::Relaxed);
        let scalar = f();
        SCALAR.store(false, Ordering::Relaxed);
        (wide, scalar)
    }
}
