//! Verification of Dilithium3 as submitted to round 3 of the NIST competition (version
//! 3.1 of the specification, February 2021).
//!
//! Certivu's 1.1.0 clients sign with it, so that their records can only be checked this
//! way. It differs from ML-DSA-65 in the lengths of the challenge and of the hash of the
//! public key (32 bytes each, where FIPS 204 has 48 and 64) and in hashing the message
//! without a prefix. New keys should use ML-DSA; there is no signing here.

use std::sync::LazyLock;

use shake::{ExtendableOutput as _, Shake128, Shake256, Update as _, XofReader as _};

use crate::keys::{Algorithm, SignatureError};

/// Bytes of a public key.
pub const PUBLIC_KEY_LEN: usize = SEED_LEN + K * PACKED_T1_LEN;
/// Bytes of a signature.
pub const SIGNATURE_LEN: usize = CHALLENGE_LEN + L * PACKED_Z_LEN + OMEGA + K;

const SEED_LEN: usize = 32;
const CHALLENGE_LEN: usize = 32;
const PACKED_T1_LEN: usize = 320;
const PACKED_Z_LEN: usize = 640;

const Q: u32 = 8_380_417;
const N: usize = 256;
/// The primitive 512th root of unity that the number-theoretic transform uses.
const ROOT: u32 = 1753;
/// 256⁻¹ mod Q.
const INVERSE_OF_N: u32 = 8_347_681;
const K: usize = 6;
const L: usize = 5;
const D: u32 = 13;
const TAU: usize = 49;
const GAMMA1: u32 = 1 << 19;
const GAMMA2: u32 = (Q - 1) / 32;
const BETA: u32 = 196;
const OMEGA: usize = 55;

/// A round-3 Dilithium3 public key. Every string of the right length is one.
#[derive(Clone, PartialEq, Eq)]
pub struct VerifyingKey([u8; PUBLIC_KEY_LEN]);

impl VerifyingKey {
    /// Wraps the encoding: 32 bytes of ρ and the packed t₁.
    #[must_use]
    pub fn new(bytes: [u8; PUBLIC_KEY_LEN]) -> Self {
        Self(bytes)
    }

    /// The encoding.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// Checks a signature.
    ///
    /// # Errors
    /// [`SignatureError::WrongLength`] or [`SignatureError::Invalid`].
    pub fn verify(&self, message: &[u8], signature: &[u8]) -> Result<(), SignatureError> {
        if signature.len() != SIGNATURE_LEN {
            return Err(SignatureError::WrongLength {
                algorithm: Algorithm::Dilithium3Round3,
                expected: SIGNATURE_LEN,
                found: signature.len(),
            });
        }
        match self.matches(message, signature) {
            Some(true) => Ok(()),
            Some(false) | None => Err(SignatureError::Invalid),
        }
    }

    /// `None` where the signature breaks a bound or an encoding rule.
    fn matches(&self, message: &[u8], signature: &[u8]) -> Option<bool> {
        let (challenge, rest) = signature.split_first_chunk::<CHALLENGE_LEN>()?;
        let (packed_z, packed_hints) = rest.split_at_checked(L * PACKED_Z_LEN)?;
        let (seed, packed_t1) = self.0.split_first_chunk::<SEED_LEN>()?;
        let hints = unpack_hints(packed_hints)?;
        let mut z = Vec::with_capacity(L);
        for packed in packed_z.chunks_exact(PACKED_Z_LEN) {
            let mut poly = unpack_z(packed)?;
            forward_ntt(&mut poly);
            z.push(poly);
        }
        let mut c = sample_in_ball(challenge);
        forward_ntt(&mut c);

        let key_hash: [u8; 32] = shake256(&[&self.0]);
        let mu: [u8; 64] = shake256(&[&key_hash, message]);
        let mut hasher = Shake256::default();
        hasher.update(&mu);
        for ((row, t1), hint) in (0u8..)
            .zip(packed_t1.chunks_exact(PACKED_T1_LEN))
            .zip(&hints)
        {
            let mut w = [0; N];
            for (column, z) in (0u8..).zip(&z) {
                let a = sample_uniform(seed, column, row);
                for ((w, a), z) in w.iter_mut().zip(a).zip(z) {
                    *w = add(*w, multiply(a, *z));
                }
            }
            let mut t1 = unpack_t1(t1);
            forward_ntt(&mut t1);
            for ((w, c), t1) in w.iter_mut().zip(&c).zip(t1) {
                *w = subtract(*w, multiply(*c, t1));
            }
            inverse_ntt(&mut w);
            for (pair, hint) in w.chunks_exact(2).zip(hint.chunks_exact(2)) {
                let packed = pair
                    .iter()
                    .zip(hint)
                    .rev()
                    .fold(0, |packed, (&w, &hint)| packed << 4 | use_hint(hint, w));
                hasher.update(&[packed]);
            }
        }
        let mut expected = [0; CHALLENGE_LEN];
        hasher.finalize_xof().read(&mut expected);
        Some(expected == *challenge)
    }
}

/// A polynomial of Z_q[X]/(X²⁵⁶+1), or its transform; coefficients below Q.
type Polynomial = [u32; N];

fn add(a: u32, b: u32) -> u32 {
    (a + b) % Q
}

fn subtract(a: u32, b: u32) -> u32 {
    (a + Q - b) % Q
}

fn multiply(a: u32, b: u32) -> u32 {
    (u64::from(a) * u64::from(b) % u64::from(Q)) as u32
}

/// ROOT raised to the bit-reversed index.
static ZETAS: LazyLock<Polynomial> = LazyLock::new(|| {
    std::array::from_fn(|index| {
        let exponent = (index as u8).reverse_bits();
        (0..exponent).fold(1, |power, _| multiply(power, ROOT))
    })
});

