//! Reading the whole log again: does everything still agree?

use colophon_transparency::checkpoint::Checkpoint;
use colophon_transparency::digest::sha256;
use colophon_transparency::entry::{Chain, leaf_hash};
use colophon_transparency::merkle::Frontier;
use colophon_transparency::tile::Tile;

use super::read::{EntryView, entries};
use super::store;
use crate::{Core, Kind, RecordId, Result, records};

/// Findings that are reported one by one; the rest is counted.
const MOST_FINDINGS: usize = 100;
/// Entries read at once.
const PAGE: i64 = 1_000;

/// What an audit found.
#[derive(Clone, Debug, Default)]
pub struct Audit {
    /// Entries that were read.
    pub entries: u64,
    /// Statements that wait for the sequencer.
    pub waiting: i64,
    /// What does not agree, in words; empty when all is well.
    pub findings: Vec<String>,
}

impl Audit {
    fn find(&mut self, finding: String) {
        if self.findings.len() < MOST_FINDINGS {
            self.findings.push(finding);
        }
    }
}

/// Recomputes the hash chain, the Merkle tree, every tile, the signed root and every document's
/// hash, and looks for records that are neither in the log nor waiting for it. `progress` hears
/// how many entries are done.
///
/// # Errors
/// When the database does not answer; what does not agree is a finding, not an error.
pub async fn audit(core: &Core, mut progress: impl FnMut(u64) + Send) -> Result<Audit> {
    let db = &core.db;
    let mut audit = Audit::default();
    let Some(head) = store::head(db).await? else {
        audit.find("no checkpoint has been signed yet".to_owned());
        return Ok(audit);
    };
    let (mut chain, mut frontier) = (Chain::new(), Frontier::new());
    while frontier.size() < head.tree_size {
        let left = i64::try_from(head.tree_size - frontier.size()).unwrap_or(PAGE);
        let page = match entries(db, frontier.size(), PAGE.min(left)).await {
            Ok(page) => page,
            // The database answers, but what it holds cannot be read as a log.
            Err(error) if error.kind == Kind::Internal => {
                let cause = error.cause().map(ToString::to_string).unwrap_or_default();
                audit.find(format!("after entry {}: {cause}", frontier.size()));
                return Ok(audit);
            }
            Err(error) => return Err(error),
        };
        if page.is_empty() {
            audit.find(format!(
                "the checkpoint is for {} entries, the table ends after {}",
                head.tree_size,
                frontier.size()
            ));
            return Ok(audit);
        }
        let mut leaves = Vec::with_capacity(page.len());
        for view in &page {
            if let Err(error) = chain.follow(view.text.as_bytes()) {
                audit.find(format!("entry {}: {error}", view.entry.seq_no));
                return Ok(audit);
            }
            leaves.push(leaf_hash(view.text.as_bytes()));
        }
        for tile in frontier.append(&leaves) {
            // A tile that later entries fill further is compared when it is complete.
            if usize::from(tile.id.width) == 256 || frontier.size() == head.tree_size {
                compare_tile(core, &tile, &mut audit).await?;
            }
        }
        compare_documents(core, &page, &mut audit).await?;
        audit.entries = frontier.size();
        progress(audit.entries);
    }
    if frontier.root() != head.root_hash {
        audit.find("the entries do not give the root of the newest checkpoint".to_owned());
    }
    match Checkpoint::open(&head.note, [&core.log_key]) {
        Ok(open) => {
            let stated = &open.checkpoint;
            if stated.size != head.tree_size || stated.root != head.root_hash {
                audit.find("the newest checkpoint's note states another tree".to_owned());
            }
        }
        Err(error) => audit.find(format!("the newest checkpoint: {error}")),
    }
    find_unlogged(core, &mut audit).await?;
    audit.waiting = store::count_waiting(db).await?;
    Ok(audit)
}

async fn compare_tile(core: &Core, tile: &Tile, audit: &mut Audit) -> Result<()> {
    let stored = store::tiles(&core.db, &[tile.id]).await?;
    if stored
        .first()
        .is_none_or(|(_, bytes)| *bytes != tile.to_bytes())
    {
        audit.find(format!(
            "tile {} at level {} differs",
            tile.id.index, tile.id.level
        ));
    }
    Ok(())
}

/// The documents of these entries must have the hashes that the log states.
async fn compare_documents(core: &Core, page: &[EntryView], audit: &mut Audit) -> Result<()> {
    let ids: Vec<RecordId> = page
        .iter()
        .filter_map(|view| view.entry.cert_id.parse().ok())
        .collect();
    let records = records::documents(&core.db, &ids).await?;
    for view in page {
        let id = &view.entry.cert_id;
        let document = match id.parse::<RecordId>() {
            Ok(id) => records.get(&id).cloned(),
            Err(_) => store::document(&core.db, id).await?,
        };
        if document.is_none_or(|text| sha256(text.as_bytes()) != view.entry.manifest_hash) {
            let number = view.entry.seq_no;
            audit.find(format!(
                "entry {number}: the document of {id} differs or is gone"
            ));
        }
    }
    Ok(())
}

/// Every stored record must be in the log or wait for it.
async fn find_unlogged(core: &Core, audit: &mut Audit) -> Result<()> {
    let mut after = RecordId(uuid::Uuid::nil());
    loop {
        let page = records::ids_after(&core.db, after, PAGE).await?;
        let Some(&last) = page.last() else {
            return Ok(());
        };
        let ids: Vec<String> = page.iter().map(RecordId::to_string).collect();
        let known = store::known(&core.db, &ids).await?;
        for id in ids.iter().filter(|id| !known.contains(*id)) {
            audit.find(format!(
                "{id} is stored, but neither in the log nor waiting for it"
            ));
        }
        after = last;
    }
}
