//! Promises that hold for every input, tried on many.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use colophon_transparency::canonical::{
    certivu_escaped, certivu_raw, rfc8785, trackorigin_manifest,
};
use colophon_transparency::json::{self, Limits, Value};
use colophon_transparency::merkle::{self, Frontier, Hash, Tiles};
use proptest::prelude::*;

/// RFC 6962 §2.1 as it is written: the definition that everything else must agree with.
fn tree_hash(leaves: &[Hash]) -> Hash {
    match leaves {
        [] => merkle::EMPTY_ROOT,
        [leaf] => *leaf,
        _ => {
            let (left, right) = leaves.split_at(leaves.len().next_power_of_two() / 2);
            merkle::node_hash(&tree_hash(left), &tree_hash(right))
        }
    }
}

fn leaves(count: u64) -> Vec<Hash> {
    (0..count)
        .map(|index| merkle::leaf_hash(&index.to_be_bytes()))
        .collect()
}

fn tiles_of(leaves: &[Hash]) -> Tiles {
    let mut tiles = Tiles::new();
    for tile in Frontier::new().append(leaves) {
        tiles.insert_tile(tile);
    }
    tiles
}

fn flip(hash: &Hash, bit: usize) -> Hash {
    let mut flipped = *hash;
    flipped[bit / 8 % 32] ^= 1 << (bit % 8);
    flipped
}

#[test]
fn every_proof_of_every_small_tree_verifies_and_nothing_else_does() {
    let all = leaves(70);
    let roots: Vec<Hash> = (0..=70).map(|size| tree_hash(&all[..size])).collect();
    for size in 1..=70u64 {
        let tiles = tiles_of(&all[..size as usize]);
        let root = &roots[size as usize];
        assert_eq!(merkle::root(size, &tiles).unwrap(), *root);
        for index in 0..size {
            let proof = merkle::inclusion_proof(index, size, &tiles).unwrap();
            let check = |leaf: &Hash, index, size, proof: &[Hash], root: &Hash| {
                merkle::verify_inclusion(leaf, index, size, proof, root).is_ok()
            };
            let leaf = &all[index as usize];
            assert!(check(leaf, index, size, &proof, root));
            assert!(!check(&flip(leaf, 77), index, size, &proof, root));
            assert!(!check(leaf, index, size, &proof, &flip(root, 255)));
            for other in (0..size).filter(|other| *other != index) {
                assert!(
                    !check(leaf, other, size, &proof, root),
                    "{index} as {other} of {size}"
                );
            }
            for position in 0..proof.len() {
                let mut changed = proof.clone();
                changed[position] = flip(&changed[position], position * 31);
                assert!(!check(leaf, index, size, &changed, root));
            }
            let longer = [proof.as_slice(), &[*root]].concat();
            assert!(!check(leaf, index, size, &longer, root));
            if let Some((_, shorter)) = proof.split_last() {
                assert!(!check(leaf, index, size, shorter, root));
            }
        }
        for from in 0..=size {
            let proof = merkle::consistency_proof(from, size, &tiles).unwrap();
            let old = &roots[from as usize];
            let check = |from, old: &Hash, size, root: &Hash, proof: &[Hash]| {
                merkle::verify_consistency(from, old, size, root, proof).is_ok()
            };
            assert!(check(from, old, size, root, &proof), "{from} to {size}");
            assert!(!check(from, &flip(old, 0), size, root, &proof));
            assert!(!check(
                from,
                old,
                size,
                root,
                &[proof.as_slice(), &[*root]].concat()
            ));
            if from > 0 {
                assert!(!check(from, old, size, &flip(root, 9), &proof));
            }
            for position in 0..proof.len() {
                let mut changed = proof.clone();
                changed[position] = flip(&changed[position], position * 17);
                assert!(!check(from, old, size, root, &changed));
            }
            if from > 0 && from < size {
                assert!(
                    !check(from + 1, old, size, root, &proof),
                    "{from}+1 to {size}"
                );
                assert!(
                    !check(from - 1, old, size, root, &proof),
                    "{from}-1 to {size}"
                );
            }
        }
    }
}

#[test]
fn a_tree_of_three_tile_levels_gives_the_same_hashes_as_the_definition() {
    let size = 256 * 256 + 700;
    let all = leaves(size);
    let tiles = tiles_of(&all);
    let root = tree_hash(&all);
    assert_eq!(merkle::root(size, &tiles).unwrap(), root);
    for index in [0, 255, 256, 65_535, 65_536, 65_791, size - 1] {
        // A proof needs no tile beyond those that were announced.
        let mut fetched = Tiles::new();
        for id in merkle::tiles_for_inclusion(index, size).unwrap() {
            fetched.insert(id, &tile_bytes(&all, id)).unwrap();
        }
        let proof = merkle::inclusion_proof(index, size, &fetched).unwrap();
        merkle::verify_inclusion(&all[index as usize], index, size, &proof, &root).unwrap();
    }
    for from in [0, 1, 255, 256, 257, 65_535, 65_536, 65_537, size] {
        let mut fetched = Tiles::new();
        for id in merkle::tiles_for_consistency(from, size).unwrap() {
            fetched.insert(id, &tile_bytes(&all, id)).unwrap();
        }
        let proof = merkle::consistency_proof(from, size, &fetched).unwrap();
        let old = tree_hash(&all[..from as usize]);
        merkle::verify_consistency(from, &old, size, &root, &proof).unwrap();
    }
    assert!(merkle::inclusion_proof(size, size, &tiles).is_err());
    assert!(merkle::consistency_proof(size + 1, size, &tiles).is_err());
    assert!(merkle::inclusion_proof(0, size, &Tiles::new()).is_err());
}

