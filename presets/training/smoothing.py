"""Label smoothing (Szegedy et al. 2016), in training only: validation losses are not smoothed."""

from keras import ops


def smooth_labels(core, share, activation):
    """Change a core's training loss to that of smoothed labels.

    Smoothed labels are the sum of ``(1 - share)`` times the labels and `share` times the uniform distribution. Their
    cross-entropy is that of the labels, plus `share` times the difference between the logit of the label and the mean
    of all logits. So this function adds that term, and nothing else of the loss changes.

    Parameters
    ----------
    core : keras.Model
        Compiled, with a cross-entropy on logits.
    share : Tunable
        Becomes one of the core's variables.
    activation : {"sigmoid", "softmax"}
    """
    excess = _of_classes if activation == "softmax" else _of_labels
    plain = core.compute_loss
    core.label_smoothing = [share]

    def compute_loss(x=None, y=None, y_pred=None, sample_weight=None, training=True):
        loss = plain(x, y, y_pred, sample_weight, training=training)
        if not training:
            return loss
        values = excess(y, ops.cast(y_pred, loss.dtype))
        weights = ops.ones_like(values) if sample_weight is None else ops.cast(sample_weight, loss.dtype)
        mean = ops.sum(weights * values) / ops.sum(weights)
        return loss + ops.cast(share, loss.dtype) * mean

    core.compute_loss = compute_loss


def _of_classes(codes, logits):
    of_label = ops.sum(ops.one_hot(ops.cast(codes, "int32"), logits.shape[-1], dtype=logits.dtype) * logits, axis=-1)
    return of_label - ops.mean(logits, axis=-1)


def _of_labels(indicators, logits):
    return ops.mean((ops.cast(indicators, logits.dtype) - 0.5) * logits, axis=-1)
