//! `colophon photo`: the photo engine over files.

mod calibrate;
mod develop;
mod info;
mod verify;

use std::path::Path;

use anyhow::Context as _;

use crate::cli::{Photo, PhotoCommand};
use crate::terminal::Answer;

pub async fn run(photo: Photo) -> anyhow::Result<Answer> {
    // The engine keeps every processor busy itself; nothing else runs meanwhile.
    tokio::task::block_in_place(|| match photo.command {
        PhotoCommand::Verify(verify) => verify::run(&verify),
        PhotoCommand::Develop { raw, out, print } => develop::run(&raw, &out, print),
        PhotoCommand::Calibrate(calibrate) => calibrate::run(&calibrate),
        PhotoCommand::Info { file, print } => info::run(&file, print),
    })
}

fn read(path: &Path) -> anyhow::Result<Vec<u8>> {
    std::fs::read(path).with_context(|| path.display().to_string())
}

fn write(path: &Path, bytes: impl AsRef<[u8]>) -> anyhow::Result<()> {
    std::fs::write(path, bytes).with_context(|| path.display().to_string())
}
