"""
===============================================
Images, augmented while a network trains
===============================================

A digit stays the same digit if it is rotated, sheared and cropped a little (item A10 of the checklist). `CNNClassifier`
changes the images in this way, but only in training, inside the compiled epoch. The images are scikit-learn's: 1,797
digits of 8x8 pixels.
"""

# %%
# What augmentation does
# ----------------------
# The layers are those that the estimator puts before its network.

import matplotlib.pyplot as plt
import numpy as np
import quiet_start  # noqa: F401  TensorFlow without its start-up lines
from keras import ops
from sklearn.datasets import load_digits
from sklearn.metrics import ConfusionMatrixDisplay
from sklearn.model_selection import train_test_split

from presets import CNNClassifier
from presets.builders.augmentation import augmentation_layers

digits = load_digits()
X_train, X_test, y_train, y_test = train_test_split(
    digits.images, digits.target, stratify=digits.target, random_state=0
)


def augmented(images, augmentation):
    """Images as the network gets them in one epoch."""
    images = images[..., np.newaxis]
    for layer in augmentation_layers(augmentation, value_range=(0, 16), seed=0):
        images = layer(images, training=True)
    return ops.convert_to_numpy(images)[..., 0]


shown = X_train[:10].astype("float32")
rows = {
    "before": shown,
    '"article"': augmented(shown, "article"),
    '"flip"': augmented(shown, "flip"),
    '"strong"': augmented(shown, "strong"),
}
figure, grid = plt.subplots(len(rows), len(shown), figsize=(9, 4), layout="constrained")
for axes, (name, images) in zip(grid, rows.items(), strict=True):
    axes[0].set_ylabel(name)
    for ax, image in zip(axes, images, strict=True):
        ax.imshow(image, cmap="gray_r", vmin=0, vmax=16)
        ax.set(xticks=[], yticks=[])
figure.suptitle('Digits before and after augmentation ("flip" is for images whose mirror image means the same)')
figure.savefig("plot_images.png")
print("Picture of digits before and after augmentation: plot_images.png")

# %%
# A network with and without
# --------------------------
# Fewer epochs than the default of 3,000 updates, for a quick look.

for augmentation in (None, "article"):
    model = CNNClassifier(augmentation=augmentation, epochs=50, random_state=0)
    accuracy = model.fit(X_train, y_train).score(X_test, y_test)
    print(f"augmentation={augmentation!r}: accuracy {accuracy:.3f} after {model.n_epochs_} epochs")

# %%
# Its mistakes
# ------------

labels = model.predict(X_test)
wrong = np.flatnonzero(labels != y_test)[:9]
figure = plt.figure(figsize=(9, 4.5), layout="constrained")
left, right = figure.subfigures(1, 2, width_ratios=(3, 2))
ConfusionMatrixDisplay.from_predictions(y_test, labels, ax=left.subplots(), colorbar=False, cmap="Blues")
left.suptitle("Test images by label and prediction")
right.suptitle("Mistakes")
for ax, number in zip(right.subplots(3, 3).flat, wrong, strict=False):
    ax.imshow(X_test[number], cmap="gray_r")
    ax.set_title(f"{y_test[number]} as {labels[number]}", fontsize="small")
for ax in right.axes:
    ax.set_axis_off()
figure.savefig("plot_images_mistakes.png")
print("Picture of the mistakes: plot_images_mistakes.png")
plt.show()
