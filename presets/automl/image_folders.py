"""Images in folders: one folder for each class, or files without classes."""

from collections import Counter
from pathlib import Path

import numpy as np

SUFFIXES = (".bmp", ".gif", ".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp")


def read_folder(folder, shape=None):
    """Read the images of a folder, in the order of their names.

    Parameters
    ----------
    folder : path-like
        It contains one folder for each class, or only images.
    shape : tuple of int or None, default=None
        Height, width and channels that all images get. None is the most frequent size, with three channels if any
        image has colours.

    Returns
    -------
    X : ndarray of uint8 of shape (n_images, height, width, channels)
    y : ndarray of str or None
        Names of the folders. None if the images are not in folders.
    files : list of Path
        Paths relative to `folder`.

    Raises
    ------
    ImportError
        If Pillow is not installed.
    OSError
        If a file is not an image.
    ValueError
        If there is no image, or some images are in folders and others are not.
    """
    folder = Path(folder)
    files = sorted(path for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES and path.is_file())
    if not files:
        raise ValueError(f"{folder} contains no images ({', '.join(SUFFIXES)}).")
    files = [path.relative_to(folder) for path in files]
    labels = [path.parts[0] if len(path.parts) > 1 else None for path in files]
    if None in labels and set(labels) != {None}:
        loose = files[labels.index(None)]
        raise ValueError(f"{folder} has a folder for each class, but {loose} is in none of them; move it to its class.")
    images = [_open(folder / path) for path in files]
    if shape is None:
        (width, height), _ = Counter(image.size for image in images).most_common(1)[0]
        is_grey = all(image.mode in ("1", "L", "LA", "I;16") for image in images)
        shape = height, width, 1 if is_grey else 3
    X = np.stack([_values(image, shape) for image in images])
    return X, None if None in labels else np.array(labels, dtype=object), files


def _open(path):
    try:
        from PIL import Image
    except ImportError as error:
        raise ImportError("Folders of images need Pillow: pip install pillow.") from error
    with Image.open(path) as image:
        image.load()
        return image


def _values(image, shape):
    height, width, channels = shape
    image = image.convert("L" if channels == 1 else "RGB")
    if image.size != (width, height):
        image = image.resize((width, height))
    return np.asarray(image, dtype=np.uint8).reshape(shape)
