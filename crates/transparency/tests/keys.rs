//! Keys travel between programs: what we write others read, and the other way round.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use colophon_transparency::canonical::rfc8785;
use colophon_transparency::keys::{
    Algorithm, KeyError, ParameterSet, PrivateKey, PublicKey, SignatureError,
};
use pkcs8::{
    DecodePrivateKey as _, DecodePublicKey as _, EncodePrivateKey as _, EncodePublicKey as _,
};

const SIGNING: [Algorithm; 4] = [
    Algorithm::Ed25519,
    Algorithm::MlDsa(ParameterSet::MlDsa44),
    Algorithm::MlDsa(ParameterSet::MlDsa65),
    Algorithm::MlDsa(ParameterSet::MlDsa87),
];

/// RFC 8410 §10.3 and §10.1.
const RFC_8410_PRIVATE: &str = "-----BEGIN PRIVATE KEY-----
MC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC
-----END PRIVATE KEY-----
";
const RFC_8410_PUBLIC: &str = "-----BEGIN PUBLIC KEY-----
MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=
-----END PUBLIC KEY-----
";
/// RFC 8410 §10.3: the same key with attributes and its public half.
const RFC_8410_PRIVATE_V2: &str = "-----BEGIN PRIVATE KEY-----
MHICAQEwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC
oB8wHQYKKoZIhvcNAQkJFDEPDA1DdXJkbGUgQ2hhaXJzgSEAGb9ECWmEzf6FQbrB
Z9w7lshQhqowtrbLDFw4rXAxZuE=
-----END PRIVATE KEY-----
";
/// RFC 9881 appendix C.1.1.1: ML-DSA-44 from the seed 00 01 … 1f.
const RFC_9881_SEED: &str = "-----BEGIN PRIVATE KEY-----
MDQCAQAwCwYJYIZIAWUDBAMRBCKAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZ
GhscHR4f
-----END PRIVATE KEY-----
";

#[test]
fn the_keys_of_the_rfcs_are_read_and_written_byte_for_byte() {
    let key = PrivateKey::from_pkcs8_pem(RFC_8410_PRIVATE).unwrap();
    assert_eq!(*key.to_pkcs8_pem(), RFC_8410_PRIVATE);
    assert_eq!(key.public_key().to_spki_pem(), RFC_8410_PUBLIC);
    assert_eq!(
        PublicKey::from_spki_pem(RFC_8410_PUBLIC).unwrap(),
        key.public_key()
    );
    let v2 = PrivateKey::from_pkcs8_pem(RFC_8410_PRIVATE_V2).unwrap();
    assert_eq!(v2.public_key(), key.public_key());
    let crossed =
        RFC_8410_PRIVATE_V2.replace("MHICAQEwBQYDK2VwBCIEINTu", "MHICAQEwBQYDK2VwBCIEINTv");
    let crossed = PrivateKey::from_pkcs8_pem(&crossed);
    assert_eq!(crossed.unwrap_err(), KeyError::Inconsistent);

    let key = PrivateKey::from_pkcs8_pem(RFC_9881_SEED).unwrap();
    assert_eq!(*key.to_pkcs8_pem(), RFC_9881_SEED);
    let seed: [u8; 32] = std::array::from_fn(|index| index as u8);
    let set = Algorithm::MlDsa(ParameterSet::MlDsa44);
    assert_eq!(
        key.public_key(),
        PrivateKey::from_seed(set, &seed).unwrap().public_key()
    );
}

