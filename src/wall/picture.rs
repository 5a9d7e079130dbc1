//! Pictures of the wall, written completely or not at all.

use std::{
    io::{Cursor, Write as _},
    path::{Path, PathBuf},
};

use bevy::{
    image::ImageFormat,
    prelude::*,
    render::view::screenshot::{Screenshot, ScreenshotCaptured},
};
use thiserror::Error;

use super::canvas::OffscreenImage;
use settings::files::{Purpose, write_whole};

/// Why a picture was not written.
#[derive(Debug, Error)]
pub(crate) enum PictureError {
    /// The frame could not be turned into a picture; a bug worth reporting.
    #[error("the frame cannot be made into a picture: {0}")]
    Encode(String),
    /// The file cannot be written; the user names another place.
    #[error("cannot write {path}: {source}; name a file in a folder that exists and may be written to")]
    Write { path: String, source: std::io::Error },
}

/// A picture has been written, or not.
#[derive(Message, Debug)]
pub(crate) struct PictureTaken(pub(crate) Result<PathBuf, PictureError>);

/// Registers `PictureTaken`.
pub(crate) fn plugin(app: &mut App) {
    app.add_message::<PictureTaken>();
}

/// Requests a picture of the next frame; `PictureTaken` follows some frames later.
pub fn take(commands: &mut Commands, offscreen: Option<&OffscreenImage>, path: PathBuf) {
    let shot = match offscreen {
        Some(OffscreenImage(image)) => Screenshot::image(image.clone()),
        None => Screenshot::primary_window(),
    };
    commands.spawn(shot).observe(
        move |captured: On<ScreenshotCaptured>, mut taken: MessageWriter<PictureTaken>| {
            taken.write(PictureTaken(
                encode(&captured.image).and_then(|png| write(&path, &png).map(|()| path.clone())),
            ));
        },
    );
}

fn encode(image: &Image) -> Result<Vec<u8>, PictureError> {
    let picture = image
        .clone()
        .try_into_dynamic()
        .map_err(|error| PictureError::Encode(error.to_string()))?;
    let format = ImageFormat::Png
        .as_image_crate_format()
        .ok_or_else(|| PictureError::Encode("PNG is not built in".into()))?;
    let mut png = Cursor::new(Vec::new());
    // The wall is opaque: without an alpha channel every viewer shows the same picture.
    picture
        .to_rgb8()
        .write_to(&mut png, format)
        .map_err(|error| PictureError::Encode(error.to_string()))?;
    Ok(png.into_inner())
}

fn write(path: &Path, png: &[u8]) -> Result<(), PictureError> {
    write_whole(path, Purpose::Output, |file| file.write_all(png)).map_err(|source| PictureError::Write {
        path: path.display().to_string(),
        source,
    })
}