fn forward_ntt(poly: &mut Polynomial) {
    let mut zetas = ZETAS.iter().skip(1);
    for half in [128, 64, 32, 16, 8, 4, 2, 1] {
        for (block, &zeta) in poly.chunks_exact_mut(2 * half).zip(&mut zetas) {
            let (low, high) = block.split_at_mut(half);
            for (a, b) in low.iter_mut().zip(high) {
                let t = multiply(zeta, *b);
                *b = subtract(*a, t);
                *a = add(*a, t);
            }
        }
    }
}

fn inverse_ntt(poly: &mut Polynomial) {
    let mut zetas = ZETAS.iter().skip(1).rev();
    for half in [1, 2, 4, 8, 16, 32, 64, 128] {
        for (block, &zeta) in poly.chunks_exact_mut(2 * half).zip(&mut zetas) {
            let (low, high) = block.split_at_mut(half);
            for (a, b) in low.iter_mut().zip(high) {
                let t = *a;
                *a = add(t, *b);
                *b = multiply(zeta, subtract(*b, t));
            }
        }
    }
    for coefficient in poly {
        *coefficient = multiply(*coefficient, INVERSE_OF_N);
    }
}

fn shake256<const LEN: usize>(parts: &[&[u8]]) -> [u8; LEN] {
    let mut hasher = Shake256::default();
    for part in parts {
        hasher.update(part);
    }
    let mut out = [0; LEN];
    hasher.finalize_xof().read(&mut out);
    out
}

/// One entry of the matrix A, already in the transform domain.
fn sample_uniform(seed: &[u8; SEED_LEN], column: u8, row: u8) -> Polynomial {
    let mut hasher = Shake128::default();
    hasher.update(seed);
    hasher.update(&[column, row]);
    let mut stream = hasher.finalize_xof();
    std::array::from_fn(|_| {
        loop {
            let mut bytes = [0; 4];
            let [low @ .., _] = &mut bytes;
            stream.read(low);
            let candidate = u32::from_le_bytes(bytes) & 0x007f_ffff;
            if candidate < Q {
                return candidate;
            }
        }
    })
}

/// The challenge polynomial: TAU coefficients ±1, the rest 0.
fn sample_in_ball(challenge: &[u8; CHALLENGE_LEN]) -> Polynomial {
    let mut hasher = Shake256::default();
    hasher.update(challenge);
    let mut stream = hasher.finalize_xof();
    let mut signs = [0; 8];
    stream.read(&mut signs);
    let mut signs = u64::from_le_bytes(signs);
    let mut poly = [0; N];
    for top in N - TAU..N {
        let chosen = loop {
            let mut byte = [0];
            stream.read(&mut byte);
            let candidate = usize::from(byte[0]);
            if candidate <= top {
                break candidate;
            }
        };
        // Everything from `top` on is still zero, so that a swap moves the old value up.
        poly.swap(top, chosen);
        if let Some(coefficient) = poly.get_mut(chosen) {
            *coefficient = if signs & 1 == 0 { 1 } else { Q - 1 };
        }
        signs >>= 1;
    }
    poly
}

/// The little-endian bit field of `width` bits at `index`; zero beyond the end.
fn bit_field(packed: &[u8], width: usize, index: usize) -> u32 {
    let first_bit = width * index;
    let window = packed.iter().skip(first_bit / 8).take(4);
    let bits = window
        .zip([0, 8, 16, 24])
        .fold(0, |bits, (&byte, shift)| bits | u32::from(byte) << shift);
    (bits >> (first_bit % 8)) & ((1 << width) - 1)
}

/// t₁ · 2^D.
fn unpack_t1(packed: &[u8]) -> Polynomial {
    std::array::from_fn(|index| bit_field(packed, 10, index) << D)
}

/// `None` unless every coefficient is below GAMMA1 − BETA in magnitude.
fn unpack_z(packed: &[u8]) -> Option<Polynomial> {
    let poly: Polynomial =
        std::array::from_fn(|index| subtract(GAMMA1, bit_field(packed, 20, index)));
    poly.iter()
        .all(|&coefficient| coefficient.min(Q - coefficient) < GAMMA1 - BETA)
        .then_some(poly)
}

/// The positions of the hints: OMEGA indices, then where each polynomial's indices end.
/// Unused indices are zero and used ones ascend, so that there is one encoding.
fn unpack_hints(packed: &[u8]) -> Option<[[bool; N]; K]> {
    let (positions, ends) = packed.split_at_checked(OMEGA)?;
    let mut hints = [[false; N]; K];
    let mut start = 0;
    for (hint, &end) in hints.iter_mut().zip(ends) {
        let end = usize::from(end);
        let own = positions.get(start..end)?;
        if !own.is_sorted_by(|a, b| a < b) {
            return None;
        }
        for &position in own {
            *hint.get_mut(usize::from(position))? = true;
        }
        start = end;
    }
    let unused = positions.get(start..)?;
    unused.iter().all(|&byte| byte == 0).then_some(hints)
}

/// The high bits of a coefficient, 0..16, moved one step where the hint says so.
fn use_hint(hint: bool, coefficient: u32) -> u8 {
    let remainder = coefficient % (2 * GAMMA2);
    let above = remainder > GAMMA2;
    let high = (coefficient - remainder) / (2 * GAMMA2) + u32::from(above);
    // The last interval wraps onto the first, and its remainders count as negative.
    let positive = !above && remainder > 0 && high < 16;
    let high = high % 16;
    let high = match (hint, positive) {
        (false, _) => high,
        (true, true) => (high + 1) % 16,
        (true, false) => (high + 15) % 16,
    };
    high as u8
}