#[test]
fn ml_dsa_keys_pass_between_us_and_a_second_implementation() {
    let key = PrivateKey::from_seed(Algorithm::ML_DSA_65, &[9; 32]).unwrap();
    let theirs =
        ml_dsa::SigningKey::<ml_dsa::MlDsa65>::from_pkcs8_pem(&key.to_pkcs8_pem()).unwrap();
    assert_eq!(
        theirs.to_pkcs8_der().unwrap().as_bytes(),
        &**key.to_pkcs8_der()
    );
    let public = key.public_key();
    let theirs =
        ml_dsa::VerifyingKey::<ml_dsa::MlDsa65>::from_public_key_pem(&public.to_spki_pem())
            .unwrap();
    assert_eq!(
        theirs.to_public_key_der().unwrap().as_bytes(),
        public.to_spki_der()
    );
    assert!(
        ml_dsa::VerifyingKey::<ml_dsa::MlDsa87>::from_public_key_pem(&public.to_spki_pem())
            .is_err()
    );
}

/// OpenSSL 3.5 writes the seed together with the expanded key.
#[test]
fn the_form_with_seed_and_expanded_key_must_agree_with_itself() {
    let seed: [u8; 32] = [1; 32];
    let expanded = {
        #[allow(deprecated)]
        ml_dsa::SigningKey::<ml_dsa::MlDsa44>::from_seed(&seed.into())
            .expanded_key()
            .to_expanded()
    };
    let octets = |bytes: &[u8]| [&[0x04], length(bytes.len()).as_slice(), bytes].concat();
    let sequence =
        |contents: &[u8]| [&[0x30], length(contents.len()).as_slice(), contents].concat();
    let oid = [
        0x30, 0x0b, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x03, 0x11,
    ];
    let pkcs8 =
        |contents: &[u8]| sequence(&[&[2, 1, 0], oid.as_slice(), &octets(contents)].concat());
    let both = |seed: &[u8]| pkcs8(&sequence(&[octets(seed), octets(&expanded)].concat()));

    let key = PrivateKey::from_pkcs8_der(&both(&seed)).unwrap();
    let set = Algorithm::MlDsa(ParameterSet::MlDsa44);
    assert_eq!(
        key.public_key(),
        PrivateKey::from_seed(set, &seed).unwrap().public_key()
    );
    let other = PrivateKey::from_pkcs8_der(&both(&[2; 32])).unwrap_err();
    assert_eq!(other, KeyError::Inconsistent);
    let only = PrivateKey::from_pkcs8_der(&pkcs8(&octets(&expanded))).unwrap_err();
    assert_eq!(only, KeyError::SeedMissing);
}

fn length(bytes: usize) -> Vec<u8> {
    match bytes {
        0..128 => vec![bytes as u8],
        128..256 => vec![0x81, bytes as u8],
        _ => vec![0x82, (bytes >> 8) as u8, bytes as u8],
    }
}