/// A tile as C2SP tlog-tiles defines it.
fn tile_bytes(leaves: &[Hash], id: colophon_transparency::tile::TileId) -> Vec<u8> {
    let span = 256usize.pow(id.level.into());
    (0..usize::from(id.width))
        .flat_map(|position| {
            let start = (id.index as usize * 256 + position) * span;
            tree_hash(&leaves[start..start + span])
        })
        .collect()
}

fn json_value() -> impl Strategy<Value = String> {
    let text = any::<String>().prop_map(|text| serde_json::to_string(&text).unwrap());
    let number = prop_oneof![
        (-(1i64 << 53)..(1i64 << 53)).prop_map(|n| n.to_string()),
        any::<f64>()
            .prop_filter("finite", |n| n.is_finite())
            .prop_map(|n| format!("{n:e}")),
    ];
    let leaf = prop_oneof![
        Just("null".to_owned()),
        Just("true".to_owned()),
        Just(" false ".to_owned()),
        number,
        text.clone(),
    ];
    leaf.prop_recursive(4, 32, 6, move |inner| {
        let member = (text.clone(), inner.clone()).prop_map(|(k, v)| format!("{k} : {v}"));
        prop_oneof![
            prop::collection::vec(inner, 0..6).prop_map(|items| format!("[{}]", items.join(","))),
            prop::collection::vec(member, 0..6)
                .prop_map(|members| format!("{{{}}}", members.join(",\n"))),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn batches_of_any_size_give_the_tiles_and_roots_of_the_definition(
        batches in prop::collection::vec(0usize..600, 1..6)
    ) {
        let all = leaves(batches.iter().sum::<usize>() as u64);
        let (mut frontier, mut tiles, mut size) = (Frontier::new(), Tiles::new(), 0);
        for batch in batches {
            let old_size = size as u64;
            for tile in frontier.append(&all[size..size + batch]) {
                prop_assert_eq!(tile.to_bytes(), tile_bytes(&all, tile.id));
                tiles.insert_tile(tile);
            }
            size += batch;
            prop_assert_eq!(frontier.size(), size as u64);
            prop_assert_eq!(frontier.root(), tree_hash(&all[..size]));
            // A restarted sequencer is the one that stopped.
            let loaded = Frontier::load(size as u64, &tiles).unwrap();
            prop_assert_eq!(&loaded, &frontier);
            let proof = merkle::consistency_proof(old_size, size as u64, &tiles).unwrap();
            let old_root = tree_hash(&all[..old_size as usize]);
            merkle::verify_consistency(
                old_size, &old_root, size as u64, &frontier.root(), &proof,
            ).unwrap();
        }
        for id in Frontier::tiles_for(size as u64) {
            prop_assert_eq!(tile_bytes(&all, id).len(), 32 * usize::from(id.width));
        }
    }

    #[test]
    fn the_parser_never_panics(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = json::parse(&bytes, Limits::default());
    }

    #[test]
    fn the_parser_agrees_with_serde_json_on_what_it_accepts(document in json_value()) {
        if let Ok(value) = json::parse_str(&document) {
            let ours: serde_json::Value = serde_json::from_str(&rfc8785(&value)).unwrap();
            let theirs: serde_json::Value = serde_json::from_str(&document).unwrap();
            prop_assert!(same(&ours, &theirs), "{ours} {theirs}");
        }
    }

    #[test]
    fn canonical_text_is_its_own_canonical_text(document in json_value()) {
        if let Ok(value) = json::parse_str(&document) {
            for spell in [rfc8785, certivu_escaped, certivu_raw, trackorigin_manifest] {
                let canonical = spell(&value);
                let again: Value = json::parse_str(&canonical).unwrap();
                prop_assert_eq!(spell(&again), canonical);
            }
            prop_assert!(certivu_escaped(&value).is_ascii());
        }
    }
}

/// Equal, where numbers are equal as doubles.
fn same(a: &serde_json::Value, b: &serde_json::Value) -> bool {
    use serde_json::Value::{Array, Number, Object};
    match (a, b) {
        (Number(a), Number(b)) => a.as_f64() == b.as_f64(),
        (Array(a), Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b)),
        (Object(a), Object(b)) => {
            a.len() == b.len()
                && a.iter()
                    .all(|(name, a)| b.get(name).is_some_and(|b| same(a, b)))
        }
        _ => a == b,
    }
}
