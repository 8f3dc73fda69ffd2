//! `colophon bench`

use crate::cli::{Bench, Options};
use crate::terminal::Answer;

pub async fn run(_options: &Options, _bench: Bench) -> anyhow::Result<Answer> {
    anyhow::bail!("not yet")
}