#[test]
fn every_algorithm_signs_verifies_and_survives_storage() {
    for algorithm in SIGNING {
        let key = PrivateKey::from_seed(algorithm, &[7; 32]).unwrap();
        let stored = PrivateKey::from_pkcs8_pem(&key.to_pkcs8_pem()).unwrap();
        let public = key.public_key();
        assert_eq!(stored.public_key(), public);
        assert_eq!(public.as_bytes().len(), algorithm.public_key_len());
        let signature = stored.sign(b"message").unwrap();
        assert_eq!(signature.len(), algorithm.signature_len());
        public.verify(b"message", &signature).unwrap();
        assert_eq!(
            public.verify(b"massage", &signature),
            Err(SignatureError::Invalid)
        );
        for bit in (0..8 * signature.len()).step_by(501) {
            let mut changed = signature.clone();
            changed[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(
                public.verify(b"message", &changed),
                Err(SignatureError::Invalid)
            );
        }
        let wrong_length = public.verify(b"message", &signature[1..]);
        assert!(matches!(
            wrong_length,
            Err(SignatureError::WrongLength { .. })
        ));
        // Nothing secret in what logs may print.
        let secret = "7".repeat(6);
        assert!(!format!("{key:?}").contains(&secret), "{key:?}");
    }
}

#[test]
fn public_keys_are_read_as_people_have_them_and_only_for_their_algorithm() {
    for algorithm in SIGNING {
        let public = PrivateKey::from_seed(algorithm, &[7; 32])
            .unwrap()
            .public_key();
        let base64 = |bytes: &[u8]| {
            base64::Engine::encode(&base64::engine::general_purpose::STANDARD, bytes)
        };
        let forms = [
            public.to_spki_pem(),
            public.to_spki_pem().replace('\n', "\r\n"),
            base64(&public.to_spki_der()),
            base64(public.as_bytes()),
            hex::encode(public.as_bytes()),
        ];
        for form in forms {
            assert_eq!(
                PublicKey::from_text(algorithm, &form).as_ref(),
                Ok(&public),
                "{form}"
            );
            for expected in SIGNING.into_iter().filter(|other| *other != algorithm) {
                let error = PublicKey::from_text(expected, &form).unwrap_err();
                let told = matches!(
                    error,
                    KeyError::WrongAlgorithm { .. }
                        | KeyError::WrongLength { .. }
                        | KeyError::Malformed
                );
                assert!(told, "{algorithm} as {expected}: {error}");
            }
        }
    }
    // A key stored as ML-DSA-65 may turn out to be a round-3 one: its bytes cannot tell.
    let public = PrivateKey::from_seed(Algorithm::ML_DSA_65, &[7; 32])
        .unwrap()
        .public_key();
    let round3 = PublicKey::from_text(Algorithm::Dilithium3Round3, &public.to_spki_pem()).unwrap();
    assert_eq!(round3.id(), public.id());
}

#[test]
fn keys_that_would_accept_forgeries_are_refused() {
    // The neutral element and a point of order eight of Curve25519.
    let mut neutral = [0; 32];
    neutral[0] = 1;
    let order_eight = "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05";
    let order_eight = hex::decode(order_eight).unwrap();
    for weak in [neutral.as_slice(), &order_eight] {
        assert_eq!(
            PublicKey::from_raw(Algorithm::Ed25519, weak),
            Err(KeyError::InvalidPoint)
        );
    }
}

#[test]
fn broken_key_files_are_told_apart_without_showing_them() {
    let pem = PrivateKey::from_seed(Algorithm::Ed25519, &[7; 32])
        .unwrap()
        .to_pkcs8_pem();
    for (broken, error) in [
        (String::new(), KeyError::Malformed),
        (pem.replace("PRIVATE", "PUBLIC"), KeyError::Malformed),
        (pem.replace("MC4C", "MC5C"), KeyError::MalformedDer),
        (
            pem.replace("BQYDK2Vw", "BQYDK2Vx"),
            KeyError::UnknownAlgorithm,
        ),
    ] {
        assert_eq!(
            PrivateKey::from_pkcs8_pem(&broken).unwrap_err(),
            error,
            "{broken}"
        );
    }
    let verify_only = PrivateKey::from_seed(Algorithm::Dilithium3Round3, &[7; 32]);
    assert!(matches!(verify_only, Err(KeyError::VerifyOnly { .. })));
}

#[test]
fn json_web_keys_have_the_members_of_their_rfcs() {
    let ed25519 = PrivateKey::from_pkcs8_pem(RFC_8410_PRIVATE)
        .unwrap()
        .public_key();
    assert_eq!(
        rfc8785(&ed25519.to_jwk().unwrap()),
        format!(
            r#"{{"alg":"EdDSA","crv":"Ed25519","kid":"{}","kty":"OKP","use":"sig","x":"Gb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE"}}"#,
            ed25519.kid(),
        )
    );
    let ml_dsa = PrivateKey::from_seed(Algorithm::ML_DSA_65, &[7; 32])
        .unwrap()
        .public_key();
    let jwk = ml_dsa.to_jwk().unwrap();
    assert_eq!(jwk.get("kty").unwrap().as_str(), Some("AKP"));
    assert_eq!(jwk.get("alg").unwrap().as_str(), Some("ML-DSA-65"));
    assert_eq!(jwk.get("pub").unwrap().as_str().unwrap().len(), 2_603);
}
